/** What a step is worth: {@link candor.train.objective.Sft} and {@link candor.train.objective.Kto}, in plain doubles. */
package candor.train.objective;
