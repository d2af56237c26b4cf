/**
 * From data files to packed batches.
 *
 * <p>{@link candor.data.ExampleReader} reads rows ({@link candor.data.read}) as {@link candor.data.Example}s;
 * {@link candor.data.Sample}, {@link candor.data.Mixture} and {@link candor.data.Split} choose among them;
 * {@link candor.data.RowEncoder} makes tokens and a loss mask of each ({@link candor.data.EncodedRow}), on threads ahead
 * of the training ({@link candor.data.Prefetcher}); {@link candor.data.Truncation} cuts them to length;
 * {@link candor.data.Batcher} says which rows make which micro-batch of which optimiser step, and
 * {@link candor.data.Packing} writes those rows into a {@link candor.ops.Batch}.
 *
 * <p>Everything random is a function of a seed and a counter: same seed, same batches, whatever the machine, the number
 * of threads, or the step that a run was resumed at.
 */
package candor.data;
