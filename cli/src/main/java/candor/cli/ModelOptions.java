package candor.cli;

import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.ops.weight.PackedForm;
import candor.world.EmbeddedModel;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which model, and where it computes. */
final class ModelOptions {
    static final String HELP =
            "The folder of the model, or its name on the Hub, ORG/NAME; the embedded model of the tiny world, if not"
                    + " given.";

    @Option(names = "--model", paramLabel = "DIR", description = HELP)
    private Path model;

    static final String WEIGHTS_HELP =
            "Packs linear layers as they are loaded: nf4 (four bits; also --load-in-4bit), int8"
                    + " (also --load-in-8bit) or fp8; as the checkpoint has them, if not given.";

    @Option(names = "--weights", paramLabel = "FORM", description = WEIGHTS_HELP)
    PackedForm weights;

    @Option(names = "--backend", paramLabel = "NAME", description = TakenBackend.HELP)
    private String backend = "auto";

    @Option(names = "--threads", paramLabel = "N", description = "Threads of the CPU backend; 0 for one per processor.")
    int threads;

    /** The backend that is taken, which is said where it was not named. */
    BackendDescriptor backend(DtypeOption asked) {
        return TakenBackend.of(backend, asked.dtype, model());
    }

    /** The same for a merge, whose check wants float32. */
    BackendDescriptor backendOfMerge() {
        return Backends.asked(backend)
                .orElseGet(() -> TakenBackend.tell(new Backends.Choice(
                        BackendDescriptor.CPU,
                        "the new checkpoint is checked in float32, which a GPU's kernels do not keep")));
    }

    Path model() {
        return orEmbedded(model);
    }

    /** Whether none was given. */
    boolean isEmbedded() {
        return model == null;
    }

    /** The folder, or that of the embedded model where none was given. */
    static Path orEmbedded(Path given) {
        return given == null ? EmbeddedModel.folder() : given;
    }
}
