package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void nothingIsKnownBeforeAnythingIsDone() {
        Pace pace = new Pace(0, 20);
        assertThat(pace.left(9 * SECOND, 60)).isEmpty();
        pace.at(10 * SECOND, 20);
        assertThat(pace.left(11 * SECOND, 60)).isEmpty();
    }

    @Test
    void whatWasDoneBeforeSaysNothing() {
        Pace pace = new Pace(0, 20);
        pace.at(2 * SECOND, 21);
        assertThat(pace.left(2 * SECOND, 60)).contains(Duration.ofSeconds(39 * 2));
    }

    /** The first step took ten seconds, those behind it one each. */
    @Test
    void theLaterHalfCounts() {
        Pace pace = new Pace(0, 0);
        for (int step = 1; step <= 20; step++) {
            pace.at((9 + step) * SECOND, step);
        }
        assertThat(pace.left(29 * SECOND, 60)).contains(Duration.ofSeconds(40));
        assertThat(pace.left(32 * SECOND, 60)).contains(Duration.ofSeconds(37));
    }

    @Test
    void neverNothingWhileThereIsSomethingLeft() {
        Pace pace = new Pace(0, 0);
        pace.at(SECOND, 59);
        assertThat(pace.left(SECOND, 60)).contains(Duration.ofSeconds(1));
        assertThat(pace.left(100 * SECOND, 60)).contains(Duration.ofSeconds(1));
        pace.at(101 * SECOND, 60);
        assertThat(pace.left(101 * SECOND, 60)).isEmpty();
    }

    @Test
    void aLongPastIsThinnedOut() {
        Pace pace = new Pace(0, 0);
        for (int step = 1; step <= 100_000; step++) {
            pace.at(step * SECOND, step);
        }
        assertThat(pace.left(100_000 * SECOND, 100_010)).contains(Duration.ofSeconds(10));
    }
}
