package candor.comm.mpi;

import candor.comm.Communicator;
import candor.comm.PeerFailed;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** A program for several processes: what it is told to do, and a line of what came of it. */
final class Exchanges {
    private Exchanges() {}

    public static void main(String[] args) throws InterruptedException {
        long mostBytes = args.length == 2 ? Long.parseLong(args[1]) : MpiCommunicator.MOST_BYTES;
        Communicator comm = Launch.of(System.getenv()).orElseThrow().join(mostBytes);
        int code = 0;
        try {
            switch (args[0]) {
                case "exchange" -> System.out.println(comm.rank() + " " + comm.localRank() + " " + exchange(comm));
                case "fail" -> fail(comm);
                case "die" -> die(comm);
                case "hang" -> hang(comm);
                case "late" -> late(comm);
                case "stop" -> stop(comm);
                default -> throw new IllegalArgumentException(args[0]);
            }
        } catch (PeerFailed e) {
            code = 1;
            if (comm.leads()) {
                System.out.println("failed " + e.rank() + ": " + e.getMessage());
            }
        }
        System.out.flush();
        comm.close();
        System.exit(code);
    }

    /** Sums of what came: pieces of many lengths, some of them in flight at once. */
    private static long exchange(Communicator comm) {
        long sum = 0;
        try (Arena arena = Arena.ofShared()) {
            for (int length : new int[] {0, 1, 7, 4096, 300_001}) {
                List<MemorySegment> to = new ArrayList<>();
                List<MemorySegment> from = new ArrayList<>();
                for (int r = 0; r < comm.size(); r++) {
                    MemorySegment piece = arena.allocate(ValueLayout.JAVA_INT, length);
                    for (int i = 0; i < length; i++) {
                        piece.setAtIndex(ValueLayout.JAVA_INT, i, comm.rank() * 1000 + r);
                    }
                    to.add(piece);
                    from.add(arena.allocate(ValueLayout.JAVA_INT, length));
                }
                MemorySegment spread = arena.allocate(ValueLayout.JAVA_INT, length);
                if (comm.rank() == 1) {
                    spread.fill((byte) 1);
                }
                var first = comm.exchange(to, from);
                comm.broadcast(spread, 1).await();
                first.await();
                for (int r = 0; r < comm.size(); r++) {
                    for (int i = 0; i < length; i++) {
                        if (from.get(r).getAtIndex(ValueLayout.JAVA_INT, i) != r * 1000 + comm.rank()) {
                            throw new IllegalStateException("from " + r + " at " + i);
                        }
                    }
                }
                for (int i = 0; i < length; i++) {
                    sum += spread.getAtIndex(ValueLayout.JAVA_INT, i) == 0x01010101 ? 1 : 0;
                }
            }
        }
        return sum
                + comm.allGather(new byte[comm.rank()]).stream()
                        .mapToInt(each -> each.length)
                        .sum();
    }

    private static void fail(Communicator comm) {
        if (comm.rank() == 1) {
            comm.fail("the disk is full", false);
        } else {
            comm.barrier();
        }
    }

    private static void die(Communicator comm) {
        if (comm.rank() == 1) {
            Runtime.getRuntime().halt(137);
        }
        comm.barrier();
    }

    private static void hang(Communicator comm) throws InterruptedException {
        if (comm.rank() == 1) {
            Thread.sleep(5000);
        }
        comm.barrier();
    }

    /** The last is asked to stop, and waits for no exchange before it knows that the others know. */
    private static void stop(Communicator comm) throws InterruptedException {
        if (comm.rank() == comm.size() - 1) {
            comm.askToStop();
        }
        while (!comm.stopAsked()) {
            Thread.sleep(1);
        }
        System.out.println(comm.rank() + " stops");
    }

    /** The first has more to do than the others. */
    private static void late(Communicator comm) throws InterruptedException {
        if (comm.leads()) {
            Thread.sleep(5000);
            System.out.println("all is done");
        }
    }
}
