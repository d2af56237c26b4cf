package candor.comm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommunicatorTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** What each process of a group gets, by rank. */
    private static <T> List<T> together(int size, Function<Communicator, T> work) throws Exception {
        List<T> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(size)) {
            List<Future<T>> running = new ArrayList<>();
            for (Communicator each : ThreadCommunicator.group(size, PATIENCE)) {
                running.add(threads.submit(() -> work.apply(each)));
            }
            for (Future<T> each : running) {
                results.add(each.get());
            }
        }
        return results;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void everyPieceArrivesWhereItIsMeantFor(int size) throws Exception {
        List<List<String>> got = together(size, comm -> {
            try (Arena arena = Arena.ofShared()) {
                List<MemorySegment> to = new ArrayList<>();
                List<MemorySegment> from = new ArrayList<>();
                for (int r = 0; r < size; r++) {
                    to.add(arena.allocateFrom(comm.rank() + ">" + r));
                    from.add(arena.allocate(4));
                }
                comm.exchange(to, from).await();
                return from.stream().map(piece -> piece.getString(0)).toList();
            }
        });
        for (int r = 0; r < size; r++) {
            for (int s = 0; s < size; s++) {
                assertThat(got.get(r).get(s)).isEqualTo(s + ">" + r);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void bytesOfAnyLengthAreGatheredAndSpread(int size) throws Exception {
        List<List<byte[]>> all = together(size, comm -> comm.allGather(new byte[comm.rank() * 3]));
        assertThat(all).allSatisfy(each -> {
            for (int r = 0; r < size; r++) {
                assertThat(each.get(r)).hasSize(r * 3);
            }
        });
        int root = size - 1;
        List<List<byte[]>> atRoot = together(size, comm -> comm.gather(new byte[] {(byte) comm.rank()}, root));
        for (int r = 0; r < root; r++) {
            assertThat(atRoot.get(r)).isEmpty();
            assertThat(atRoot.get(root).get(r)).containsExactly(r);
        }
        List<byte[]> spread = together(size, comm -> comm.broadcast(new byte[] {7, (byte) comm.rank()}, root));
        assertThat(spread).allSatisfy(each -> assertThat(each).containsExactly(7, root));
    }

    @Test
    void transfersThatOverlapKeepTheirOrder() throws Exception {
        List<Long> got = together(2, comm -> {
            try (Arena arena = Arena.ofShared()) {
                MemorySegment[] in = new MemorySegment[2];
                Transfer[] going = new Transfer[2];
                for (int i = 0; i < 2; i++) {
                    in[i] = arena.allocate(ValueLayout.JAVA_LONG, 2);
                    MemorySegment out = arena.allocateFrom(ValueLayout.JAVA_LONG, 10L * i + comm.rank());
                    going[i] = comm.exchange(List.of(out, out), List.of(in[i].asSlice(0, 8), in[i].asSlice(8, 8)));
                }
                going[1].await();
                going[0].await();
                return in[0].getAtIndex(ValueLayout.JAVA_LONG, 1) * 100 + in[1].getAtIndex(ValueLayout.JAVA_LONG, 0);
            }
        });
        assertThat(got).containsExactly(110L, 110L);
    }

    @Test
    void whoeverFailsIsNamedToTheOthers() {
        assertThatThrownBy(() -> together(3, comm -> {
                    if (comm.rank() == 2) {
                        comm.fail("the disk is full", false);
                        return 0;
                    }
                    comm.barrier();
                    return 0;
                }))
                .isInstanceOf(ExecutionException.class)
                .rootCause()
                .isInstanceOf(PeerFailed.class)
                .hasMessage("process 2: the disk is full");
    }

    @Test
    void whoeverDoesNotAnswerIsNamed() {
        List<ThreadCommunicator> group = ThreadCommunicator.group(2, Duration.ofMillis(50));
        assertThatThrownBy(() -> group.getFirst().barrier())
                .isInstanceOf(PeerFailed.class)
                .hasMessage("process 1 has not answered for 0 s");
    }
}
