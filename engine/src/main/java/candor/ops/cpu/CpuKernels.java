package candor.ops.cpu;

import candor.BadInput;
import candor.bindings.CpuLibrary;
import candor.bindings.MissingLibraryException;
import candor.bindings.generated.cpu.CandorCpu;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Whose loops multiply matrices: those of {@link PanelKernels}, or native ones for a kind of processor. In float32 all give the same bytes.
 * With bfloat16 operands {@link #AVX512BF16}, {@link #AMX} and {@link #NEONBF16} sum as their instructions do; the others give the same bytes.
 */
public enum CpuKernels {
    /** The Vector API's, which every machine has. */
    JAVA(-1, 1),
    AVX2(CandorCpu.CANDOR_CPU_AVX2(), 16),
    AVX512(CandorCpu.CANDOR_CPU_AVX512(), 32),
    AVX512BF16(CandorCpu.CANDOR_CPU_AVX512BF16(), 32),
    AMX(CandorCpu.CANDOR_CPU_AMX(), 32),
    NEON(CandorCpu.CANDOR_CPU_NEON(), 8),
    NEONBF16(CandorCpu.CANDOR_CPU_NEONBF16(), 8);

    /** Names the kernels to take. */
    public static final String PROPERTY = "candor.cpu.kernels";

    /** As the C header numbers it; −1 for Java's. */
    final int number;

    /** Panels have some times so many columns. */
    private final int columns;

    CpuKernels(int number, int columns) {
        this.number = number;
        this.columns = columns;
    }

    /** As {@link #PROPERTY} has it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What they are, for people. */
    @Override
    public String toString() {
        return switch (this) {
            case JAVA -> "Java's Vector API";
            case AVX2 -> "AVX2";
            case AVX512 -> "AVX-512";
            case AVX512BF16 -> "AVX-512 with bf16";
            case AMX -> "AMX";
            case NEON -> "NEON";
            case NEONBF16 -> "NEON with bf16";
        };
    }

    /** Whether they multiply pairs of bf16 by an instruction for that. */
    boolean pairs() {
        return this != JAVA && CandorCpu.candor_cpu_has(number, CandorCpu.CANDOR_CPU_PAIRS()) != 0;
    }

    /**
     * What is taken here: what the property names, else the best that this processor runs.
     *
     * @throws BadInput where the property names what there is not
     */
    public static CpuKernels taken() {
        String asked = System.getProperty(PROPERTY);
        return asked == null ? found().getLast() : named(asked);
    }

    private static CpuKernels named(String name) {
        CpuKernels kernels = Arrays.stream(values())
                .filter(one -> one.label().equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInput(
                        "there are no CPU kernels " + name,
                        "give -D" + PROPERTY + " as one of "
                                + Arrays.stream(values()).map(CpuKernels::label).collect(Collectors.joining(", "))));
        if (!found().contains(kernels)) {
            throw new BadInput(
                    "this machine does not run the CPU kernels " + name
                            + (missing().isEmpty() ? "" : " (" + missing() + ")"),
                    "give -D" + PROPERTY + " as one of "
                            + found().stream().map(CpuKernels::label).collect(Collectors.joining(", ")));
        }
        return kernels;
    }

    /** Those that run here, the best one last. */
    public static List<CpuKernels> found() {
        return Found.KERNELS;
    }

    /** Why there are none but Java's; empty where there are. */
    public static String missing() {
        return Found.MISSING;
    }

    /** Looked for once. */
    private static final class Found {
        static final List<CpuKernels> KERNELS;
        static final String MISSING;

        static {
            String missing = "";
            long supported = 0;
            try {
                CpuLibrary.load();
                supported = CandorCpu.candor_cpu_supported();
            } catch (MissingLibraryException e) {
                missing = e.getMessage();
            }
            long bits = supported;
            MISSING = missing;
            KERNELS = Arrays.stream(values())
                    .filter(one -> one == JAVA || (bits >> one.number & 1) == 1 && TileShape.COLUMNS % one.columns == 0)
                    .toList();
        }
    }
}
