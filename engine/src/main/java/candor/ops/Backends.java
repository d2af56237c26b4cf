package candor.ops;

import candor.BadInput;
import candor.ops.cpu.CpuBackend;
import candor.ops.cuda.CudaBackend;
import candor.tensor.DType;

/** Opens a backend by name: what was asked for, or the reason why not. It never falls back in silence. */
public final class Backends {
    private Backends() {}

    /**
     * @param name    "cpu"; "cuda"; "cuda-emulated", the kernels of "cuda" run by this processor; or "auto", the CPU
     * @param threads threads of the CPU backend; 0 for one per processor
     */
    public static Backend open(String name, int threads) {
        int processors = Runtime.getRuntime().availableProcessors();
        if (threads < 0 || threads > 1024) {
            throw new BadInput("--threads " + threads + ": give 1 to 1024, or 0 for one per processor");
        }
        return switch (name) {
            case "auto", "cpu" -> new RecordedBackend(new CpuBackend(threads == 0 ? processors : threads));
            case "cuda" -> new RecordedBackend(CudaBackend.open());
            case "cuda-emulated" -> new RecordedBackend(CudaBackend.emulated());
            default -> throw new BadInput("--backend " + name + ": not one of auto, cpu, cuda, cuda-emulated");
        };
    }

    /** Whether it has memory of its own, where weights are copied to. */
    public static boolean copiesWeights(String name) {
        return name.equals("cuda") || name.equals("cuda-emulated");
    }

    /**
     * Bytes that frozen weights take a second and a third time, in the order that the kernels of a backend without memory of
     * its own read: forward and backward. Those of bf16 stay bf16, others become float32; beyond a budget they are laid out at each use.
     *
     * @param weights elements
     */
    public static long laidOutBytes(long weights, DType dtype) {
        return Math.min(CpuBackend.panelBudget(), 2 * weights * (dtype == DType.BF16 ? dtype : DType.F32).bytes());
    }

    /** What {@link Backend#activations} will say, before it is opened. */
    public static DType activations(String name) {
        return copiesWeights(name) ? DType.BF16 : DType.F32;
    }

    /**
     * Bytes that a run on it may take.
     *
     * @param host bytes that this machine has free
     */
    public static long memory(String name, long host) {
        if (!name.equals("cuda")) {
            return host;
        }
        try (CudaBackend backend = CudaBackend.open()) {
            return backend.freeBytes();
        }
    }
}
