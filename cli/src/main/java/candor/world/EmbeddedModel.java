package candor.world;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.IoReason;
import candor.io.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The chat model of the tiny world, which comes with the program: what commands work on that are not given another. It is
 * packed into the program and unpacked once, into a folder that is named by its hash.
 */
public final class EmbeddedModel {
    static final List<String> FILES = List.of(
            "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json");

    private static final int HASH_DIGITS = 16;

    private EmbeddedModel() {}

    /** The folder of the model, in the user's cache; unpacked where it is not there, or not as it should be. */
    public static Path folder() {
        return unpack(cache());
    }

    /** Whether a folder holds this model, wherever it lies. */
    public static boolean is(Path folder) {
        try {
            for (String name : FILES) {
                if (!holds(folder.resolve(name), resource(name))) {
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            return false; // whoever opens the model says what is wrong with it
        }
    }

    private static Path cache() {
        String given = System.getenv("XDG_CACHE_HOME");
        Path caches = given == null || given.isBlank() || !Path.of(given).isAbsolute()
                ? Path.of(System.getProperty("user.home"), ".cache")
                : Path.of(given);
        return caches.resolve("candor");
    }

    /** Each file appears whole or not at all, so that programs which start at once do not disturb each other. */
    static Path unpack(Path cache) {
        List<byte[]> contents = FILES.stream().map(EmbeddedModel::resource).toList();
        Path folder = cache.resolve("tiny-world-" + hash(contents));
        try {
            Files.createDirectories(folder);
            for (int i = 0; i < FILES.size(); i++) {
                Path file = folder.resolve(FILES.get(i));
                if (!holds(file, contents.get(i))) {
                    AtomicFile.write(file, contents.get(i));
                }
            }
        } catch (IOException e) {
            throw new BadInput(
                    folder + ": the embedded model cannot be unpacked there (" + IoReason.of(e)
                            + "); set XDG_CACHE_HOME to a folder that can be written, or give --model",
                    e);
        }
        return folder;
    }

    private static boolean holds(Path file, byte[] content) throws IOException {
        return Files.isRegularFile(file)
                && Files.size(file) == content.length
                && Arrays.equals(Files.readAllBytes(file), content);
    }

    private static byte[] resource(String name) {
        try (InputStream in = EmbeddedModel.class.getResourceAsStream("model/" + name)) {
            if (in == null) {
                throw new IllegalStateException("the program lacks its resource candor/world/model/" + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String hash(List<byte[]> contents) {
        Sha256 sum = new Sha256();
        contents.forEach(sum::add);
        return sum.hex().substring(0, HASH_DIGITS);
    }
}
