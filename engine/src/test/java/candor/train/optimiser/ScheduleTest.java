package candor.train.optimiser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleTest {
    /** The rates that transformers logged. */
    @ParameterizedTest
    @CsvSource({"llama3,sft", "llama3,kto", "qwen2,sft", "qwen2,kto", "qwen3,sft", "qwen3,kto"})
    void ratesAreThoseOfTheGoldens(String model, String kind) throws IOException {
        Path file = Path.of(System.getProperty("candor.goldens"), model, kind, "run.json");
        JsonNode run = new ObjectMapper().readTree(file.toFile());
        JsonNode settings = run.get("settings");
        String shape = settings.get("lr_scheduler_type").asText().replace("SchedulerType.", "");
        JsonNode log = run.get("log");
        Schedule schedule = new Schedule(
                Schedule.Shape.valueOf(shape.toUpperCase(Locale.ROOT)),
                settings.get("learning_rate").asDouble(),
                settings.get("warmup_steps").asInt(),
                log.size());
        for (int step = 0; step < log.size(); step++) {
            assertThat(schedule.rate(step))
                    .as("step " + step)
                    .isCloseTo(log.get(step).get("learning_rate").asDouble(), within(1e-17));
        }
    }

    /** Worked out by hand from the definitions: warm-up i/3; cosine (1 + cos(π·p))/2 at p = 0, 1/4, 1/2, 3/4; linear 1 − p. */
    @ParameterizedTest
    @CsvSource({
        "COSINE,   0, 0.3333333333333333, 0.6666666666666666, 1, 0.8535533905932737, 0.5, 0.1464466094067262",
        "LINEAR,   0, 0.3333333333333333, 0.6666666666666666, 1, 0.75, 0.5, 0.25",
        "CONSTANT, 0, 0.3333333333333333, 0.6666666666666666, 1, 1, 1, 1"
    })
    void shapesAreThoseOfTheDefinitions(
            Schedule.Shape shape, double r0, double r1, double r2, double r3, double r4, double r5, double r6) {
        Schedule schedule = new Schedule(shape, 2.0, 3, 7);
        double[] expected = {r0, r1, r2, r3, r4, r5, r6};
        for (int step = 0; step < 7; step++) {
            assertThat(schedule.rate(step)).isCloseTo(2 * expected[step], within(1e-15));
        }
    }

    @Test
    void withoutWarmupTheFirstStepHasThePeak() {
        for (Schedule.Shape shape : Schedule.Shape.values()) {
            assertThat(new Schedule(shape, 0.5, 0, 1).rate(0)).isEqualTo(0.5);
        }
    }

    @Test
    void behindTheEndNothingTurnsNegative() {
        assertThat(new Schedule(Schedule.Shape.LINEAR, 1, 0, 4).rate(6)).isZero();
        assertThat(new Schedule(Schedule.Shape.COSINE, 1, 0, 4).rate(4)).isZero();
    }

    @Test
    void stepsOfWarmupWinOverTheirRatio() {
        assertThat(Schedule.warmupSteps(5, 0.1, 312)).isEqualTo(5);
        assertThat(Schedule.warmupSteps(0, 0.1, 312)).isEqualTo(32);
        assertThat(Schedule.warmupSteps(0, 0, 312)).isZero();
    }
}
