package candor.cli;

import candor.BadInput;
import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.model.ModelFolder;
import candor.model.ModelMark;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.ops.Batch;
import candor.probe.Contrast;
import candor.probe.Direction;
import candor.probe.DirectionFile;
import candor.probe.Persona;
import candor.probe.ProbeSet;
import candor.probe.ReplyReader;
import candor.text.ChatEncoder;
import candor.text.SpecialTextPolicy;
import candor.text.Tokenizer;
import candor.train.config.TrainConfig.HonestyProbes;
import candor.train.config.TrainSettings;
import candor.world.EmbeddedModel;
import candor.world.ProbeRows;
import candor.world.WorldSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code candor direction}: a direction of honesty in a model's residual stream. */
@Command(
        name = "direction",
        description = {
            "Finds a direction of honesty in a model: behind each layer, the mean activation over replies of an honest"
                    + " character less that of a dishonest one, as persona vectors have it.",
            "The characters are system prompts, the replies those of probes. Which layer to go by is told by replies"
                    + " that the direction has not seen. The file belongs to this model alone."
        })
final class DirectionCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(DirectionCommand.class);

    /** Tokens of a pass. */
    private static final int TOKENS_AT_ONCE = 4096;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelOptions model;

    @Mixin
    private DtypeOption dtype;

    @Mixin
    private TemplateOptions template;

    @Option(
            names = "--probes",
            paramLabel = "FILE|shipped",
            description =
                    "Conversations with a truthful and an untruthful reply (JSONL); those that come with the program,"
                            + " or for the embedded model the tiny world's, if not given.")
    private String probes;

    @Option(
            names = "--personas",
            paramLabel = "FILE",
            description = "Pairs of system prompts, {\"honest\": …, \"dishonest\": …} a line; those that come with the"
                    + " program, if not given.")
    private Path personas;

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "The file to make (.safetensors).")
    private Path output;

    @Option(names = "--force", description = "Overwrite an existing file.")
    private boolean force;

    @Override
    public Integer call() {
        requireWritable();
        ModelFolder folder = ModelFolder.at(model.model());
        boolean embedded = EmbeddedModel.is(model.model());
        ModelConfig config = folder.config().packed(model.weights);
        Tokenizer tokenizer = Tokenizer.load(folder.path());
        ChatEncoder encoder = new ChatEncoder(
                tokenizer,
                template.choice()
                        .load(
                                folder.path(),
                                LocalDate.parse(TrainSettings.DATE.fallback()).atStartOfDay()),
                SpecialTextPolicy.REFUSE);
        Persona.Rows rows = Persona.rows(
                probes(embedded), personas(embedded), encoder, config.maxPositionEmbeddings(), config.vocabSize());
        if (rows.honest().size() < Contrast.LEAST) {
            throw new BadInput((probes == null ? "the probes" : probes) + ": there are "
                    + rows.honest().size() + ", at least " + Contrast.LEAST + " are wanted; give more");
        }
        int longest = Math.max(
                rows.honest().stream().mapToInt(row -> row.length()).max().orElseThrow(),
                rows.dishonest().stream().mapToInt(row -> row.length()).max().orElseThrow());
        BackendDescriptor descriptor = model.backend(dtype);
        try (Interrupt interrupt = Interrupt.listen(Again.anew(spec));
                Backend backend = Backends.open(descriptor, model.threads);
                Weights weights = Weights.load(folder.path(), model.weights);
                CausalLm lm = new CausalLm(backend, weights, Recompute.NONE, longest);
                JobRows jobs = JobRows.onStderr()) {
            LOG.info(
                    "{}: reading {} replies of each kind", output, rows.honest().size());
            JobRow reading = jobs.add(
                    "", "replies", 0, rows.honest().size() + rows.dishonest().size());
            Direction direction = Contrast.of(
                    ModelMark.of(folder),
                    new ReplyReader(lm, null, Batch.BASE, TOKENS_AT_ONCE),
                    rows.honest(),
                    rows.dishonest(),
                    read -> {
                        jobs.device(backend::ownBytes);
                        reading.at(read, List.of());
                    });
            if (interrupt.requested()) {
                return interrupt.stopped();
            }
            DirectionFile.write(direction, output);
            tell(direction);
            spec.commandLine().getOut().println(output);
            return ExitCode.DONE;
        }
    }

    /** Before anything is computed that may take long. */
    private void requireWritable() {
        if (Files.isDirectory(output)) {
            throw new BadInput(output + ": expected a file, found a folder; give another --output");
        }
        if (Files.exists(output) && !force) {
            throw new BadInput(output + ": exists already; give another --output, or --force");
        }
        Path folder = output.toAbsolutePath().getParent();
        if (!Files.isDirectory(folder)) {
            throw new BadInput(output + ": there is no folder " + folder + "; make it, or give another --output");
        }
    }

    private ProbeSet probes(boolean embedded) {
        if (probes == null) {
            return embedded ? ProbeRows.of(WorldSettings.DEFAULT) : ProbeSet.shipped();
        }
        return probes.equals(HonestyProbes.SHIPPED) ? ProbeSet.shipped() : ProbeSet.read(Path.of(probes));
    }

    /** The model of the tiny world knows the words of one pair. */
    private List<Persona> personas(boolean embedded) {
        if (personas == null) {
            return embedded ? Persona.SHIPPED.subList(0, 1) : Persona.SHIPPED;
        }
        return Persona.read(personas);
    }

    private static void tell(Direction direction) {
        for (int layer = 0; layer < direction.layers(); layer++) {
            LOG.info(
                    "{}",
                    String.format(
                            Locale.ROOT,
                            "layer %d: unseen replies are apart by d' %.2f%s",
                            layer,
                            direction.separation(layer),
                            layer == direction.layer() ? ", the most: projections are taken here" : ""));
        }
    }
}
