package candor.comm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;

/**
 * Threads of one JVM in the place of processes, each with a communicator of its own: what a number of processes computes can be
 * seen without starting any.
 */
public final class ThreadCommunicator implements Communicator {
    /** What travels: its place in the order of transfers, from whom, to whom. */
    private record Key(long transfer, int from, int to) {}

    /** What the communicators of one group share. */
    private static final class Post {
        private final Map<Key, CompletableFuture<byte[]>> boxes = new ConcurrentHashMap<>();
        private final CompletableFuture<PeerFailed> failure = new CompletableFuture<>();
        private volatile boolean stop;

        CompletableFuture<byte[]> box(Key key) {
            return boxes.computeIfAbsent(key, _ -> new CompletableFuture<>());
        }
    }

    private final Post post;
    private final int rank;
    private final int size;
    private final Duration patience;
    private long transfers;

    private ThreadCommunicator(Post post, int rank, int size, Duration patience) {
        this.post = post;
        this.rank = rank;
        this.size = size;
        this.patience = patience;
    }

    /**
     * The communicators of a group, by rank.
     *
     * @param patience how long one waits for another
     */
    public static List<ThreadCommunicator> group(int size, Duration patience) {
        Post post = new Post();
        return IntStream.range(0, size)
                .mapToObj(rank -> new ThreadCommunicator(post, rank, size, patience))
                .toList();
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public int localRank() {
        return rank;
    }

    @Override
    public int localSize() {
        return size;
    }

    @Override
    public String description() {
        return size + " threads";
    }

    @Override
    public Transfer exchange(List<MemorySegment> to, List<MemorySegment> from) {
        long transfer = transfers++;
        for (int r = 0; r < size; r++) {
            post.box(new Key(transfer, rank, r)).complete(to.get(r).toArray(ValueLayout.JAVA_BYTE));
        }
        return () -> {
            for (int r = 0; r < size; r++) {
                receive(new Key(transfer, r, rank), from.get(r));
            }
        };
    }

    @Override
    public Transfer broadcast(MemorySegment bytes, int root) {
        long transfer = transfers++;
        if (rank != root) {
            return () -> receive(new Key(transfer, root, rank), bytes);
        }
        byte[] content = bytes.toArray(ValueLayout.JAVA_BYTE);
        for (int r = 0; r < size; r++) {
            if (r != root) {
                post.box(new Key(transfer, rank, r)).complete(content);
            }
        }
        return Transfer.DONE;
    }

    private void receive(Key key, MemorySegment into) {
        CompletableFuture<byte[]> box = post.box(key);
        try {
            CompletableFuture.anyOf(box, post.failure).get(patience.toMillis(), TimeUnit.MILLISECONDS);
            if (!box.isDone()) {
                throw post.failure.join();
            }
            byte[] content = box.join();
            if (content.length != into.byteSize()) {
                throw new IllegalStateException("process " + key.from + " sent " + content.length + " bytes, expected "
                        + into.byteSize() + ": the processes do not ask for the same exchanges");
            }
            into.copyFrom(MemorySegment.ofArray(content));
            post.boxes.remove(key);
        } catch (TimeoutException e) {
            throw new PeerFailed(
                    key.from, "process " + key.from + " has not answered for " + patience.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PeerFailed(rank, "process " + rank + " was told to stop waiting");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void fail(String reason, boolean badInput) {
        String message = "process " + rank + ": " + reason;
        post.failure.complete(badInput ? PeerFailed.ofBadInput(rank, message) : new PeerFailed(rank, message));
    }

    @Override
    public void askToStop() {
        post.stop = true;
    }

    @Override
    public boolean stopAsked() {
        return post.stop;
    }

    @Override
    public void close() {
        // The group's memory goes with it.
    }
}
