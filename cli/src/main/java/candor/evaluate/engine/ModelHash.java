package candor.evaluate.engine;

import candor.BadInput;
import candor.data.read.Fingerprint;
import candor.io.IoReason;
import candor.io.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What a folder with a model or an adapter holds, as one hash. */
public final class ModelHash {
    private static final List<String> KINDS = List.of(".json", ".safetensors", ".jinja");

    private ModelHash() {}

    /** SHA-256 over names and contents of the files that weights, tokenizer and template are read from. */
    public static String of(Path folder) {
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> sorted = files.filter(
                            file -> KINDS.stream().anyMatch(file.getFileName().toString()::endsWith))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
            for (Path file : sorted) {
                all.append(file.getFileName())
                        .append(' ')
                        .append(Fingerprint.of(file).sha256())
                        .append('\n');
            }
        } catch (IOException e) {
            throw new BadInput(
                    folder + ": cannot be listed: " + IoReason.of(e) + "; is this the folder of a model?", e);
        }
        return Sha256.hex(all.toString());
    }
}
