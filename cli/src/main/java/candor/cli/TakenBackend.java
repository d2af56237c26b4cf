package candor.cli;

import candor.model.ModelConfig;
import candor.model.ModelFolder;
import candor.ops.Backends;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What became of {@code --backend auto}, said in one line. */
final class TakenBackend {
    static final String HELP = "cpu, cuda, cuda-emulated, or auto: a GPU that works, else the CPU. Default: auto.";

    private static final Logger LOG = LoggerFactory.getLogger(TakenBackend.class);

    private TakenBackend() {}

    /** The backend for a model that is used, not trained. */
    static String of(String asked, Path model) {
        return asked.equals("auto")
                ? tell(Backends.choose(
                        asked,
                        ModelConfig.read(ModelFolder.at(model).configFile()).heads(),
                        false))
                : asked;
    }

    /** Says it where there is something to say, and hands the name on. */
    static String tell(Backends.Choice choice) {
        if (!choice.reason().isEmpty()) {
            LOG.info("backend: {}; {}", choice.name(), choice.reason());
        }
        return choice.name();
    }
}
