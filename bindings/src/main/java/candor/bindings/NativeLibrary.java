package candor.bindings;

import candor.bindings.generated.CandorKernels;
import java.lang.foreign.SymbolLookup;

/**
 * The libraries behind {@link CandorKernels}: one of them can be loaded in a process, and the first one that is asked for
 * is. It is looked for where its property says, then among the resources, then in {@code java.library.path}.
 */
public enum NativeLibrary {
    /** The kernels for a GPU. */
    CUDA("candor_cuda", "nvcc, cmake and g++ on the PATH", "CANDOR_CUDA=1 ./mvnw package"),
    /** The same kernels for the emulator, which runs them on this processor. */
    EMULATED("candor_emulated", "cmake and g++ on the PATH", "./mvnw package");

    private static NativeLibrary loaded;

    private final LibraryFile file;

    NativeLibrary(String libraryName, String tools, String build) {
        file = new LibraryFile(libraryName, tools, build);
    }

    /** The system property whose value, a path, goes before all other places: {@code candor.library.candor_cuda}, say. */
    public String property() {
        return file.property();
    }

    /** The name of its file on this system. */
    public String fileName() {
        return file.name();
    }

    /** How to come by it, where this program is. */
    public String remedy() {
        return file.remedy();
    }

    /** Where it lies among the resources where it was packed. */
    String resource() {
        return file.resource();
    }

    /** Whether {@link #load} would find a file. */
    public boolean isThere() {
        return file.isThere();
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
            try (LibraryFile.Found found = file.find()) {
                open(found);
            }
            loaded = this;
        }
    }

    private void open(LibraryFile.Found found) {
        try {
            System.load(found.file().toString());
        } catch (UnsatisfiedLinkError e) {
            throw new MissingLibraryException(found + ": does not load: " + e.getMessage() + "; " + remedy(), e);
        }
        if (SymbolLookup.loaderLookup().find("candor_api_version").isEmpty()) {
            throw new MissingLibraryException(
                    found + ": does not say of which version of the C API it is, and is an old one; " + remedy());
        }
        int version = CandorKernels.candor_api_version();
        if (version != CandorKernels.CANDOR_API_VERSION()) {
            throw new MissingLibraryException(found + ": is of version " + version + " of the C API, not "
                    + CandorKernels.CANDOR_API_VERSION() + "; " + remedy());
        }
    }
}
