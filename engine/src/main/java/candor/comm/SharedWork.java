package candor.comm;

import candor.BadInput;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Work in pieces, of each of which the result depends on it alone: the first process hands them out in rounds, all of them do their
 * share, and the first takes the results. So one process writes, and the others need none of its files.
 */
public final class SharedWork {
    /** Takes results as they come. */
    @FunctionalInterface
    public interface Done {
        /** @param piece its place in the list */
        void done(int piece, byte[] result);
    }

    /** Does pieces, in any order; of one that it does not tell of, nothing came. */
    @FunctionalInterface
    public interface Worker {
        void work(List<byte[]> pieces, Done done);
    }

    private static final int NEAR = 40;

    /** As many as an array has places. */
    private static final int MOST_BYTES = Integer.MAX_VALUE - 8;

    /** Sequences that go through a model at once, so many times, are a good round: at its end, few of them are left to wait for. */
    public static final int ROUND = 8;

    private SharedWork() {}

    /**
     * Sees to it that all processes are about to do the same.
     *
     * @param what this process is to do, in any words
     * @throws BadInput in those where it is not what the first does
     */
    public static void agree(Communicator comm, String what) {
        byte[] mine = what.getBytes(StandardCharsets.UTF_8);
        byte[] first = comm.broadcast(mine, 0);
        int at = Arrays.mismatch(mine, first);
        if (at >= 0) {
            throw new BadInput(
                    "process " + comm.rank() + " is to do something else than process 0: " + near(mine, at) + ", not "
                            + near(first, at),
                    "start all of them with the same command, on the same files");
        }
    }

    private static String near(byte[] text, int at) {
        int from = Math.max(0, at - NEAR);
        int to = Math.min(text.length, at + NEAR);
        return from < to ? new String(text, from, to - from, StandardCharsets.UTF_8) : "nothing";
    }

    /**
     * The first process's part, which the others meet with {@link #follow}; {@link #end} lets them go.
     *
     * @param each pieces of each process in a round, at least 1
     * @param own  what this process does with its own
     * @param done hears of this process's pieces at once, and of the others' at the end of a round
     * @param stop asked before each round; when true here, or in another process, what is left is not done
     */
    public static void lead(
            Communicator comm, List<byte[]> pieces, int each, Worker own, Done done, BooleanSupplier stop) {
        if (comm.size() == 1) {
            own.work(pieces, done);
            return;
        }
        int round = (int) Math.min(Integer.MAX_VALUE, (long) each * comm.size());
        for (int from = 0; from < pieces.size() && !stop.getAsBoolean() && !comm.stopAsked(); from += round) {
            int start = from;
            List<byte[]> all = pieces.subList(from, from + Math.min(round, pieces.size() - from));
            comm.broadcast(joined(all), comm.rank());
            share(comm, all, own, (piece, result) -> done.done(start + piece, result));
            List<byte[]> others = comm.gather(new byte[0], comm.rank());
            for (byte[] results : others) {
                ByteBuffer theirs = ByteBuffer.wrap(results);
                if (theirs.hasRemaining() && theirs.get() != 0) {
                    comm.askToStop();
                }
                while (theirs.hasRemaining()) {
                    int piece = theirs.getInt();
                    done.done(start + piece, next(theirs));
                }
            }
        }
    }

    /** Lets those go that {@link #follow} this process. */
    public static void end(Communicator comm) {
        if (comm.size() == 1) {
            return;
        }
        comm.broadcast(new byte[0], comm.rank());
    }

    /**
     * Does a share of every round, until the first process ends it.
     *
     * @param stop whether this process was asked to stop, and may have left something undone: then the first does not go on
     */
    public static void follow(Communicator comm, Worker own, BooleanSupplier stop) {
        for (List<byte[]> all = separate(comm); !all.isEmpty(); all = separate(comm)) {
            List<byte[]> results = new ArrayList<>(List.of(new byte[1]));
            share(comm, all, own, (piece, result) -> {
                results.add(ByteBuffer.allocate(Integer.BYTES).putInt(piece).array());
                results.add(joined(List.of(result)));
            });
            results.set(0, new byte[] {(byte) (stop.getAsBoolean() ? 1 : 0)});
            comm.gather(whole(results), 0);
        }
    }

    /** In turns, so that long and short pieces that lie together come to all. */
    private static void share(Communicator comm, List<byte[]> all, Worker own, Done done) {
        List<byte[]> mine = new ArrayList<>();
        for (int piece = comm.rank(); piece < all.size(); piece += comm.size()) {
            mine.add(all.get(piece));
        }
        own.work(mine, (piece, result) -> done.done(comm.rank() + piece * comm.size(), result));
    }

    private static List<byte[]> separate(Communicator comm) {
        ByteBuffer from = ByteBuffer.wrap(comm.broadcast(new byte[0], 0));
        List<byte[]> pieces = new ArrayList<>();
        while (from.hasRemaining()) {
            pieces.add(next(from));
        }
        return pieces;
    }

    private static byte[] next(ByteBuffer from) {
        byte[] piece = new byte[from.getInt()];
        from.get(piece);
        return piece;
    }

    /** Each behind its length. */
    private static byte[] joined(List<byte[]> pieces) {
        List<byte[]> parts = new ArrayList<>();
        for (byte[] piece : pieces) {
            parts.add(ByteBuffer.allocate(Integer.BYTES).putInt(piece.length).array());
            parts.add(piece);
        }
        return whole(parts);
    }

    private static byte[] whole(List<byte[]> parts) {
        return whole(parts, MOST_BYTES);
    }

    /** @param most bytes in all */
    static byte[] whole(List<byte[]> parts, int most) {
        long bytes = parts.stream().mapToLong(part -> part.length).sum();
        if (bytes > most) {
            throw new BadInput(
                    "what processes do together in a round takes " + (bytes >> 20) + " MiB, and they send "
                            + (most >> 20) + " at once at most",
                    "lower {batch_size}: a round has " + ROUND + " times as many rows for each process");
        }
        ByteBuffer whole = ByteBuffer.allocate((int) bytes);
        parts.forEach(whole::put);
        return whole.array();
    }

    /**
     * Threads of this process, where all of a machine's share its processors.
     *
     * @param asked 0 for as many as there are
     */
    public static int threads(Communicator comm, int asked) {
        return asked == 0 && comm.localSize() > 1 ? comm.processors() : asked;
    }
}
