package candor.cli;

import candor.model.ModelConfig;
import candor.model.ModelFolder;
import candor.ops.AskedDtype;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What became of {@code --backend auto}, said in one line. */
final class TakenBackend {
    static final String HELP = "cpu, cuda, cuda-emulated, or auto: a GPU that works, else the CPU.";

    private static final Logger LOG = LoggerFactory.getLogger(TakenBackend.class);

    private TakenBackend() {}

    /** The backend for a model that is used, not trained. */
    static BackendDescriptor of(String asked, AskedDtype dtype, Path model) {
        return Backends.asked(asked, dtype)
                .orElseGet(() -> tell(Backends.choose(
                        ModelConfig.read(ModelFolder.at(model).configFile()).heads(), false, dtype)));
    }

    /** Says it where there is something to say, and hands the backend on. */
    static BackendDescriptor tell(Backends.Choice choice) {
        if (!choice.reason().isEmpty()) {
            LOG.info("backend: {}; {}", choice.backend().name(), choice.reason());
        }
        return choice.backend();
    }
}
