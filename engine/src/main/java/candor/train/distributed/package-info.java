/**
 * A training step over several processes, with the bytes of one. Micro-batches are cut before anyone knows how many processes
 * there are ({@link candor.train.distributed.Division} deals them out); their gradients are summed in a tree over micro-batches that
 * does not depend on who computed them ({@link candor.train.distributed.MicroBatchTree}, {@link
 * candor.train.distributed.GradientSum}); each process owns a part of the parameters' row ({@link
 * candor.train.distributed.RowShares}), of which it keeps the optimiser's states (ZeRO-1, Rajbhandari et al. 2020).
 */
package candor.train.distributed;
