/** Multiple choice: MMLU and GPQA, by the log-likelihood of the option letters, or by chain of thought. */
package candor.evaluate.choice;
