/**
 * What a run says of itself while it goes on: {@link candor.train.log.StepLog} writes a line per optimiser step to {@code
 * metrics.jsonl} and the same numbers to TensorBoard event files ({@link candor.train.log.EventFile}).
 */
package candor.train.log;
