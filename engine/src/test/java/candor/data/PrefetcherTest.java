package candor.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class PrefetcherTest {
    private static Iterator<Integer> count(int n) {
        return IntStream.range(0, n).boxed().iterator();
    }

    private static List<String> drain(Prefetcher<Integer, String> prefetcher) {
        List<String> results = new ArrayList<>();
        for (String result = prefetcher.next(); result != null; result = prefetcher.next()) {
            results.add(result);
        }
        return results;
    }

    /** Work that takes longer for some items than for those behind them. */
    private static String unevenly(int item) {
        if (item % 37 == 0) {
            Thread.yield();
            double x = item;
            for (int i = 0; i < 20_000; i++) {
                x = Math.sqrt(x + i);
            }
            return "r" + item + (x < 0 ? "?" : "");
        }
        return "r" + item;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 31, 32, 33, 64, 1023, 2000})
    void keepsTheOrderWhateverTheThreads(int n) {
        List<String> expected = IntStream.range(0, n).mapToObj(i -> "r" + i).toList();
        for (int threads = 1; threads <= 4; threads++) {
            try (Prefetcher<Integer, String> prefetcher =
                    new Prefetcher<>(count(n), PrefetcherTest::unevenly, threads, Prefetcher.ROWS)) {
                assertThat(drain(prefetcher)).isEqualTo(expected);
                assertThat(prefetcher.next()).isNull();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 32, 70, 999})
    void anErrorOfTheWorkComesInItsTurn(int bad) {
        try (Prefetcher<Integer, String> prefetcher = new Prefetcher<>(
                count(1000),
                item -> {
                    if (item >= bad) {
                        throw new BadInput("row " + item);
                    }
                    return "r" + item;
                },
                3,
                Prefetcher.ROWS)) {
            for (int i = 0; i < bad; i++) {
                assertThat(prefetcher.next()).isEqualTo("r" + i);
            }
            assertThatThrownBy(prefetcher::next).isInstanceOf(BadInput.class).hasMessage("row " + bad);
            assertThat(prefetcher.next()).isNull();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 32, 70})
    void anErrorOfTheSourceComesInItsTurn(int bad) {
        Iterator<Integer> source = new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                if (next == bad) {
                    throw new BadInput("line " + next);
                }
                return true;
            }

            @Override
            public Integer next() {
                return next++;
            }
        };
        try (Prefetcher<Integer, String> prefetcher =
                new Prefetcher<>(source, item -> "r" + item, 2, Prefetcher.ROWS)) {
            for (int i = 0; i < bad; i++) {
                assertThat(prefetcher.next()).isEqualTo("r" + i);
            }
            assertThatThrownBy(prefetcher::next).isInstanceOf(BadInput.class).hasMessage("line " + bad);
        }
    }

    @Test
    void aSlowTakerStopsTheSource() throws InterruptedException {
        AtomicInteger taken = new AtomicInteger();
        Iterator<Integer> endless = new Iterator<>() {
            @Override
            public boolean hasNext() {
                return true;
            }

            @Override
            public Integer next() {
                return taken.getAndIncrement();
            }
        };
        Prefetcher<Integer, String> prefetcher = new Prefetcher<>(endless, item -> "r" + item, 2, Prefetcher.ROWS);
        try {
            assertThat(prefetcher.next()).isEqualTo("r0");
            int before;
            do {
                before = taken.get();
                TimeUnit.MILLISECONDS.sleep(50);
            } while (taken.get() != before);
            assertThat(before).as("items taken for one result").isLessThanOrEqualTo(32 * (2 * 4 + 2));
        } finally {
            prefetcher.close();
        }
        int atClose = taken.get();
        TimeUnit.MILLISECONDS.sleep(20);
        assertThat(taken.get()).as("closed means that the source is let go").isEqualTo(atClose);
    }

    @Test
    void closesWhileWorkIsUnderWay() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        AtomicInteger running = new AtomicInteger();
        Prefetcher<Integer, String> prefetcher = new Prefetcher<>(
                count(10_000),
                item -> {
                    running.incrementAndGet();
                    started.countDown();
                    double x = item;
                    for (int i = 0; i < 100_000; i++) {
                        x = Math.sqrt(x + i);
                    }
                    running.decrementAndGet();
                    return "r" + x;
                },
                2,
                1);
        assertThat(started.await(30, TimeUnit.SECONDS)).isTrue();
        prefetcher.close();
        assertThat(running).hasValue(0);
        prefetcher.close();
        assertThatThrownBy(prefetcher::next).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aBrokenSourceIsNoSilentEnd() {
        Iterator<Integer> lying = new Iterator<>() {
            @Override
            public boolean hasNext() {
                return true;
            }

            @Override
            public Integer next() {
                throw new NoSuchElementException("lied");
            }
        };
        try (Prefetcher<Integer, String> prefetcher = new Prefetcher<>(lying, item -> "r" + item, 1, 1)) {
            assertThatThrownBy(prefetcher::next).isInstanceOf(NoSuchElementException.class);
        }
    }
}
