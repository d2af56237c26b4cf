package candor.hub;

import candor.BadInput;
import candor.io.IoReason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * The right to fetch one file of the cache, against other processes: ours, and those of Python.
 *
 * <p>Python's filelock takes flock(2), which on Linux does not meet the record locks that {@link FileChannel#lock} takes; so flock is
 * called here too. Where there is no native access, a record lock keeps at least our own processes apart. A lock that a file system
 * does not honour costs a second download and nothing else: a file gets its name in one step, after its hash was checked.
 */
final class BlobLock implements AutoCloseable {
    private static final Duration LOOK = Duration.ofMillis(100);

    private final FileChannel channel;
    private final int descriptor;

    private BlobLock(FileChannel channel, int descriptor) {
        this.channel = channel;
        this.descriptor = descriptor;
    }

    /**
     * Takes it, and waits while another process has it.
     *
     * @param waiting called once, where it has to wait
     * @throws DownloadStopped if stopped meanwhile
     */
    static BlobLock take(Path file, Runnable waiting, BooleanSupplier stopped) throws InterruptedException {
        boolean told = false;
        while (true) {
            BlobLock lock = tryTake(file);
            if (lock != null) {
                return lock;
            }
            if (stopped.getAsBoolean()) {
                throw new DownloadStopped();
            }
            if (!told) {
                told = true;
                waiting.run();
            }
            Thread.sleep(LOOK);
        }
    }

    /** Null where somebody else has it. */
    static BlobLock tryTake(Path file) {
        try {
            Files.createDirectories(file.getParent());
            if (!Files.exists(file)) {
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)
                        .close();
            }
            return available() ? flock(file) : record(file);
        } catch (NoSuchFileException e) {
            return null; // somebody took the file away in between; the next attempt makes it again
        } catch (IOException e) {
            throw new BadInput(
                    file + ": cannot be locked (" + IoReason.of(e)
                            + "); check the folder's permissions, or set HF_HUB_CACHE to another folder",
                    e);
        }
    }

    private static BlobLock record(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                return new BlobLock(channel, -1);
            }
        } catch (OverlappingFileLockException e) {
            // another thread of this process has it
        }
        channel.close();
        return null;
    }

    private static BlobLock flock(Path file) throws IOException {
        int descriptor;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(file.toString());
            descriptor = result(() -> (int) Calls.OPEN.invokeExact(name, Calls.READ_WRITE));
        }
        if (descriptor < 0) {
            return record(file);
        }
        int error = tryFlock(descriptor);
        if (error == 0) {
            return new BlobLock(null, descriptor);
        }
        close(descriptor);
        return mayPass(error) ? null : record(file);
    }

    /** What flock(2) says: 0, or the number of its error. */
    private static int tryFlock(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Calls.STATE);
            int failed =
                    result(() -> (int) Calls.FLOCK.invokeExact(state, descriptor, Calls.EXCLUSIVE | Calls.NOT_WAITING));
            return failed == 0 ? 0 : (int) Calls.ERROR.get(state, 0L);
        }
    }

    /** Whether somebody else has the lock; all other errors mean that the file system has no such locks, as some of clusters have none. */
    static boolean mayPass(int error) {
        return error == Calls.WOULD_BLOCK_ON_LINUX || error == Calls.WOULD_BLOCK_ON_MACOS || error == Calls.INTERRUPTED;
    }

    private static void close(int descriptor) {
        result(() -> (int) Calls.CLOSE.invokeExact(descriptor));
    }

    // A program that has not allowed native access is not to get a warning because of us.
    private static boolean available() {
        return BlobLock.class.getModule().isNativeAccessEnabled();
    }

    /** The file stays: who deletes it takes it from under another process that waits for it. */
    @Override
    public void close() {
        if (descriptor >= 0) {
            close(descriptor);
            return;
        }
        try {
            channel.close();
        } catch (IOException e) {
            return; // the lock ends with the process at the latest
        }
    }

    @FunctionalInterface
    private interface Call {
        int make() throws Throwable;
    }

    private static int result(Call call) {
        try {
            return call.make();
        } catch (Error | RuntimeException thrown) {
            throw thrown;
        } catch (Throwable thrown) {
            throw new IllegalStateException("no such call throws " + thrown, thrown);
        }
    }

    /** open(2), flock(2), close(2); the numbers are those of Linux and macOS alike. */
    private static final class Calls {
        static final int READ_WRITE = 2;
        static final int EXCLUSIVE = 2;
        static final int NOT_WAITING = 4;
        static final int INTERRUPTED = 4;
        static final int WOULD_BLOCK_ON_LINUX = 11;
        static final int WOULD_BLOCK_ON_MACOS = 35;
        static final StructLayout STATE = Linker.Option.captureStateLayout();
        static final VarHandle ERROR = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

        private static final ValueLayout INT = ValueLayout.JAVA_INT;

        static final MethodHandle OPEN =
                find("open", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT), Linker.Option.firstVariadicArg(2));
        static final MethodHandle FLOCK =
                find("flock", FunctionDescriptor.of(INT, INT, INT), Linker.Option.captureCallState("errno"));
        static final MethodHandle CLOSE = find("close", FunctionDescriptor.of(INT, INT));

        @SuppressWarnings("restricted") // allowed, or we would not be here
        private static MethodHandle find(String name, FunctionDescriptor type, Linker.Option... options) {
            Linker linker = Linker.nativeLinker();
            return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type, options);
        }
    }
}
