package candor.bench;

import candor.BadInput;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The golden cases' small models, for their tokenizers and chat templates: in the folder that the system property {@code
 * candor.goldens} names, or else where a checkout has them, which {@code ./candor bench} is started in.
 */
final class Goldens {
    private static final String IN_A_CHECKOUT = "engine/src/test/resources/goldens";

    private Goldens() {}

    /** @param family "llama3", "qwen2" or "qwen3" */
    static Path model(String family) {
        Path folder = Path.of(System.getProperty("candor.goldens", IN_A_CHECKOUT))
                .resolve(family)
                .resolve("model");
        if (!Files.isDirectory(folder)) {
            throw new BadInput(
                    folder.toAbsolutePath() + ": no such folder; start this in a checkout, or name the golden"
                            + " cases with -Dcandor.goldens=DIR");
        }
        return folder;
    }
}
