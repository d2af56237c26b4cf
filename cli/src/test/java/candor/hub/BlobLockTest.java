package candor.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class BlobLockTest {
    @TempDir
    private Path folder;

    private Path file() {
        return folder.resolve("locks/some/e1.lock");
    }

    @Test
    void oneHasItAtATime() throws InterruptedException {
        try (BlobLock first = BlobLock.tryTake(file())) {
            assertThat(first).isNotNull();
            assertThat(BlobLock.tryTake(file())).isNull();
            AtomicInteger told = new AtomicInteger();
            assertThatThrownBy(() -> BlobLock.take(file(), told::incrementAndGet, () -> told.get() > 0))
                    .isInstanceOf(DownloadStopped.class);
            assertThat(told).hasValue(1);
        }
        try (BlobLock again = BlobLock.take(file(), () -> {}, () -> false)) {
            assertThat(again).isNotNull();
        }
        assertThat(file()).isEmptyFile();
    }

    /** flock(1) takes what Python's filelock takes. */
    @Test
    void itIsTheLockThatOtherProgramsTake() throws Exception {
        assumeTrue(thereIsFlock(), "skipped: flock(1) of util-linux is not there");
        try (BlobLock ours = BlobLock.tryTake(file())) {
            assertThat(ours).isNotNull();
            assertThat(flock("-n", file().toString(), "true").waitFor()).isEqualTo(1);
        }
        assertThat(flock("-n", file().toString(), "true").waitFor()).isZero();
        // -o: its command does not hold the lock, too, so that the end of flock is the end of it.
        Process theirs = flock("-o", file().toString(), "sh", "-c", "echo taken; exec sleep 60");
        assertThat(theirs.inputReader().readLine()).isEqualTo("taken");
        assertThat(BlobLock.tryTake(file())).isNull();
        theirs.descendants().forEach(ProcessHandle::destroyForcibly);
        theirs.destroyForcibly().waitFor();
        try (BlobLock free = BlobLock.take(file(), () -> {}, () -> false)) {
            assertThat(free).isNotNull();
        }
    }

    private static boolean thereIsFlock() throws InterruptedException {
        try {
            return flock("--version").waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static Process flock(String... arguments) throws IOException {
        String[] words = new String[arguments.length + 1];
        words[0] = "flock";
        System.arraycopy(arguments, 0, words, 1, arguments.length);
        return new ProcessBuilder(words).start();
    }

    /** The numbers are those of Linux's errno.h, and 35 macOS's EWOULDBLOCK. */
    @Test
    void onlyALockThatAnotherHasIsWaitedFor() {
        assertThat(BlobLock.mayPass(11)).isTrue();
        assertThat(BlobLock.mayPass(35)).isTrue();
        assertThat(BlobLock.mayPass(4)).isTrue();
        assertThat(BlobLock.mayPass(38)).isFalse(); // ENOSYS
        assertThat(BlobLock.mayPass(37)).isFalse(); // ENOLCK
        assertThat(BlobLock.mayPass(95)).isFalse(); // EOPNOTSUPP
    }

    @Test
    void aFolderThatCannotBeMadeIsTold() throws IOException {
        Files.writeString(folder.resolve("locks"), "a file");
        assertThatThrownBy(() -> BlobLock.tryTake(file())).hasMessageContaining("cannot be locked");
    }
}
