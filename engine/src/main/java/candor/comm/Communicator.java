package candor.comm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Who takes part, and bytes between them. All processes ask for the same exchanges in the same order; one thread of each asks at a
 * time. What does not arrive, since a process has ended, stands still or says that it cannot go on, is a {@link PeerFailed} in
 * every wait from then on.
 */
public interface Communicator extends AutoCloseable {
    /** A process alone. */
    Communicator ALONE = new OneProcess();

    /** No rank: all of them. */
    int ANY = -1;

    /** The number of this process, from 0. */
    int rank();

    /** How many processes there are. */
    int size();

    /** The number of this process among those of its machine, from 0. */
    int localRank();

    /** How many processes this machine has. */
    int localSize();

    /** Processors that this process may take: its part of those that it shares with others of its machine, at least one. */
    default int processors() {
        return Math.max(1, Runtime.getRuntime().availableProcessors() / localSize());
    }

    /** What moves the bytes, for people: "4 processes, Open MPI 4.1.4". */
    String description();

    /** Whether this process writes files and speaks to the user: one of them does. */
    default boolean leads() {
        return rank() == 0;
    }

    /**
     * Each process sends a piece to each, and gets one from each. The pieces of both lists stay as they are until the transfer
     * was waited for; what is sent to oneself is copied.
     *
     * @param to   by rank: what goes there; pieces may be empty, and are dense memory of the host
     * @param from by rank: where to put what comes from there; as long as what that process sends here
     */
    Transfer exchange(List<MemorySegment> to, List<MemorySegment> from);

    /** One process's piece goes to all: {@code bytes} is read at the root and written elsewhere, and as long everywhere. */
    Transfer broadcast(MemorySegment bytes, int root);

    /**
     * Tells all processes that this one cannot go on: their waits end with {@link PeerFailed}.
     *
     * @param reason   one line, for the user
     * @param badInput whether what this process was given is at fault
     */
    void fail(String reason, boolean badInput);

    /** Why nothing arrives any more, where that is so. */
    default Optional<PeerFailed> failure() {
        return Optional.empty();
    }

    /**
     * Tells once, on a thread of its own, when {@link #failure} has become known; whoever computes may notice it much later.
     *
     * @param action must not wait
     */
    default void whenFailed(Consumer<PeerFailed> action) {}

    /**
     * Whether this process waits for the others for as long as they work, and no longer gives them up after a time: it has nothing
     * to do before the first one, which may be busy by itself, tells it something.
     */
    default void patient(boolean on) {}

    /**
     * Asks all of them, this one too, to stop in order: {@link #stopAsked} says so here at once, and elsewhere soon. Other threads
     * than the one that asks for exchanges may call it.
     */
    default void askToStop() {}

    /** Whether one of them was asked to stop. */
    default boolean stopAsked() {
        return false;
    }

    /** Leaves; where nobody failed, after all others have come here, too. */
    @Override
    void close();

    /** Behind {@link #close}: goes on when the other processes of this machine have ended, or a few seconds later. */
    default void outlast() {}

    /** Goes on when all have come here. */
    default void barrier() {
        allGather(new byte[0]);
    }

    /** The root's bytes, everywhere. */
    default byte[] broadcast(byte[] bytes, int root) {
        if (size() == 1) {
            return bytes.clone();
        }
        try (Arena arena = Arena.ofShared()) {
            MemorySegment length = arena.allocate(ValueLayout.JAVA_LONG);
            if (rank() == root) {
                length.set(ValueLayout.JAVA_LONG, 0, bytes.length);
            }
            broadcast(length, root).await();
            int count = Math.toIntExact(length.get(ValueLayout.JAVA_LONG, 0));
            MemorySegment piece = arena.allocate(count);
            if (rank() == root) {
                piece.copyFrom(MemorySegment.ofArray(bytes));
            }
            broadcast(piece, root).await();
            return piece.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** The bytes of each process, by rank, at each of them. */
    default List<byte[]> allGather(byte[] mine) {
        return collect(mine, ANY);
    }

    /** The bytes of each process, by rank, at the root; an empty list elsewhere. */
    default List<byte[]> gather(byte[] mine, int root) {
        return collect(mine, root);
    }

    /** @param root who takes them, or {@link #ANY} */
    private List<byte[]> collect(byte[] mine, int root) {
        if (size() == 1) {
            return List.of(mine.clone());
        }
        boolean taking = root == ANY || root == rank();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_LONG, mine.length);
            MemorySegment lengths = arena.allocate(ValueLayout.JAVA_LONG, size());
            List<MemorySegment> each = new ArrayList<>();
            for (int r = 0; r < size(); r++) {
                each.add(lengths.asSlice(8L * r, 8));
            }
            exchange(Collections.nCopies(size(), length), each).await();
            MemorySegment piece = arena.allocate(mine.length);
            piece.copyFrom(MemorySegment.ofArray(mine));
            List<MemorySegment> to = new ArrayList<>();
            List<MemorySegment> from = new ArrayList<>();
            for (int r = 0; r < size(); r++) {
                to.add(root == ANY || r == root ? piece : MemorySegment.NULL);
                from.add(arena.allocate(taking ? lengths.getAtIndex(ValueLayout.JAVA_LONG, r) : 0));
            }
            exchange(to, from).await();
            if (!taking) {
                return List.of();
            }
            return from.stream()
                    .map(bytes -> bytes.toArray(ValueLayout.JAVA_BYTE))
                    .toList();
        }
    }
}
