package candor.ops;

import candor.BadInput;
import candor.ops.cpu.CpuBackend;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.GpuTrial;
import candor.ops.weight.WeightForm;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** Opens a backend: what was asked for, or the reason why not. It never falls back in silence: {@link #choose} says why. */
public final class Backends {
    private Backends() {}

    /** What users say for "whatever works here". */
    private static final String AUTO = "auto";

    /**
     * A backend, and why it was taken.
     *
     * @param reason where {@link #choose} took it, for people; else empty
     */
    public record Choice(BackendDescriptor backend, String reason) {
        /** One that was asked for. */
        public static Choice asked(BackendDescriptor backend) {
            return new Choice(backend, "");
        }
    }

    /**
     * The backend that a name asks for; empty for "auto", which leaves it to {@link #choose}.
     *
     * @throws BadInput where there is none of that name
     */
    public static Optional<BackendDescriptor> asked(String name) {
        return name.equals(AUTO) ? Optional.empty() : Optional.of(named(name));
    }

    /**
     * The same with operands of products of a type that was asked for.
     *
     * @throws BadInput where there is no such backend, or it cannot
     */
    public static Optional<BackendDescriptor> asked(String name, AskedDtype dtype) {
        return asked(name).map(dtype::on);
    }

    /**
     * The backend of a name.
     *
     * @throws BadInput where there is none
     */
    public static BackendDescriptor named(String name) {
        return BackendDescriptor.ALL.stream()
                .filter(backend -> backend.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInput(
                        "there is no backend " + name,
                        "give {backend} as one of " + AUTO + ", "
                                + BackendDescriptor.ALL.stream()
                                        .map(BackendDescriptor::name)
                                        .collect(Collectors.joining(", "))));
    }

    /**
     * What works here: a GPU that can compute the model as it was asked for, else the CPU, and why.
     *
     * @param heads      of the model, or null where it is not known
     * @param allWeights whether all of its weights are trained
     */
    public static Choice choose(Heads heads, boolean allWeights, AskedDtype dtype) {
        if (dtype == AskedDtype.FLOAT32) {
            return new Choice(BackendDescriptor.CPU, "float32 is asked for, which a GPU's kernels do not keep");
        }
        Choice choice = choose(heads, allWeights);
        return new Choice(dtype.on(choice.backend()), choice.reason());
    }

    private static Choice choose(Heads heads, boolean allWeights) {
        if (allWeights && !BackendDescriptor.CUDA.trainsAllWeights()) {
            return new Choice(BackendDescriptor.CPU, "all weights are trained, which a GPU's kernels do not do");
        }
        GpuTrial trial = GpuTrial.result();
        if (!trial.works()) {
            return new Choice(BackendDescriptor.CPU, "no GPU is used: " + trial.finding());
        }
        return (heads == null ? Optional.<String>empty() : GpuTrial.refusal(heads))
                .map(why -> new Choice(BackendDescriptor.CPU, "no GPU is used: of this model, " + why))
                .orElseGet(() -> new Choice(BackendDescriptor.CUDA, trial.finding()));
    }

    /** Takes a GPU by its number among those that CUDA shows, from 0, whenever one is opened from now on. */
    public static void device(int ordinal) {
        CudaBackend.take(ordinal);
    }

    /**
     * Where no GPU was taken by its number: takes that of a process, those of a machine one after another, and from the first again
     * where there are fewer than processes.
     *
     * @param localRank the number of the process among those of its machine
     */
    public static void deviceOfProcess(int localRank) {
        CudaBackend.takeInTurn(localRank);
    }

    /** Opens what a name asks for; "auto" is whatever works here. */
    public static Backend open(String name, int threads) {
        return open(
                asked(name).orElseGet(() -> choose(null, false, AskedDtype.AUTO).backend()), threads);
    }

    /**
     * Opens a backend.
     *
     * @param threads of the CPU backend; 0 for one per processor
     * @throws BadInput where this machine does not have it
     */
    public static Backend open(BackendDescriptor backend, int threads) {
        if (threads < 0 || threads > 1024) {
            throw new BadInput(
                    threads + " threads cannot be had", "give {threads} from 1 to 1024, or 0 for one per processor");
        }
        try {
            return new RecordedBackend(
                    switch (backend.memory()) {
                        case HOST -> new CpuBackend(threads == 0 ? processors() : threads, backend.products());
                        case DEVICE, EMULATED -> CudaBackend.open(backend);
                    });
        } catch (BadInput e) {
            throw (backend.memory() == BackendDescriptor.Memory.HOST ? e : e.orDo("or compute with {backend} cpu"))
                    .at("backend " + backend.name());
        }
    }

    /**
     * Bytes that frozen weights take a second and a third time, in the order that the kernels of a backend without memory of
     * its own read: forward and backward. Those of bf16 stay bf16, others become of the type of {@link
     * BackendDescriptor#products}; beyond a budget they are laid out at each use.
     *
     * @param elements of weights by their form
     */
    public static long laidOutBytes(BackendDescriptor backend, Map<WeightForm, Long> elements) {
        long bytes = 0;
        for (Map.Entry<WeightForm, Long> entry : elements.entrySet()) {
            bytes += CpuBackend.panelBytes(entry.getKey(), entry.getValue(), backend.products());
        }
        return Math.min(CpuBackend.panelBudget(), bytes);
    }

    /**
     * Bytes that the operations of a pass take for themselves, beside their tensors, at most.
     *
     * @param threads of the CPU backend; 0 for one per processor
     */
    public static long scratchBytes(BackendDescriptor backend, int threads, PassShape pass) {
        return backend.copiesWeights()
                ? candor.ops.cuda.ScratchBytes.of(pass) + candor.ops.cuda.ScratchBytes.batchBytes(pass)
                : candor.ops.cpu.ScratchBytes.of(pass, threads == 0 ? processors() : threads);
    }

    /**
     * Bytes that so many tensors take on a device beyond their contents, at most; none where memory is shared.
     *
     * @param packed whether some of them are packed weights
     */
    public static long paddingBytes(BackendDescriptor backend, int tensors, boolean packed) {
        return backend.copiesWeights() ? candor.ops.cuda.ScratchBytes.paddingBytes(tensors, packed) : 0;
    }

    /**
     * Bytes that a device takes to know where a cache's pages lie; none where memory is shared.
     *
     * @param pages of all sequences that go on together
     */
    public static long tableBytes(BackendDescriptor backend, int layers, int sequences, long pages) {
        return backend.copiesWeights() ? candor.ops.cuda.ScratchBytes.tableBytes(layers, sequences, pages) : 0;
    }

    /**
     * Bytes that a device takes for adapters as its products read them, beside what they are, at most; none where memory is shared.
     *
     * @param layers of the model
     * @param alone  whether a layer is also computed without those that have its input, as where adapters drop some of it
     */
    public static long imageBytes(BackendDescriptor backend, PassShape pass, int layers, boolean alone) {
        return backend.copiesWeights() ? candor.ops.cuda.ScratchBytes.imageBytes(pass, layers, alone) : 0;
    }

    /** Bytes of this machine's memory that a device reads and writes by itself. */
    public static long stagingBytes() {
        return CudaBackend.STAGING_BYTES;
    }

    private static int processors() {
        return Runtime.getRuntime().availableProcessors();
    }

    /** Bytes that a device has free; empty where the backend shares the host's memory. */
    public static OptionalLong freeBytes(BackendDescriptor backend) {
        try (Backend opened = open(backend, 1)) {
            return opened.freeBytes();
        }
    }
}
