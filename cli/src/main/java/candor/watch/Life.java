package candor.watch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Whether a process is at work in a folder. Files that have just changed say so; only when all is quiet is the folder's lock asked
 * about, and seldom: who asks has it for a moment, in which nobody else could take it.
 */
final class Life {
    private static final Duration QUIET = Duration.ofSeconds(15);
    private static final Duration PAUSE = Duration.ofSeconds(60);

    private final List<Path> files;
    private final BooleanSupplier held;
    private Instant changed = Instant.EPOCH;
    private Instant asked = Instant.EPOCH;
    private boolean alive;

    /**
     * A folder.
     *
     * @param files that change while somebody is at work
     * @param held  asks for the lock
     */
    Life(List<Path> files, BooleanSupplier held) {
        this.files = List.copyOf(files);
        this.held = held;
    }

    boolean at(Instant now) {
        Instant last = last();
        if (Duration.between(last, now).compareTo(QUIET) < 0) {
            return true;
        }
        // Whom nobody had stays dead until a file tells otherwise.
        boolean again = alive && Duration.between(asked, now).compareTo(PAUSE) >= 0;
        if (!last.equals(changed) || again) {
            changed = last;
            asked = now;
            alive = held.getAsBoolean();
        }
        return alive;
    }

    /** When one of the files was last written. */
    Instant last() {
        Instant last = Instant.EPOCH;
        for (Path file : files) {
            try {
                Instant time = Files.getLastModifiedTime(file).toInstant();
                last = time.isAfter(last) ? time : last;
            } catch (IOException e) {
                continue; // it is not there
            }
        }
        return last;
    }
}
