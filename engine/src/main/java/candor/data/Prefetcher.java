package candor.data;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Works ahead: takes items from a source, works on them on several threads, and gives the results in the source's
 * order. The queue between is bounded, so a slow taker stops the source, and memory stays bounded too.
 *
 * <p>What goes wrong, in the source or in the work, is thrown by {@link #next} when its turn comes, behind all results
 * before it; then the stream is at its end. {@link #close} stops everything early and waits for the threads.
 */
public final class Prefetcher<T, R> implements AutoCloseable {
    /** Items handed over at once where the work on each is short: the hand-over then costs little beside it. */
    public static final int ROWS = 32;

    /** Chunks that are ready or worked on, for each worker. */
    private static final int CHUNKS_AHEAD = 4;

    /** Results of one chunk of items, and what ended the stream behind them: nothing, the end, or a failure. */
    private record Chunk<R>(List<R> results, boolean last, Throwable failure) {}

    private final Iterator<T> source;
    private final Function<T, R> work;
    private final int chunk;
    private final BlockingQueue<Future<Chunk<R>>> ahead;
    private final ExecutorService workers;
    private final Thread feeder;
    private volatile boolean closed;
    private Chunk<R> current = new Chunk<>(List.of(), false, null);
    private int taken;
    private long waitedNanos;

    /**
     * Starts at once.
     *
     * @param source is used by one other thread alone
     * @param work must allow calls from several threads
     * @param threads how many work, from 1; one more reads the source
     * @param chunk how many items are handed over at once: {@link #ROWS}, or 1 where items are large
     */
    public Prefetcher(Iterator<T> source, Function<T, R> work, int threads, int chunk) {
        this.source = source;
        this.work = work;
        this.chunk = chunk;
        ahead = new ArrayBlockingQueue<>(threads * CHUNKS_AHEAD);
        workers = Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().daemon().name("prefetch-", 1).factory());
        feeder = Thread.ofPlatform().daemon().name("prefetch-source").start(this::feed);
    }

    private void feed() {
        try {
            boolean more = true;
            while (more && !closed) {
                List<T> items = new ArrayList<>(chunk);
                Throwable failure = null;
                try {
                    while (items.size() < chunk && source.hasNext()) {
                        items.add(source.next());
                    }
                    more = items.size() == chunk;
                } catch (RuntimeException | Error e) {
                    failure = e;
                    more = false;
                }
                boolean last = !more;
                Throwable sourceFailure = failure;
                CompletableFuture<Chunk<R>> promise = new CompletableFuture<>();
                ahead.put(promise);
                workers.execute(() -> promise.complete(work(items, last, sourceFailure)));
            }
        } catch (InterruptedException e) {
            // Closed while the queue was full: nobody will ask for more.
            Thread.currentThread().interrupt();
        }
    }

    private Chunk<R> work(List<T> items, boolean last, Throwable sourceFailure) {
        List<R> results = new ArrayList<>(items.size());
        for (T item : items) {
            if (closed) {
                break;
            }
            try {
                results.add(work.apply(item));
            } catch (RuntimeException | Error e) {
                return new Chunk<>(results, true, e);
            }
        }
        return new Chunk<>(results, last, sourceFailure);
    }

    /**
     * The next result; null behind the last one.
     *
     * @throws RuntimeException what the source or the work threw at this place
     */
    public R next() {
        while (taken == current.results.size()) {
            if (current.failure != null) {
                Throwable failure = current.failure;
                current = new Chunk<>(List.of(), true, null);
                taken = 0;
                close();
                throw rethrown(failure);
            }
            if (current.last) {
                return null;
            }
            current = await();
            taken = 0;
        }
        return current.results.get(taken++);
    }

    private Chunk<R> await() {
        if (closed) {
            throw new IllegalStateException("closed");
        }
        long start = System.nanoTime();
        try {
            return ahead.take().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            close();
            throw new IllegalStateException("interrupted while waiting for data", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } finally {
            waitedNanos += System.nanoTime() - start;
        }
    }

    private static RuntimeException rethrown(Throwable failure) {
        switch (failure) {
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }

    /** How long {@link #next} has waited in all, in nanoseconds: what the taker lost to data that was not ready. */
    public long waitedNanos() {
        return waitedNanos;
    }

    /** Stops early, or does nothing where the stream has ended; when it returns, the source is in no thread's hands. */
    @Override
    public void close() {
        closed = true;
        feeder.interrupt();
        try {
            feeder.join();
            workers.shutdownNow();
            // Work in progress is one item long.
            workers.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
