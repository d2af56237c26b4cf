package candor.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * What a transfer works in; tests put something else in the place of each.
 *
 * @param notes told what a user should hear, though all is well
 * @param progress told what has come
 * @param stopped whether the user asked to stop
 * @param pause how to wait
 * @param room how much there is on the disk of a folder
 */
public record Surroundings(Consumer<String> notes, Progress progress, BooleanSupplier stopped, Pause pause, Room room) {
    /** With the machine's own clock and disks. */
    public Surroundings(Consumer<String> notes, Progress progress, BooleanSupplier stopped) {
        this(notes, progress, stopped, Pause.REAL, Room.REAL);
    }

    /** Waits. */
    @FunctionalInterface
    public interface Pause {
        /** How often a long wait looks whether it shall end. */
        Duration LOOK = Duration.ofMillis(100);

        Pause REAL = (duration, stopped) -> {
            long end = System.nanoTime() + duration.toNanos();
            for (long left = duration.toNanos(); left > 0 && !stopped.getAsBoolean(); left = end - System.nanoTime()) {
                Thread.sleep(Duration.ofNanos(Math.min(left, LOOK.toNanos())));
            }
        };

        /** Waits so long, or until somebody asks to stop. */
        void of(Duration duration, BooleanSupplier stopped) throws InterruptedException;
    }

    /** Room on a disk. */
    @FunctionalInterface
    public interface Room {
        Room REAL = folder -> Files.getFileStore(folder).getUsableSpace();

        /** In bytes, of a folder that is there. */
        long in(Path folder) throws IOException;
    }

    /** Who watches the bytes come or go; called from several threads. */
    public interface Progress {
        Progress NONE = new Progress() {
            @Override
            public void begins(String what, int files, long bytes, long there) {}

            @Override
            public void moved(long bytes) {}

            @Override
            public void ended() {}
        };

        /**
         * A transfer begins.
         *
         * @param bytes of all files
         * @param there of these, what need not be moved any more
         */
        void begins(String what, int files, long bytes, long there);

        /** @param bytes more than before; fewer, where something has to come again */
        void moved(long bytes);

        /** It is over, well or not. */
        void ended();
    }
}
