package candor.bindings;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The file of a native library: looked for where its property says, then among the resources, then in {@code java.library.path}.
 *
 * @param libraryName as the linker knows it
 * @param remedy      how to come by it
 */
record LibraryFile(String libraryName, String remedy) {
    /** The system property whose value, a path, goes before all other places. */
    String property() {
        return "candor.library." + libraryName;
    }

    /** Its name on this system. */
    String name() {
        return System.mapLibraryName(libraryName);
    }

    /** Where it lies among the resources where it was packed. */
    String resource() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT).replace(' ', '-');
        return "/candor/native/" + os + "-" + System.getProperty("os.arch") + "/" + name();
    }

    /** Whether {@link #find} would find it. */
    boolean isThere() {
        return System.getProperty(property()) != null
                || LibraryFile.class.getResource(resource()) != null
                || !inLibraryPath().isEmpty();
    }

    /**
     * A file that is there.
     *
     * @param name what messages call it: a file that was unpacked is gone when they are read
     */
    record Found(Path file, String name) {
        Found(Path file) {
            this(file, file.toString());
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** @throws MissingLibraryException where it is nowhere */
    Found find() {
        String property = System.getProperty(property());
        if (property != null) {
            Path path = Path.of(property).toAbsolutePath();
            if (!Files.isRegularFile(path)) {
                throw new MissingLibraryException(path + ": no such file, and -D" + property() + " names it; give the "
                        + "path of " + name() + ", or leave the property out");
            }
            return new Found(path);
        }
        try (InputStream packed = LibraryFile.class.getResourceAsStream(resource())) {
            if (packed != null) {
                return new Found(unpack(packed), name() + ", packed with the program");
            }
        } catch (IOException e) {
            throw new MissingLibraryException(
                    name() + ": cannot be unpacked into " + System.getProperty("java.io.tmpdir") + ": " + e, e);
        }
        List<Path> found = inLibraryPath();
        if (!found.isEmpty()) {
            return new Found(found.getFirst());
        }
        throw new MissingLibraryException(name() + ": not found: -D" + property() + "=PATH is not given, "
                + resource() + " is not packed, and it is not in java.library.path ("
                + System.getProperty("java.library.path") + "); " + remedy);
    }

    /** A folder of our own, so that nobody else has put a file there; gone when the process ends. */
    private Path unpack(InputStream packed) throws IOException {
        Path folder = Files.createTempDirectory("candor-native");
        Path file = folder.resolve(name());
        Files.copy(packed, file);
        folder.toFile().deleteOnExit();
        file.toFile().deleteOnExit();
        return file;
    }

    private List<Path> inLibraryPath() {
        List<Path> found = new ArrayList<>();
        for (String folder : System.getProperty("java.library.path", "").split(File.pathSeparator)) {
            if (!folder.isEmpty() && Files.isRegularFile(Path.of(folder, name()))) {
                found.add(Path.of(folder, name()).toAbsolutePath());
            }
        }
        return found;
    }
}
