/**
 * The C API of the native kernels: {@link candor.bindings.NativeLibrary} finds and loads a library, and {@link
 * candor.bindings.generated} is what jextract makes of {@code kernels-cuda/include/candor_kernels.h}.
 * {@link candor.bindings.CudaDriver} asks NVIDIA's driver, and none of ours, which GPUs there are.
 */
package candor.bindings;
