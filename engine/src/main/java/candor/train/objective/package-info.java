/**
 * What a step is worth, in plain doubles: an {@link candor.train.objective.Objective} says what it {@link
 * candor.train.objective.Requirements}, and judges rows by it.
 */
package candor.train.objective;
