/** The functions and structures of {@code kernels-cpu/include/candor_cpu.h}, made by jextract: see {@code generate.sh}. */
package candor.bindings.generated.cpu;
