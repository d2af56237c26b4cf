package candor.bindings;

import candor.bindings.generated.CandorKernels;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The libraries behind {@link CandorKernels}: one of them can be loaded in a process, and the first one that is asked for
 * is. It is looked for where its property says, then among the resources, then in {@code java.library.path}.
 */
public enum NativeLibrary {
    /** The kernels for a GPU. */
    CUDA(
            "candor_cuda",
            "build it with nvcc, cmake and g++ on the PATH: CANDOR_CUDA=1 ./mvnw package, in a checkout of Candor"),
    /** The same kernels for the emulator, which runs them on this processor. */
    EMULATED("candor_emulated", "build it with cmake and g++ on the PATH: ./mvnw package, in a checkout of Candor");

    private static NativeLibrary loaded;

    private final String libraryName;
    private final String remedy;

    NativeLibrary(String libraryName, String remedy) {
        this.libraryName = libraryName;
        this.remedy = remedy;
    }

    /** The system property whose value, a path, goes before all other places: {@code candor.library.candor_cuda}, say. */
    public String property() {
        return "candor.library." + libraryName;
    }

    /** The name of its file on this system. */
    public String fileName() {
        return System.mapLibraryName(libraryName);
    }

    /** How to come by it. */
    public String remedy() {
        return remedy;
    }

    /** Where it lies among the resources where it was packed. */
    String resource() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT).replace(' ', '-');
        return "/candor/native/" + os + "-" + System.getProperty("os.arch") + "/" + fileName();
    }

    /** Whether {@link #load} would find a file. */
    public boolean isThere() {
        return System.getProperty(property()) != null
                || NativeLibrary.class.getResource(resource()) != null
                || !inLibraryPath().isEmpty();
    }

    /**
     * Loads the library, once.
     *
     * @throws MissingLibraryException where it is nowhere, does not load, is not of this version, or another one is loaded
     */
    public void load() {
        synchronized (NativeLibrary.class) {
            if (loaded == this) {
                return;
            }
            if (loaded != null) {
                throw new MissingLibraryException(fileName() + ": " + loaded.fileName()
                        + " is loaded already, and a process takes one of them; run them in two processes");
            }
            Found found = find();
            open(found);
            if (SymbolLookup.loaderLookup().find("candor_api_version").isEmpty()) {
                throw new MissingLibraryException(
                        found + ": does not say of which version of the C API it is, and is an old one; " + remedy);
            }
            int version = CandorKernels.candor_api_version();
            if (version != CandorKernels.CANDOR_API_VERSION()) {
                throw new MissingLibraryException(found + ": is of version " + version + " of the C API, not "
                        + CandorKernels.CANDOR_API_VERSION() + "; " + remedy);
            }
            loaded = this;
        }
    }

    /**
     * A file that is there.
     *
     * @param name what messages call it: a file that was unpacked is gone when they are read
     */
    private record Found(Path file, String name) {
        Found(Path file) {
            this(file, file.toString());
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private Found find() {
        String property = System.getProperty(property());
        if (property != null) {
            Path path = Path.of(property).toAbsolutePath();
            if (!Files.isRegularFile(path)) {
                throw new MissingLibraryException(path + ": no such file, and -D" + property() + " names it; give the "
                        + "path of " + fileName() + ", or leave the property out");
            }
            return new Found(path);
        }
        try (InputStream packed = NativeLibrary.class.getResourceAsStream(resource())) {
            if (packed != null) {
                return new Found(unpack(packed), fileName() + ", packed with the program");
            }
        } catch (IOException e) {
            throw new MissingLibraryException(
                    fileName() + ": cannot be unpacked into " + System.getProperty("java.io.tmpdir") + ": " + e, e);
        }
        List<Path> found = inLibraryPath();
        if (!found.isEmpty()) {
            return new Found(found.getFirst());
        }
        throw new MissingLibraryException(fileName() + ": not found: -D" + property() + "=PATH is not given, "
                + resource() + " is not packed, and it is not in java.library.path ("
                + System.getProperty("java.library.path") + "); " + remedy);
    }

    /** A folder of our own, so that nobody else has put a file there; gone when the process ends. */
    private Path unpack(InputStream packed) throws IOException {
        Path folder = Files.createTempDirectory("candor-native");
        Path file = folder.resolve(fileName());
        Files.copy(packed, file);
        folder.toFile().deleteOnExit();
        file.toFile().deleteOnExit();
        return file;
    }

    private List<Path> inLibraryPath() {
        List<Path> found = new ArrayList<>();
        for (String folder : System.getProperty("java.library.path", "").split(File.pathSeparator)) {
            if (!folder.isEmpty() && Files.isRegularFile(Path.of(folder, fileName()))) {
                found.add(Path.of(folder, fileName()).toAbsolutePath());
            }
        }
        return found;
    }

    private void open(Found found) {
        try {
            System.load(found.file().toString());
        } catch (UnsatisfiedLinkError e) {
            throw new MissingLibraryException(found + ": does not load: " + e.getMessage() + "; " + remedy, e);
        }
    }
}
