package candor.comm.mpi;

import candor.bindings.MpiLibrary;
import candor.bindings.MpiLibrary.MpiException;
import candor.bindings.MpiLibrary.Place;
import candor.bindings.MpiLibrary.Told;
import candor.comm.Communicator;
import candor.comm.PeerFailed;
import candor.comm.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Processes over an MPI. One thread makes all of its calls, in the order in which transfers were asked for, and asks again and
 * again how they stand: that is what lets most MPIs move bytes, so that they move while other threads compute.
 *
 * <p>Whoever cannot go on tells it to all in a text of its own. A process that ends without a word is noticed by the processes of
 * its machine; one that stands still, after a time.
 */
public final class MpiCommunicator implements Communicator {
    /** Of one message: MPI counts them with an int. */
    static final long MOST_BYTES = 1 << 30;

    /** MPI promises tags up to 32767. */
    private static final int TAGS = 1 << 15;

    /** What the leader tells the others when it has said why all of them end. */
    private static final String END = "";

    /** In front of what one tells whose input is at fault. */
    private static final String INPUT = "\t";

    /** What one tells that was asked to stop. */
    private static final String STOP = "\n";

    private static final int SPINS = 200;
    private static final long PAUSE_NANOS = 20_000;
    private static final int LONGEST_PAUSE = 25;
    private static final long IDLE_MILLIS = 20;
    private static final long LOOK_NANOS = 50_000_000;
    private static final long FAREWELL_NANOS = 10_000_000_000L;
    private static final long OUTLAST_NANOS = 3_000_000_000L;
    private static final long DELIVERY_NANOS = 300_000_000L;

    /**
     * A transfer on its way.
     *
     * @param requests handles, null where done
     * @param ranks    whose message each of them is
     */
    private record Going(Arena arena, MemorySegment requests, int[] ranks, long since, CompletableFuture<Void> done) {}

    private final MpiLibrary library;
    private final Duration patience;
    private final long mostBytes;
    private final BlockingQueue<Runnable> asked = new LinkedBlockingQueue<>();
    private final List<Going> going = new ArrayList<>();
    private final CompletableFuture<Place> place = new CompletableFuture<>();
    private final CompletableFuture<Void> left = new CompletableFuture<>();
    private long transfers;

    private volatile Neighbours neighbours;

    // Of the thread that calls MPI.
    private long looked;
    private int idle;
    private boolean ended;
    private boolean leaving;

    private volatile boolean stop;
    private volatile boolean patient;
    private volatile PeerFailed failure;
    private final CompletableFuture<PeerFailed> known = new CompletableFuture<>();

    private MpiCommunicator(MpiLibrary library, Duration patience, long mostBytes) {
        this.library = library;
        this.mostBytes = mostBytes;
        this.patience = patience;
    }

    /**
     * Joins.
     *
     * @param patience  how long one process waits for another
     * @param mostBytes of one message; what is longer goes in several
     */
    static MpiCommunicator open(MpiLibrary library, Duration patience, long mostBytes) {
        MpiCommunicator opened = new MpiCommunicator(library, patience, mostBytes);
        Thread.ofPlatform().name("candor-mpi").daemon().start(opened::work);
        try {
            opened.place.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof MpiException cause ? cause : e;
        }
        opened.neighbours = new Neighbours(opened.rank(), opened.allGather(Neighbours.self()));
        return opened;
    }

    @Override
    public int rank() {
        return place.join().rank();
    }

    @Override
    public int size() {
        return place.join().size();
    }

    @Override
    public int localRank() {
        return place.join().localRank();
    }

    @Override
    public int localSize() {
        return place.join().localSize();
    }

    @Override
    public String description() {
        return size() + " processes, " + place.join().name();
    }

    @Override
    public Transfer exchange(List<MemorySegment> to, List<MemorySegment> from) {
        int tag = (int) (transfers++ % TAGS);
        List<Message> messages = new ArrayList<>();
        for (int step = 1; step < size(); step++) {
            // Each begins with another one, so that no process gets all messages at once.
            int source = Math.floorMod(rank() - step, size());
            cut(
                    from.get(source),
                    piece -> messages.add(new Message(source, slot -> library.receive(slot, piece, source, tag))));
        }
        for (int step = 1; step < size(); step++) {
            int target = (rank() + step) % size();
            cut(
                    to.get(target),
                    piece -> messages.add(new Message(target, slot -> library.send(slot, piece, target, tag))));
        }
        from.get(rank()).copyFrom(to.get(rank()));
        return begin(messages);
    }

