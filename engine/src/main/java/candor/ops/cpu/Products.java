package candor.ops.cpu;

import candor.bindings.generated.cpu.CandorCpu;
import candor.tensor.DType;
import java.lang.foreign.Arena;

/**
 * How a backend multiplies matrices.
 *
 * @param kernels  whose loops do
 * @param operands what both factors are rounded to, F32 or BF16; sums are float32
 */
record Products(CpuKernels kernels, DType operands) {
    /** Whether operands are rounded to bf16 as they are laid out. */
    boolean rounds() {
        return operands == DType.BF16;
    }

    /** Whether B lies in pairs of bf16, for instructions that take such. */
    boolean pairs() {
        return rounds() && kernels.pairs();
    }

    /** Whether loops are native ones, which take blocks of many rows. */
    boolean areNative() {
        return kernels != CpuKernels.JAVA;
    }

    PanelLayout panels() {
        return pairs() ? new PairLayout(kernels) : rounds() ? FloatLayout.ROUNDED : FloatLayout.EXACT;
    }

    /** As the C header numbers it. */
    int arithmetic() {
        return pairs()
                ? CandorCpu.CANDOR_CPU_PAIRS()
                : rounds() ? CandorCpu.CANDOR_CPU_ROUNDED() : CandorCpu.CANDOR_CPU_FLOATS();
    }

    /** How {@link PanelLayout} lays out, as the C header numbers it. */
    int panelForm() {
        return pairs() ? CandorCpu.CANDOR_CPU_PAIR_PANELS() : CandorCpu.CANDOR_CPU_FLOAT_PANELS();
    }

    /** Rows of a block whose A₂ of so many columns fits the scratch of native loops. */
    int mostRows(int depth2) {
        return CandorCpu.candor_cpu_most_rows(arithmetic(), depth2);
    }

    /** @param arena for the memory that it works in */
    Gemm gemm(Arena arena) {
        return areNative() ? new NativeGemm(this, arena) : new VectorGemm(rounds());
    }
}
