/**
 * HumanEval (Chen et al. 2021): does the code that a model writes pass the tests? The code is hostile until proven
 * otherwise: it runs in a sandbox or not at all.
 */
package candor.evaluate.humaneval;
