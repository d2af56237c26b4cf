package candor.bindings;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The functions of {@code comm-mpi/include/candor_mpi.h}, which says what they do. One thread calls them, the one that called
 * {@link #open}. Where the library says that something went wrong, its sentence is an {@link MpiException}.
 */
public final class MpiLibrary {
    /** The message-passing libraries that there may be a file for. */
    public enum Kind {
        OPEN_MPI("candor_mpi_openmpi", "Open MPI", "openmpi-bin and libopenmpi-dev"),
        MPICH("candor_mpi_mpich", "MPICH", "mpich and libmpich-dev");

        private final LibraryFile file;
        private final String name;

        Kind(String libraryName, String name, String packages) {
            this.name = name;
            file = new LibraryFile(
                    libraryName,
                    "the mpicc of " + name + " on the PATH (in Debian: " + packages + ")",
                    "./mvnw package");
        }

        /** Whether {@link MpiLibrary#load} would find a file. */
        public boolean isThere() {
            return file.isThere();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** Something that the message passing said went wrong. */
    public static final class MpiException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        MpiException(String message) {
            super(message);
        }
    }

    /** As {@code candor_mpi_place}, with the name that the library gives itself. */
    public record Place(int rank, int size, int localRank, int localSize, String name) {}

    /** A text and who sent it. */
    public record Told(int from, String text) {}

    private static final int API_VERSION = 1;
    /** As Linux has it. */
    private static final int SIGUSR1 = 10;

    private static final MemorySegment SIG_IGN = MemorySegment.ofAddress(1);
    private static final int NAME_BYTES = 256;
    private static final int TEXT_BYTES = 4096;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout POINTER = ValueLayout.ADDRESS;

    private final SymbolLookup symbols;
    /** Where functions put what they have to say: for as long as the process. */
    private final MemorySegment out = Arena.global().allocate(TEXT_BYTES, 8);

    private final MemorySegment number = Arena.global().allocate(INT);
    private final MethodHandle lastError;
    private final MethodHandle open;
    private final MethodHandle send;
    private final MethodHandle receive;
    private final MethodHandle broadcast;
    private final MethodHandle test;
    private final MethodHandle tell;
    private final MethodHandle told;
    private final MethodHandle close;

    private MpiLibrary(SymbolLookup symbols) {
        this.symbols = symbols;
        lastError = bind("last_error", POINTER);
        open = bind("open", INT, POINTER, POINTER, INT);
        send = bind("send", INT, POINTER, POINTER, INT, INT, INT);
        receive = bind("receive", INT, POINTER, POINTER, INT, INT, INT);
        broadcast = bind("broadcast", INT, POINTER, POINTER, INT, INT);
        test = bind("test", INT, POINTER, INT, POINTER);
        tell = bind("tell", INT, POINTER, INT);
        told = bind("told", INT, POINTER, POINTER, INT);
        close = bind("close", INT);
    }

    /**
     * Loads a library, for as long as the process lives: message passing does not like to be unloaded.
     *
     * @throws MissingLibraryException where it is nowhere, does not load, or is of another version
     */
    public static MpiLibrary load(Kind kind) {
        try (LibraryFile.Found found = kind.file.find()) {
            keepSignals();
            SymbolLookup symbols;
            try {
                symbols = SymbolLookup.libraryLookup(found.file(), Arena.global());
            } catch (IllegalArgumentException e) {
                throw new MissingLibraryException(
                        found + ": does not load: is " + kind + " installed, as it was when Candor was built? "
                                + kind.file.remedy(),
                        e);
            }
            MpiLibrary library = new MpiLibrary(symbols);
            int version = library.call(library.bind("api_version", INT));
            if (version != API_VERSION) {
                throw new MissingLibraryException(
                        found + ": is of version " + version + ", not " + API_VERSION + "; " + kind.file.remedy());
            }
            return library;
        }
    }

    /**
     * The JVM works with signals of its own, such as the one of a null pointer. UCX, which MPICH and Open MPI may stand on, takes
     * them for crashes as soon as it is loaded, unless the environment says that it shall not. And MPICH's mpirun, told to leave
     * the others when one process has died, tells them by a signal that ends whoever does not expect it.
     */
    private static void keepSignals() {
        MethodHandle setenv = Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow("setenv"),
                        FunctionDescriptor.of(INT, POINTER, POINTER, INT));
        MethodHandle signal = Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow("signal"),
                        FunctionDescriptor.of(POINTER, INT, POINTER));
        try (Arena arena = Arena.ofConfined()) {
            int _ = (int) setenv.invokeExact(arena.allocateFrom("UCX_ERROR_SIGNALS"), arena.allocateFrom(""), 1);
            MemorySegment _ = (MemorySegment) signal.invokeExact(SIGUSR1, SIG_IGN);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private MethodHandle bind(String name, ValueLayout result, ValueLayout... arguments) {
        return Linker.nativeLinker()
                .downcallHandle(symbols.findOrThrow("candor_mpi_" + name), FunctionDescriptor.of(result, arguments));
    }

    private int call(MethodHandle function, Object... arguments) {
        try {
            return (int) function.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private void check(int code) {
        if (code != 0) {
            throw new MpiException(lastError());
        }
    }

    private String lastError() {
        try {
            MemorySegment text = (MemorySegment) lastError.invokeExact();
            return text.reinterpret(TEXT_BYTES).getString(0);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** {@code candor_mpi_open}. */
    public Place open() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment place = arena.allocate(INT, 4);
            MemorySegment name = arena.allocate(NAME_BYTES);
            check(call(open, place, name, NAME_BYTES));
            int[] numbers = place.toArray(INT);
            return new Place(numbers[0], numbers[1], numbers[2], numbers[3], name.getString(0));
        }
    }

    /** {@code candor_mpi_send}; the handle goes into a slot of a list of pointers. */
    public void send(MemorySegment slot, MemorySegment bytes, int to, int tag) {
        check(call(send, slot, bytes, Math.toIntExact(bytes.byteSize()), to, tag));
    }

    /** {@code candor_mpi_receive}. */
    public void receive(MemorySegment slot, MemorySegment bytes, int from, int tag) {
        check(call(receive, slot, bytes, Math.toIntExact(bytes.byteSize()), from, tag));
    }

    /** {@code candor_mpi_broadcast}. */
    public void broadcast(MemorySegment slot, MemorySegment bytes, int root) {
        check(call(broadcast, slot, bytes, Math.toIntExact(bytes.byteSize()), root));
    }

    /** {@code candor_mpi_test} over a list of pointers; how many are not done. */
    public int test(MemorySegment requests) {
        int count = Math.toIntExact(requests.byteSize() / POINTER.byteSize());
        try {
            check((int) test.invokeExact(requests, count, number));
        } catch (MpiException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        return number.get(INT, 0);
    }

    /** {@code candor_mpi_tell}. */
    public void tell(String text, int to) {
        try (Arena arena = Arena.ofConfined()) {
            check(call(tell, arena.allocateFrom(text), to));
        }
    }

    /** {@code candor_mpi_told}; null where nothing has come. */
    public Told told() {
        check(call(told, number, out, TEXT_BYTES));
        int from = number.get(INT, 0);
        return from < 0 ? null : new Told(from, out.getString(0));
    }

    /** {@code candor_mpi_close}. */
    public void close() {
        check(call(close));
    }
}
