package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.study.StudyPlan.BenchmarkPlan;
import candor.train.TrainListener;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The arithmetic of estimates, on a clock and on rates that are made up. */
class ForecastTest {
    private long now;
    private final List<String> lines = new ArrayList<>();

    private void at(double seconds) {
        now = Math.round(seconds * 1e9);
    }

    @Test
    void stepsSayHowLongTheRestTakes() {
        Forecast forecast = new Forecast(TrainListener.NONE, List.of(), lines::add, () -> now);
        // Five seconds for the first step, half a second for each of the others.
        at(5);
        forecast.counted(1, 101);
        for (int step = 2; step <= 101; step++) {
            at(5 + 0.5 * (step - 1));
            forecast.counted(step, 101);
        }
        assertThat(lines).containsExactly("time: about 0:00:55 in all, judging by 3 steps");
        at(61);
        forecast.over();
        assertThat(lines.getLast()).isEqualTo("time: took 0:01:01, and about 0:00:55 was expected");
    }

    /** Loops are compiled in the first seconds: the later half counts, and a look after ten seconds corrects the first. */
    @Test
    void stepsThatBecomeFasterAreLookedAtAgain() {
        Forecast forecast = new Forecast(TrainListener.NONE, List.of(), lines::add, () -> now);
        double time = 0;
        for (int step = 1; step <= 1000; step++) {
            time += step <= 3 ? 1 : step <= 23 ? 0.1 : 0.05;
            at(time);
            forecast.counted(step, 1000);
        }
        assertThat(lines).hasSize(2);
        assertThat(lines.getLast()).isEqualTo("time: about 0:00:54 in all, judging by 100 steps");
        forecast.over();
        assertThat(lines.getLast()).isEqualTo("time: took 0:00:54, and about 0:00:54 was expected");
    }

    /** A run that goes on has only its own steps to be judged by. */
    @Test
    void stepsOfAnEarlierStartAreNotCounted() {
        Forecast forecast = new Forecast(TrainListener.NONE, List.of(), lines::add, () -> now);
        at(1);
        forecast.counted(91, 100);
        for (int step = 92; step <= 96; step++) {
            at(1 + 2 * (step - 91));
            forecast.counted(step, 100);
        }
        assertThat(lines).containsExactly("time: about 0:00:19 in all, judging by 3 steps");
    }

    @Test
    void aRunThatIsOverAtOnceIsNotForetold() {
        Forecast forecast = new Forecast(TrainListener.NONE, List.of(), lines::add, () -> now);
        at(0.5);
        forecast.counted(1, 1);
        forecast.over();
        assertThat(lines).containsExactly("time: took 0:00:01");
    }

    @Test
    void ratesBecomeSeconds() {
        // A thousand tokens a second forward and backward, four thousand forward; 32 replies go on together, 50 steps a
        // second.
        Rates rates = new Rates(1e-3, 0.25e-3, 0.5e-3, 0.02, 32);
        assertThat(rates.training(3_600_000, 400_000)).isCloseTo(3700, within(1e-6));
        // 48 replies: 9,600 tokens of prompts, 64 new tokens each.
        BenchmarkPlan benchmark = new BenchmarkPlan("mask", 12, 48, 9_600, 48 * 64, 0);
        assertThat(rates.answering(benchmark)).isCloseTo(4.8 + 48 * 64 / 32.0 * 0.02, within(1e-9));
        assertThat(Rates.time(3700)).isEqualTo("1:01:40");
        assertThat(Rates.time(0.01)).isEqualTo("0:00:01");
    }
}
