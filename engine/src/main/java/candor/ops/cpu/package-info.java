/**
 * The operations on the CPU, in pure Java with the Vector API.
 *
 * <p>From the inside out: {@code TileKernels} (a tile in registers), {@code Panels} (a matrix laid out for it), {@code
 * Gemm} (a block of tiles), then one file per family of operations, and {@link candor.ops.cpu.CpuBackend} over them. {@code
 * Parallel} splits work among threads by output, never by summand, which is why the thread count leaves no trace in the
 * result. Nothing here allocates on the Java heap once it is warm: the operations are objects with fields, made once.
 */
package candor.ops.cpu;
