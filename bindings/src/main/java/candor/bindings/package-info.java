/**
 * The border to the native kernels: what jextract makes of {@code kernels-cuda/include/candor_kernels.h}, and the little
 * that finds and loads the library. Empty until the kernels arrive; the CPU backend needs nothing from here.
 */
package candor.bindings;
