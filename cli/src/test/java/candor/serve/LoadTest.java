package candor.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short form of what {@link Load} does by hand for minutes. */
class LoadTest {
    @TempDir
    private Path folder;

    @Test
    void nothingIsLostOrLeftOver() throws Exception {
        try (TestServer served = TestServer.with()
                .adapter("severe", TestServer.adapter(folder.resolve("severe"), 4, 1))
                .bounds(8, 40, 2, 0, 0)
                .open()) {
            Load load = new Load(served.url, List.of("tiny-world", "severe"));
            Load.Outcome first = load.round(64, 120, 1);
            served.awaitIdle();
            long before = heap();
            Load.Outcome second = load.round(64, 120, 500);
            served.awaitIdle();
            for (Load.Outcome outcome : List.of(first, second)) {
                assertThat(outcome.whole() + outcome.vanished()).isEqualTo(120);
                assertThat(outcome.vanished()).isBetween(10, 110);
                assertThat(outcome.turnedAway()).isPositive();
                assertThat(outcome.different()).isZero();
            }
            assertThat(heap()).isLessThan(before + (8 << 20));
            assertThat(answered(served, 500)).isZero();
            int vanished = first.vanished() + second.vanished();
            assertThat(answered(served, 499)).isLessThanOrEqualTo(vanished);
            assertThat(answered(served, 200)).isGreaterThanOrEqualTo(4.0 * (first.whole() + second.whole()));
        }
    }

    /** Bytes in use after a collection. */
    private static long heap() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private static double answered(TestServer server, int status) throws Exception {
        return server.metric("candor_http_requests_total{path=\"/v1/chat/completions\",code=\"" + status + "\"}");
    }
}
