/**
 * The CUDA backend, on a GPU or on the emulator that plays one: each operation becomes a call of the C API ({@link
 * candor.bindings}), written down with what it needs on the device, collected with others and launched with them as a graph where
 * they come again.
 * Activations and frozen matrices are bf16 here, or packed ({@link candor.ops.cuda.PackedOnDevice}); norms' weights, biases, rotary tables, adapters and what an optimiser keeps
 * are float32, and every sum is.
 *
 * <p>A device's tensor is an address: its segment has length zero, so that Java cannot touch it. What Java has and the
 * kernels want (batches, page tables) is copied once per batch, through pinned memory.
 */
package candor.ops.cuda;