    @Override
    public Transfer broadcast(MemorySegment bytes, int root) {
        List<Message> messages = new ArrayList<>();
        // Of those that take the root's bytes, MPI does not say who is late.
        int whose = rank() == root ? ANY : root;
        cut(bytes, piece -> messages.add(new Message(whose, slot -> library.broadcast(slot, piece, root))));
        return begin(messages);
    }

    /**
     * A message that is to begin.
     *
     * @param rank      whose it is, beside this process's; {@link #ANY} where that is several
     * @param beginning puts its handle into a slot
     */
    private record Message(int rank, Consumer<MemorySegment> beginning) {}

    private void cut(MemorySegment bytes, Consumer<MemorySegment> each) {
        for (long at = 0; at < bytes.byteSize(); at += mostBytes) {
            each.accept(bytes.asSlice(at, Math.min(mostBytes, bytes.byteSize() - at)));
        }
    }

    private Transfer begin(List<Message> messages) {
        if (messages.isEmpty()) {
            return Transfer.DONE;
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        asked.add(() -> begin(messages, done));
        return () -> {
            try {
                done.join();
            } catch (CompletionException e) {
                throw e.getCause() instanceof PeerFailed failed ? failed : e;
            }
        };
    }

    @Override
    public void fail(String reason, boolean badInput) {
        asked.add(() -> {
            if (failure == null) {
                end(badInput ? PeerFailed.ofBadInput(rank(), reason) : new PeerFailed(rank(), reason));
                tell((badInput ? INPUT : "") + reason);
            }
        });
    }

    @Override
    public void whenFailed(Consumer<PeerFailed> action) {
        known.thenAccept(why -> Thread.ofPlatform().daemon().start(() -> action.accept(why)));
    }

    @Override
    public void askToStop() {
        if (!stop) {
            stop = true;
            asked.add(() -> tell(STOP));
        }
    }

    @Override
    public boolean stopAsked() {
        return stop;
    }

    @Override
    public int processors() {
        return neighbours.processors();
    }

    @Override
    public void patient(boolean on) {
        patient = on;
    }

    @Override
    public Optional<PeerFailed> failure() {
        return Optional.ofNullable(failure);
    }

    @Override
    public void close() {
        if (failure == null) {
            // The first may still ask a judge for hours. It waits for the others as it does for any message.
            patient(!leads());
            try {
                barrier();
            } catch (PeerFailed e) {
                // The farewell below is the one of processes that have failed.
            }
        }
        asked.add(() -> leaving = true);
        left.join();
    }

    @Override
    public void outlast() {
        long since = System.nanoTime();
        while (!neighbours.allGone() && System.nanoTime() - since < OUTLAST_NANOS) {
            LockSupport.parkNanos(IDLE_MILLIS * 1_000_000);
        }
    }

    // ---- the thread that calls MPI

    private void work() {
        try {
            place.complete(library.open());
        } catch (RuntimeException e) {
            place.completeExceptionally(e);
            return;
        }
        while (!leaving) {
            try {
                turn();
            } catch (RuntimeException | OutOfMemoryError e) {
                end(speechless(e)); // were this thread gone, whoever waits for it would wait for ever
            }
        }
        try {
            leave();
        } finally {
            left.complete(null);
        }
    }

    private void turn() {
        Runnable next = next();
        if (next != null) {
            next.run();
            idle = 0;
        }
        if (progress()) {
            idle = 0;
        } else if (++idle > SPINS && !going.isEmpty()) {
            // A processor that waits busily is missing where others compute.
            LockSupport.parkNanos(PAUSE_NANOS * Math.min(LONGEST_PAUSE, idle - SPINS));
        }
        look();
    }

    private Runnable next() {
        try {
            return going.isEmpty() ? asked.poll(IDLE_MILLIS, TimeUnit.MILLISECONDS) : asked.poll();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void begin(List<Message> messages, CompletableFuture<Void> done) {
        if (failure == null) {
            try {
                start(messages, done);
            } catch (RuntimeException | OutOfMemoryError e) {
                end(speechless(e));
            }
        }
        if (failure != null) {
            done.completeExceptionally(failure);
        }
    }

    private void start(List<Message> messages, CompletableFuture<Void> done) {
        Arena arena = Arena.ofConfined();
        MemorySegment requests = arena.allocate(ValueLayout.ADDRESS, messages.size());
        int[] ranks = messages.stream().mapToInt(Message::rank).toArray();
        going.add(new Going(arena, requests, ranks, System.nanoTime(), done));
        for (int i = 0; i < ranks.length; i++) {
            long bytes = ValueLayout.ADDRESS.byteSize();
            messages.get(i).beginning.accept(requests.asSlice(i * bytes, bytes));
        }
    }

    private PeerFailed speechless(Throwable why) {
        return new PeerFailed(
                rank(),
                "processes cannot talk to one another: "
                        + (why instanceof MpiException said ? said.getMessage() : why.toString()));
    }

    /** Whether a transfer was done. */
    private boolean progress() {
        boolean some = false;
        for (int i = 0; failure == null && i < going.size(); i++) {
            Going each = going.get(i);
            try {
                if (library.test(each.requests) == 0) {
                    going.remove(i--);
                    each.arena.close();
                    each.done.complete(null);
                    some = true;
                }
            } catch (MpiException e) {
                int rank = waitingFor(each);
                end(new PeerFailed(rank, named(rank) + " cannot be reached: " + e.getMessage()));
            }
        }
        return some;
    }

    /** Whose message is not done. */
    private static int waitingFor(Going transfer) {
        for (int i = 0; i < transfer.ranks.length; i++) {
            if (transfer.requests.getAtIndex(ValueLayout.ADDRESS, i).address() != 0) {
                return transfer.ranks[i];
            }
        }
        return transfer.ranks[0];
    }

    /** Looks after the others, now and then. */
    private void look() {
        long now = System.nanoTime();
        if (now - looked < LOOK_NANOS) {
            return;
        }
        looked = now;
        listen();
        if (failure != null) {
            return;
        }
        if (neighbours != null) {
            OptionalInt gone = neighbours.gone();
            // What it said before it ended comes first.
            listen();
            if (failure == null && gone.isPresent()) {
                end(PeerFailed.silently(
                        gone.getAsInt(),
                        named(gone.getAsInt()) + " has ended without a word, as one that is"
                                + " killed does, or for which there is no more memory"));
            }
        }
        if (failure == null && !patient && !going.isEmpty() && now - going.getFirst().since > patience.toNanos()) {
            int rank = waitingFor(going.getFirst());
            end(PeerFailed.silently(
                    rank,
                    named(rank) + " has not answered for " + patience.toSeconds() + " s (" + Launch.PATIENCE
                            + " says how many to wait)"));
        }
    }

    private void listen() {
        try {
            for (Told told = library.told(); told != null; told = library.told()) {
                if (told.text().equals(STOP)) {
                    stop = true;
                    continue;
                }
                if (told.text().equals(END)) {
                    ended = true;
                }
                if (failure == null) {
                    end(failureOf(told));
                }
            }
        } catch (MpiException e) {
            end(speechless(e));
        }
    }

    private PeerFailed failureOf(Told told) {
        String name = named(told.from());
        if (ended) {
            return new PeerFailed(told.from(), name + " has ended");
        }
        return told.text().startsWith(INPUT)
                ? PeerFailed.ofBadInput(told.from(), name + ": " + told.text().substring(INPUT.length()))
                : new PeerFailed(told.from(), name + ": " + told.text());
    }

    private String named(int rank) {
        return rank == ANY ? "one of the other " + (size() - 1) + " processes" : "process " + rank + " of " + size();
    }

    /** From now on nothing arrives. */
    private void end(PeerFailed why) {
        if (failure == null) {
            failure = why;
            known.complete(why);
        }
        going.forEach(each -> each.done.completeExceptionally(failure));
        going.clear(); // their memory is still MPI's: it is not given back
    }

    private void tell(String text) {
        for (int r = 0; r < size(); r++) {
            if (r != rank()) {
                try {
                    library.tell(text, r);
                } catch (MpiException e) {
                    // It is gone, and needs no telling.
                }
            }
        }
    }

    /**
     * The leader says why all end, so nobody ends before it has: whoever started the processes ends the rest as soon as one does.
     */
    private void leave() {
        if (failure == null) {
            listen(); // what one was told at the end is not left lying
            library.close();
            return;
        }
        long since = System.nanoTime();
        if (rank() == 0) {
            tell(END);
        }
        long most = rank() == 0 ? DELIVERY_NANOS : FAREWELL_NANOS;
        while (System.nanoTime() - since < most && !ended) {
            listen();
            if (rank() != 0 && failure.rank() == 0) {
                return;
            }
            LockSupport.parkNanos(IDLE_MILLIS * 1_000_000);
        }
    }
}
