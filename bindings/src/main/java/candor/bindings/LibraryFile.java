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
 * @param tools       what must be there for it to be built
 * @param build       the command that builds it
 */
record LibraryFile(String libraryName, String tools, String build) {
    /** How to come by it, where this program is. */
    String remedy() {
        return switch (Installation.here()) {
            case CHECKOUT, LIBRARY -> "build it with " + tools + ": " + build + ", in a checkout of Candor";
            case RELEASE ->
                "take a release that has it, or name a file of it: CANDOR_JAVA_OPTS=-D" + property() + "=PATH";
        };
    }

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
     * A file that is there. One that was unpacked is gone when this is closed: the system keeps what a process has loaded, and nothing is
     * left behind by one that is killed.
     *
     * @param name     what messages call it
     * @param unpacked whether it was made here, in a folder of its own
     */
    record Found(Path file, String name, boolean unpacked) implements AutoCloseable {
        Found(Path file) {
            this(file, file.toString(), false);
        }

        @Override
        public void close() {
            if (unpacked) {
                delete(file);
                delete(file.getParent());
            }
        }

        private static void delete(Path path) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                path.toFile().deleteOnExit(); // a system that keeps files while they are in use
            }
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /**
     * To be closed when it has been loaded.
     *
     * @throws MissingLibraryException where it is nowhere
     */
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
                return unpack(packed);
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
                + System.getProperty("java.library.path") + "); " + remedy());
    }

    /** Into a folder of our own, so that nobody else has put a file there. */
    private Found unpack(InputStream packed) throws IOException {
        Path folder = Files.createTempDirectory("candor-native");
        Found found = new Found(folder.resolve(name()), name() + ", packed with the program", true);
        try {
            Files.copy(packed, found.file());
            requireLoadable(found.file());
        } catch (IOException | RuntimeException | Error e) {
            found.close(); // where the disk is full, or nothing may run from it
            throw e;
        }
        return found;
    }

    /** A linker that meets such a file system says no more than that it cannot. */
    private void requireLoadable(Path file) {
        if (!file.toFile().setExecutable(true, true) || !Files.isExecutable(file)) {
            throw new MissingLibraryException(name() + ": is unpacked into " + System.getProperty("java.io.tmpdir")
                    + ", from which this machine runs nothing (noexec); name another folder:"
                    + " CANDOR_JAVA_OPTS=-Djava.io.tmpdir=DIR");
        }
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
