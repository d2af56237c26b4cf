package candor.hub;

import candor.BadInput;
import candor.io.GitHash;
import candor.io.IoReason;
import candor.io.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * One file on its way into the cache. What came is kept beside the place it is meant for ({@code ETAG.incomplete}) and is continued by a
 * range, in this process or a later one; it gets its name when it has the length and the hash that the repository says, and not before.
 */
final class Transfer {
    private static final int CHUNK = 1 << 18;

    private final HubClient client;
    private final HubCache cache;
    private final Surroundings around;
    private final BooleanSupplier ended;
    private final RepoName repo;
    private final RepoFile file;
    private final URI address;

    /** What is read from, for {@link #look}; null between attempts. */
    private volatile InputStream open;

    private volatile long lastByte;
    private long counted;

    /** Of all that is here. */
    private Sum sum;

    /** @param ended whether it shall end before its time: the user's wish, or another file's failure */
    Transfer(
            HubClient client,
            HubCache cache,
            Surroundings around,
            BooleanSupplier ended,
            RepoName repo,
            RepoFile file,
            URI address) {
        this.client = client;
        this.cache = cache;
        this.around = around;
        this.ended = ended;
        this.repo = repo;
        this.file = file;
        this.address = address;
    }

    /** Breaks off a read that waits for nothing, or that nobody wants any more; called from time to time by another thread. */
    void look(Duration patience) {
        InputStream reading = open;
        if (reading != null && (ended.getAsBoolean() || System.nanoTime() - lastByte > patience.toNanos())) {
            try {
                reading.close();
            } catch (IOException e) {
                return; // it is over either way
            }
        }
    }

    /**
     * Fetches it, if nobody has.
     *
     * @param counted bytes that the progress knows already
     * @return whether this process fetched it, so that nobody else knows the blob yet
     */
    boolean run(long counted) throws InterruptedException {
        this.counted = counted;
        try (BlobLock _ = BlobLock.take(
                cache.lock(repo, file),
                () -> around.notes().accept(file.path() + ": another process downloads it; waiting"),
                ended)) {
            if (Files.exists(cache.blob(repo, file))) {
                count(file.size());
                return false;
            }
            Path incomplete = cache.incomplete(repo, file);
            try {
                if (!fetch(incomplete)) {
                    // What an earlier process left may have been broken; what came in one go is the server's doing.
                    around.notes().accept(file.path() + ": what was there of it does not fit; from the beginning");
                    fetch(incomplete);
                }
                Files.move(incomplete, cache.blob(repo, file), StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                throw new BadInput(
                        incomplete + ": cannot be written (" + IoReason.of(e)
                                + "); check the folder, its permissions and the disk",
                        e);
            }
            return true;
        }
    }

    /** Whether what is here now is the file; if not, nothing of it is left. */
    private boolean fetch(Path incomplete) throws IOException, InterruptedException {
        try (FileChannel channel = FileChannel.open(
                incomplete, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (channel.size() > file.size()) {
                channel.truncate(0);
            }
            boolean earlier = channel.size() > 0;
            sum = new Sum(file);
            addAll(channel);
            count(channel.size());
            int attempts = 0;
            long most = channel.size();
            while (channel.size() < file.size()) {
                try {
                    attempt(channel);
                } catch (Passing trouble) {
                    goOn();
                    if (trouble.beyond()) {
                        restart(channel);
                    }
                    // What was here before and comes again is no progress, or this might never end.
                    attempts = channel.size() > most ? 1 : attempts + 1;
                    most = Math.max(most, channel.size());
                    client.rest(repo, attempts, trouble.at(file.path()), ended);
                }
            }
            String found = sum.hex();
            if (found.equals(file.etag())) {
                channel.force(true);
                return true;
            }
            restart(channel);
            if (earlier) {
                return false;
            }
            throw new BadInput(repo.name() + ": " + file.path() + " came with the hash " + found
                    + ", the repository says " + file.etag()
                    + "; what came was dropped. Try again later: a server on the way gives other bytes");
        }
    }

    private void addAll(FileChannel channel) throws IOException {
        byte[] chunk = new byte[CHUNK];
        ByteBuffer buffer = ByteBuffer.wrap(chunk);
        channel.position(0);
        for (int length = channel.read(buffer); length >= 0; length = channel.read(buffer.clear())) {
            goOn();
            sum.add(chunk, length);
        }
    }

    private void restart(FileChannel channel) throws IOException {
        channel.truncate(0);
        sum = new Sum(file);
        count(0);
    }

    /** Adds what one answer brings. */
    private void attempt(FileChannel channel) throws IOException, InterruptedException {
        HubClient.Bytes bytes = client.open(repo, file, address, channel.size());
        try (InputStream in = bytes.in()) {
            lastByte = System.nanoTime();
            open = in;
            if (bytes.etag().filter(this::isOther).isPresent()) {
                throw new BadInput(repo.name() + ": " + file.path() + " is another file on the server now ("
                        + bytes.etag().get() + ") than in the list of the commit (" + file.etag()
                        + "); give the same command again");
            }
            if (bytes.from() < channel.size()) {
                restart(channel); // the server knows no ranges
            }
            channel.position(channel.size());
            read(in, channel);
        } finally {
            open = null;
        }
    }

    /** Whether the server speaks of another file; words that are not a hash of the same kind say nothing. */
    private boolean isOther(String etag) {
        return etag.length() == file.etag().length() && etag.matches("[0-9a-f]+") && !etag.equals(file.etag());
    }

    private void read(InputStream in, FileChannel channel) throws IOException {
        byte[] chunk = new byte[CHUNK];
        while (true) {
            int length = next(in, chunk);
            if (length < 0) {
                if (channel.size() < file.size()) {
                    throw new Passing("the connection ended after " + channel.size() + " of " + file.size() + " bytes");
                }
                return;
            }
            lastByte = System.nanoTime();
            if (channel.size() + length > file.size()) {
                restart(channel);
                throw new BadInput(repo.name() + ": " + file.path() + " is longer than the " + file.size()
                        + " bytes that the repository says; what came was dropped");
            }
            ByteBuffer buffer = ByteBuffer.wrap(chunk, 0, length);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            sum.add(chunk, length);
            count(channel.size());
            goOn();
        }
    }

    private void goOn() {
        if (ended.getAsBoolean()) {
            throw new DownloadStopped();
        }
    }

    private int next(InputStream in, byte[] chunk) throws Passing {
        try {
            return in.read(chunk);
        } catch (IOException e) {
            goOn();
            throw new Passing("a broken connection (" + IoReason.of(e) + ")");
        }
    }

    /** Tells the progress how much of the file is here. */
    private void count(long here) {
        around.progress().moved(here - counted);
        counted = here;
    }

    /** The hash that names the content: SHA-256 of what git-lfs keeps, git's own of the rest. */
    private static final class Sum {
        private final Sha256 large;
        private final GitHash small;

        Sum(RepoFile file) {
            large = file.isLarge() ? new Sha256() : null;
            small = file.isLarge() ? null : new GitHash(file.size());
        }

        void add(byte[] bytes, int length) {
            if (large != null) {
                large.add(bytes, 0, length);
            } else {
                small.add(bytes, 0, length);
            }
        }

        String hex() {
            return large != null ? large.hex() : small.hex();
        }
    }
}
