package candor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The golden cases, one folder for each family of models. */
public final class GoldenFolders {
    private GoldenFolders() {}

    /** The folder of a case, or of what else lies among them. */
    public static Path folder(String name) {
        return Path.of(System.getProperty("candor.goldens"), name);
    }

    /** The names of all cases, sorted: a new family's are tested as soon as they are there. */
    public static List<String> names() {
        try (Stream<Path> folders = Files.list(folder(""))) {
            return folders.filter(each -> Files.exists(each.resolve("forward.safetensors")))
                    .map(each -> each.getFileName().toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
