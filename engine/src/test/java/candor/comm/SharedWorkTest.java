package candor.comm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SharedWorkTest {
    /** What the first of a group gets, and that all others have ended. */
    private static <T> T together(int size, Function<Communicator, T> lead, Function<Communicator, T> follow)
            throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(size)) {
            List<Future<T>> running = new ArrayList<>();
            for (Communicator each : ThreadCommunicator.group(size, Duration.ofSeconds(60))) {
                running.add(threads.submit(() -> (each.leads() ? lead : follow).apply(each)));
            }
            for (Future<T> each : running) {
                each.get();
            }
            return running.getFirst().get();
        }
    }

    private static List<byte[]> pieces(int count) {
        List<byte[]> pieces = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            pieces.add(("piece " + i).getBytes());
        }
        return pieces;
    }

    /** Backwards, and the second half of each text; nothing comes of 13. */
    private static SharedWork.Worker worker(Set<Integer> ranks, Communicator comm) {
        return (pieces, done) -> {
            ranks.add(comm.rank());
            for (int i = pieces.size() - 1; i >= 0; i--) {
                String text = new String(pieces.get(i)).substring("piece ".length());
                if (!text.equals("13")) {
                    done.done(i, text.getBytes());
                }
            }
        };
    }

    @ParameterizedTest
    @CsvSource({"1, 17, 2", "2, 17, 3", "3, 17, 1", "3, 2, 100", "5, 0, 4"})
    void theFirstHasEveryResultByItsPlace(int size, int count, int each) throws Exception {
        Set<Integer> ranks = ConcurrentHashMap.newKeySet();
        TreeMap<Integer, String> results = together(
                size,
                comm -> {
                    TreeMap<Integer, String> all = new TreeMap<>();
                    SharedWork.lead(
                            comm,
                            pieces(count),
                            each,
                            worker(ranks, comm),
                            (piece, result) -> assertThat(all.put(piece, new String(result)))
                                    .isNull(),
                            () -> false);
                    SharedWork.end(comm);
                    return all;
                },
                comm -> {
                    SharedWork.follow(comm, worker(ranks, comm), () -> false);
                    return null;
                });
        assertThat(results).hasSize(count > 13 ? count - 1 : count).doesNotContainKey(13);
        results.forEach((piece, result) -> assertThat(result).isEqualTo(String.valueOf(piece)));
        assertThat(ranks).hasSize(count == 0 ? 0 : size);
    }

    @Test
    void whatIsStoppedEndsWithItsRound() throws Exception {
        List<Integer> done = together(
                2,
                comm -> {
                    List<Integer> all = new ArrayList<>();
                    SharedWork.lead(
                            comm,
                            pieces(10),
                            2,
                            worker(ConcurrentHashMap.newKeySet(), comm),
                            (piece, result) -> all.add(piece),
                            () -> !all.isEmpty());
                    SharedWork.end(comm);
                    return all;
                },
                comm -> {
                    SharedWork.follow(comm, worker(ConcurrentHashMap.newKeySet(), comm), () -> false);
                    return null;
                });
        assertThat(done).containsExactlyInAnyOrder(0, 1, 2, 3);
    }

    /** One that is asked to stop gives up its share, and no round comes behind that: what it left is not passed over. */
    @Test
    void anotherThanTheFirstMayBeAskedToStop() throws Exception {
        List<Integer> done = together(
                3,
                comm -> {
                    List<Integer> all = new ArrayList<>();
                    SharedWork.lead(
                            comm,
                            pieces(30),
                            1,
                            worker(ConcurrentHashMap.newKeySet(), comm),
                            (piece, result) -> all.add(piece),
                            () -> false);
                    SharedWork.end(comm);
                    assertThat(comm.stopAsked()).isTrue();
                    return all;
                },
                comm -> {
                    AtomicInteger rounds = new AtomicInteger();
                    BooleanSupplier stop = () -> comm.rank() == 2 && rounds.get() == 2;
                    SharedWork.follow(
                            comm,
                            (pieces, done1) -> {
                                rounds.incrementAndGet();
                                if (!stop.getAsBoolean()) {
                                    worker(ConcurrentHashMap.newKeySet(), comm).work(pieces, done1);
                                }
                            },
                            stop);
                    return null;
                });
        assertThat(done).containsExactlyInAnyOrder(0, 1, 2, 3, 4);
    }

    @Test
    void whoIsToDoSomethingElseSaysSo() throws Exception {
        Function<Communicator, String> agree = comm -> {
            if (comm.rank() == 2) {
                assertThatThrownBy(() -> SharedWork.agree(comm, "{\"seed\": 8}"))
                        .isInstanceOf(BadInput.class)
                        .hasMessage(
                                "process 2 is to do something else than process 0: {\"seed\": 8}, not {\"seed\": 7};"
                                        + " start all of them with the same command, on the same files");
            } else {
                SharedWork.agree(comm, "{\"seed\": 7}");
            }
            return "";
        };
        together(3, agree, agree);
    }

    @Test
    void whatIsTooLargeToTravelSaysWhatToDo() {
        List<byte[]> parts = List.of(new byte[3 << 20], new byte[(2 << 20) + 1]);
        assertThat(SharedWork.whole(parts, (5 << 20) + 1)).hasSize((5 << 20) + 1);
        assertThatThrownBy(() -> SharedWork.whole(parts, 5 << 20))
                .isInstanceOf(BadInput.class)
                .hasMessage("what processes do together in a round takes 5 MiB, and they send 5 at once at most;"
                        + " lower batch_size: a round has 8 times as many rows for each process");
    }

    @Test
    void aProcessAloneHasAllThreads() {
        assertThat(SharedWork.threads(Communicator.ALONE, 0)).isZero();
        Communicator one = ThreadCommunicator.group(64, Duration.ofSeconds(1)).getFirst();
        assertThat(SharedWork.threads(one, 3)).isEqualTo(3);
        assertThat(SharedWork.threads(one, 0)).isBetween(1, Runtime.getRuntime().availableProcessors());
    }
}
