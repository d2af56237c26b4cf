/**
 * What jextract makes of {@code kernels-cuda/include/candor_kernels.h}: {@code bindings/generate.sh} writes it, nobody edits it.
 * The header says what each function does.
 */
package candor.bindings.generated;
