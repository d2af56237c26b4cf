package candor.merge;

import candor.BadInput;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.model.CausalLm;
import candor.model.CheckpointWriter;
import candor.model.ModelConfig;
import candor.model.ModelFolder;
import candor.model.Packing;
import candor.model.Recompute;
import candor.model.SafetensorsWriter.Spec;
import candor.model.SideFiles;
import candor.model.StoredTensors;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.weight.PackedForm;
import candor.tensor.DType;
import candor.text.Tokenizer;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/**
 * Folds an adapter into the weights of its base. The new checkpoint is written into a folder beside its place, loaded again,
 * compared, and only then moved there; whatever goes wrong before leaves nothing.
 */
public final class Merge {
    /**
     * What to do.
     *
     * @param base       the folder of the base model
     * @param weights    what its linear layers are packed as before the adapter comes to them; null for whatever they are in
     * @param adapter    the folder of the adapter
     * @param output     the folder to make
     * @param dtype      the type of the new weights; null for each tensor's own, bf16 for what was packed
     * @param packed     what the new linear layers are packed as, or null
     * @param shardBytes a file of weights holds no more, but for a single larger tensor
     * @param force      whether to write over a checkpoint that is there
     */
    public record Settings(
            Path base,
            PackedForm weights,
            Path adapter,
            Path output,
            DType dtype,
            PackedForm packed,
            long shardBytes,
            boolean force) {}

    /** The merged model is further from base and adapter than rounding explains: a bug of ours, or of the machine. */
    public static final class Mismatch extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient MergeReport report;

        private Mismatch(MergeReport report) {
            super("the merged model is further from base and adapter than rounding explains: " + report);
            this.report = report;
        }

        public MergeReport report() {
            return report;
        }
    }

    private final Settings settings;
    private final Backend backend;
    private final BooleanSupplier stop;

    private Merge(Settings settings, Backend backend, BooleanSupplier stop) {
        this.settings = settings;
        this.backend = backend;
        this.stop = stop;
    }

    /**
     * Merges.
     *
     * @param stop asked before every tensor, and before every text that is compared
     * @throws CancellationException where it said so; nothing is left then
     * @throws BadInput for whatever the user can fix
     * @throws Mismatch where the result is not what base and adapter say; nothing is left of it then
     */
    public static MergeReport run(Settings settings, Backend backend, BooleanSupplier stop) {
        return new Merge(settings, backend, stop).run();
    }

    private MergeReport run() {
        OutputFolder output =
                OutputFolder.of(settings.output(), List.of(settings.base(), settings.adapter()), settings.force());
        ModelFolder base = ModelFolder.at(settings.base());
        ModelConfig config = base.config();
        Tokenizer tokenizer = Tokenizer.load(settings.base());
        List<int[]> samples = LogitCheck.samples(tokenizer, config.vocabSize());
        try (Arena arena = Arena.ofShared();
                Weights weights = Weights.load(settings.base(), settings.weights())) {
            Adapter adapter = PeftFiles.frozen(settings.adapter(), weights, Memory.of(arena));
            FoldedWeights folded = new FoldedWeights(StoredTensors.open(base, settings.weights(), arena), adapter);
            List<Spec> specs = folded.specs().stream().map(this::spec).toList();
            try (output) {
                write(output.partial(), config, specs, folded);
                SideFiles.copy(base.files(), output.partial());
                if (config.packing() != null || settings.packed() != null) {
                    SideFiles.say(output.partial().resolve("config.json"), packing());
                }
                if (settings.dtype() != null) {
                    SideFiles.say(output.partial().resolve("config.json"), settings.dtype());
                }
                if (folded.untied()) {
                    SideFiles.untie(output.partial().resolve("config.json"));
                }
                MergeReport report = compare(output.partial(), config, samples);
                DType coarsest = specs.stream().anyMatch(spec -> spec.dtype() == DType.BF16)
                        ? DType.BF16
                        : specs.stream().anyMatch(spec -> spec.dtype() == DType.F16) ? DType.F16 : DType.F32;
                if (settings.packed() == null ? !report.explainedBy(coarsest) : !report.finite()) {
                    throw new Mismatch(report);
                }
                output.commit();
                return report;
            }
        }
    }

    private void write(Path folder, ModelConfig config, List<Spec> specs, FoldedWeights folded) {
        CheckpointWriter.Source source = (spec, memory) -> {
            requireGoingOn();
            return folded.tensor(spec, memory);
        };
        if (settings.packed() == null) {
            CheckpointWriter.write(folder, specs, settings.shardBytes(), source);
        } else {
            ModelConfig packed = config.but().packing(packing()).build();
            CheckpointWriter.writePacked(folder, packed, specs, settings.shardBytes(), source);
        }
    }

    private Packing packing() {
        return settings.packed() == null ? null : Packing.of(settings.packed());
    }

    private void requireGoingOn() {
        if (stop.getAsBoolean()) {
            throw new CancellationException("stopped");
        }
    }

    private Spec spec(Spec stored) {
        boolean packs = settings.packed() != null && packing().packs(stored);
        // What is packed is rounded by that alone.
        DType dtype = packs ? DType.F32 : settings.dtype() == null ? stored.dtype() : settings.dtype();
        return new Spec(stored.name(), dtype, stored.rows(), stored.cols(), stored.vector());
    }

    private MergeReport compare(Path folder, ModelConfig config, List<int[]> samples) {
        int longest = samples.stream().mapToInt(ids -> ids.length).max().orElse(1);
        int positions = Math.min(longest, config.maxPositionEmbeddings());
        AdapterBank bank = new AdapterBank(config, 1);
        try (Weights unmerged = Weights.load(settings.base(), settings.weights());
                Weights merged = Weights.load(folder);
                CausalLm one = new CausalLm(backend, unmerged, Recompute.NONE, positions);
                CausalLm other = new CausalLm(backend, merged, Recompute.NONE, positions)) {
            bank.set(0, PeftFiles.frozen(settings.adapter(), unmerged, Memory.of(backend)));
            LogitCheck check = new LogitCheck(one, bank, other);
            for (int[] sample : samples) {
                requireGoingOn();
                check.add(sample);
            }
            return check.report();
        }
    }
}
