package candor.ops;

import candor.BadInput;
import candor.ops.cpu.CpuBackend;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.GpuTrial;
import candor.tensor.DType;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;

/** Opens a backend by name: what was asked for, or the reason why not. It never falls back in silence: {@link #choose} says why. */
public final class Backends {
    private Backends() {}

    /**
     * A backend by its own name, and why it was taken.
     *
     * @param name   as {@link #open} knows it, never "auto"
     * @param reason where "auto" was asked for, for people; else empty
     */
    public record Choice(String name, String reason) {}

    /**
     * What "auto" means here: a GPU that works and can compute the model, else the CPU, and why. Other names mean themselves.
     *
     * @param asked      a name that {@link #open} knows
     * @param heads      of the model, or null where it is not known
     * @param allWeights whether all of its weights are trained, which the CPU alone does
     */
    public static Choice choose(String asked, Heads heads, boolean allWeights) {
        if (!asked.equals("auto")) {
            return new Choice(asked, "");
        }
        if (allWeights) {
            return new Choice("cpu", "all weights are trained, which a GPU's kernels do not do");
        }
        GpuTrial trial = GpuTrial.result();
        if (!trial.works()) {
            return new Choice("cpu", "no GPU is used: " + trial.finding());
        }
        return (heads == null ? Optional.<String>empty() : GpuTrial.refusal(heads))
                .map(why -> new Choice("cpu", "no GPU is used: of this model, " + why))
                .orElseGet(() -> new Choice("cuda", trial.finding()));
    }

    /**
     * @param name    "cpu"; "cuda"; "cuda-emulated", the kernels of "cuda" run by this processor; or "auto", a GPU that works,
     *                else the CPU
     * @param threads threads of the CPU backend; 0 for one per processor
     */
    public static Backend open(String name, int threads) {
        if (threads < 0 || threads > 1024) {
            throw new BadInput("--threads " + threads + ": give 1 to 1024, or 0 for one per processor");
        }
        return switch (name) {
            case "auto" -> open(choose(name, null, false).name(), threads);
            case "cpu" -> new RecordedBackend(new CpuBackend(threads == 0 ? processors() : threads));
            case "cuda" -> new RecordedBackend(opened(name, CudaBackend::open));
            case "cuda-emulated" -> new RecordedBackend(opened(name, CudaBackend::emulated));
            default -> throw new BadInput("--backend " + name + ": not one of auto, cpu, cuda, cuda-emulated");
        };
    }

    private static Backend opened(String name, Supplier<Backend> open) {
        try {
            return open.get();
        } catch (BadInput e) {
            throw e.orDo("or compute with {backend} cpu").at("--backend " + name);
        }
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
     * Bytes that the operations of a pass take for themselves, beside their tensors, at most.
     *
     * @param threads of the CPU backend; 0 for one per processor
     */
    public static long scratchBytes(String name, int threads, PassShape pass) {
        return copiesWeights(name)
                ? candor.ops.cuda.ScratchBytes.of(pass) + candor.ops.cuda.ScratchBytes.batchBytes(pass)
                : candor.ops.cpu.ScratchBytes.of(pass, threads == 0 ? processors() : threads);
    }

    /** Bytes that so many tensors take on a device beyond their contents, at most; none where memory is shared. */
    public static long paddingBytes(String name, int tensors) {
        return copiesWeights(name) ? candor.ops.cuda.ScratchBytes.paddingBytes(tensors) : 0;
    }

    /**
     * Bytes that a device takes to know where a cache's pages lie; none where memory is shared.
     *
     * @param pages of all sequences that go on together
     */
    public static long tableBytes(String name, int layers, int sequences, long pages) {
        return copiesWeights(name) ? candor.ops.cuda.ScratchBytes.tableBytes(layers, sequences, pages) : 0;
    }

    /** Bytes of this machine's memory that a device reads and writes by itself. */
    public static long stagingBytes() {
        return CudaBackend.STAGING_BYTES;
    }

    private static int processors() {
        return Runtime.getRuntime().availableProcessors();
    }

    /** Bytes that a device has free; empty where the backend shares the host's memory. */
    public static OptionalLong freeBytes(String name) {
        try (Backend backend = open(name, 1)) {
            return backend.freeBytes();
        }
    }
}
