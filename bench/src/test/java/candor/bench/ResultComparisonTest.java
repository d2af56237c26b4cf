package candor.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultComparisonTest {
    @TempDir
    Path folder;

    /**
     * Logarithms −1, 0, 1 and 0, 1, 2: the means differ by 1, the standard error is √(1/3 + 1/3), Welch's degrees of freedom are
     * four, and Student's t at 97.5 % is 2.7764.
     */
    @Test
    void theIntervalIsWelchs() {
        ResultComparison.Ratio ratio = ResultComparison.ratio(new double[] {-1, 0, 1}, new double[] {0, 1, 2});
        assertThat(ratio.value()).isCloseTo(Math.E, within(1e-12));
        assertThat(ratio.low()).isCloseTo(Math.exp(1 - 2.776445 * Math.sqrt(2.0 / 3)), within(1e-6));
        assertThat(ratio.high()).isCloseTo(Math.exp(1 + 2.776445 * Math.sqrt(2.0 / 3)), within(1e-4));
    }

    @Test
    void whatBothHaveIsCompared() throws IOException {
        Path a = write("a.json", result("tiny", 10, 10), result("small", 5, 5));
        Path b = write("b.json", result("tiny", 20, 20));
        assertThat(ResultComparison.of(a, b).lines().skip(2))
                .containsExactly("| OpBenchmark.run tiny | 10.00 | 20.00 | us/op | 2.000 |     2.000 | 2.000 |");
    }

    @Test
    void filesThatAreNoneAreNamed() throws IOException {
        Path broken = Files.writeString(folder.resolve("x.json"), "{");
        assertThatThrownBy(() -> ResultComparison.of(broken, broken)).isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> ResultComparison.of(folder.resolve("none"), broken))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("no such file");
    }

    private Path write(String name, String... results) throws IOException {
        return Files.writeString(folder.resolve(name), "[" + String.join(",", results) + "]");
    }

    private static String result(String model, double... samples) {
        return """
            {"benchmark": "candor.bench.OpBenchmark.run", "params": {"model": "%s"},
             "primaryMetric": {"score": %s, "scoreUnit": "us/op", "rawData": [[%s, %s]]}}\
            """.formatted(model, samples[0], samples[0], samples[1]);
    }
}
