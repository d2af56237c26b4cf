/**
 * Operations as values: {@link candor.ops.op.Op} and a record for each, with its operands, what it demands of them ({@code
 * check}), and what it costs ({@code flops}, {@code bytes}). Outputs come first. Shapes are in the letters of {@link
 * candor.ops}; {@code d…} is a gradient; {@code =} sets and {@code +=} adds.
 *
 * <p>Activations, and with them t, dt and the cache, are of {@link candor.ops.Backend#activations}; frozen matrices are of that
 * type too, or, where activations are float32, of their file's; everything else is float32. Views with gaps between rows
 * are welcome everywhere; an output may share memory with an input only where the record says so.
 */
package candor.ops.op;
