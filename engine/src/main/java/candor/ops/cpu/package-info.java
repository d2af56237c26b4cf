/**
 * The operations on the CPU: in Java with the Vector API, which every machine has, and, where {@code kernels-cpu} was built, products and
 * attention by native loops. {@code CpuKernels} says whose are taken, {@code Products} how operands are rounded and laid out for them.
 *
 * <p>From the inside out: {@code PanelKernels} (a tile in registers, of a shape that {@code TileShape} has), {@code PanelLayout} (a matrix laid out
 * for it), {@code Gemm} (a block of tiles, by {@code VectorGemm} or {@code NativeGemm}); for attention {@code AttentionKernels} and {@code AttentionBlock}, or
 * {@code NativeAttention}; for the pages of a cache, which stay where they lie, {@code PageKernels}; then one file per family of operations, and {@link candor.ops.cpu.CpuBackend} over them. {@code
 * Parallel} splits work among threads by output, never by summand, which is why the thread count leaves no trace in the
 * result.
 *
 * <p>Keep methods with vectors small: a dozen vector accesses of memory segments are about as many as C1 compiles, and a
 * method that it refuses may stay interpreted for ever, a thousand times slower. The test that counts what a step
 * allocates finds such a method. Once it is warm, nothing here allocates on the Java heap but a small object for a product: what outlives a call is in fields, made once.
 */
package candor.ops.cpu;
