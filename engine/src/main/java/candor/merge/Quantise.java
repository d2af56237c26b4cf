package candor.merge;

import candor.BadInput;
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
import candor.ops.weight.PlainWeight;
import candor.ops.weight.StoredWeight;
import candor.tensor.Tensor;
import candor.text.Tokenizer;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/**
 * Writes a checkpoint with the weights of its linear layers packed, in the layouts in which such checkpoints are published. One weight is in
 * memory at a time. As {@link Merge}, it is loaded again and compared before it takes its place.
 */
public final class Quantise {
    /**
     * What to do.
     *
     * @param model      the folder of the model
     * @param form       what its linear layers are packed as
     * @param output     the folder to make
     * @param shardBytes a file of weights holds no more, but for a single larger tensor
     * @param force      whether to write over a checkpoint that is there
     */
    public record Settings(Path model, PackedForm form, Path output, long shardBytes, boolean force) {}

    private final Settings settings;
    private final Backend backend;
    private final BooleanSupplier stop;
    private final Progress progress;

    /** Told how far it is. */
    public interface Progress {
        /** So many tensors of so many are written. */
        void at(int tensors, int of);
    }

    private Quantise(Settings settings, Backend backend, Progress progress, BooleanSupplier stop) {
        this.progress = progress;
        this.settings = settings;
        this.backend = backend;
        this.stop = stop;
    }

    /**
     * Packs.
     *
     * @param progress told before every tensor
     * @param stop asked before every tensor, and before every text that is compared
     * @return how far the packed model is from the original; there is no adapter whose effect it could tell
     * @throws CancellationException where it said so; nothing is left then
     * @throws BadInput for whatever the user can fix
     */
    public static MergeReport run(Settings settings, Backend backend, Progress progress, BooleanSupplier stop) {
        return new Quantise(settings, backend, progress, stop).run();
    }

    private MergeReport run() {
        OutputFolder output = OutputFolder.of(settings.output(), List.of(settings.model()), settings.force());
        ModelFolder model = ModelFolder.at(settings.model());
        ModelConfig config = model.config();
        if (config.packing() != null) {
            throw new BadInput(
                    settings.model() + ": is packed as "
                            + config.packing().form().text() + " already",
                    "give the model that it was made of as {model}");
        }
        List<int[]> samples = LogitCheck.samples(Tokenizer.load(settings.model()), config.vocabSize());
        try (output;
                Arena arena = Arena.ofShared()) {
            StoredTensors tensors = StoredTensors.open(model, null, arena);
            int[] read = {0};
            CheckpointWriter.writePacked(
                    output.partial(),
                    config.packed(settings.form()),
                    tensors.specs(),
                    settings.shardBytes(),
                    (spec, memory) -> {
                        requireGoingOn();
                        progress.at(read[0]++, tensors.specs().size());
                        return plain(tensors, spec, memory);
                    });
            SideFiles.copy(model.files(), output.partial());
            SideFiles.say(output.partial().resolve(ModelFolder.CONFIG), Packing.of(settings.form()));
            MergeReport report = compare(output.partial(), config, samples);
            output.commit();
            return report;
        }
    }

    private static Tensor plain(StoredTensors tensors, Spec spec, Arena memory) {
        StoredWeight stored = tensors.weight(spec.name(), memory);
        return ((PlainWeight) stored).tensor();
    }

    private void requireGoingOn() {
        if (stop.getAsBoolean()) {
            throw new CancellationException("stopped");
        }
    }

    private MergeReport compare(Path folder, ModelConfig config, List<int[]> samples) {
        int longest = samples.stream().mapToInt(ids -> ids.length).max().orElse(1);
        int positions = Math.min(longest, config.maxPositionEmbeddings());
        try (Weights original = Weights.load(settings.model());
                Weights packed = Weights.load(folder);
                CausalLm one = new CausalLm(backend, original, Recompute.NONE, positions);
                CausalLm other = new CausalLm(backend, packed, Recompute.NONE, positions)) {
            LogitCheck check = new LogitCheck(one, null, other);
            for (int[] sample : samples) {
                requireGoingOn();
                check.add(sample);
            }
            return check.report();
        }
    }
}
