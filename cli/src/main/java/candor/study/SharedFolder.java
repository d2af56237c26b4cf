package candor.study;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * A folder that several machines share. What one of them has just written another one may see later: clients of NFS, for one, keep
 * for up to a minute what they have found missing (nfs(5), acdirmax).
 */
final class SharedFolder {
    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(90);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private SharedFolder() {}

    /** Goes on when all are seen, or after a time: then whoever reads them says what is missing. */
    static void await(List<Path> paths, Predicate<Path> seen) {
        long since = System.nanoTime();
        for (Path path : paths) {
            while (!seen.test(path) && System.nanoTime() - since < MOST_NANOS) {
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }
    }
}
