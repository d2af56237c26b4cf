package candor.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.BadInput;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The profile of a step is a table whose shares are of the whole step. */
class ProfileTest {
    @ParameterizedTest
    @CsvSource({"sft, float32", "kto, float32", "sft, bfloat16"})
    void sharesAddUpToTheStep(String objective, String operands) {
        String text = Profile.measure(new Profile.Setting("world", objective, 2, 2, 6, 3, operands, 0), 1e12);
        assertThat(text).contains("operands " + operands);
        List<String[]> rows = text.lines()
                .filter(line -> line.startsWith("| ") && line.contains("%"))
                .map(line -> line.split("\\|"))
                .toList();
        assertThat(rows).allMatch(cells -> cells.length == 8);
        assertThat(rows.stream().map(cells -> cells[1].strip()))
                .contains(
                        "linears 128 to 384 + 384",
                        "linear 384 to 128",
                        "linearBackward 384 to 128",
                        "attention",
                        "logProb 128 to 1024",
                        "adamW",
                        "outside operations");
        double sum = rows.stream()
                .mapToDouble(
                        cells -> Double.parseDouble(cells[4].replace("%", "").strip()))
                .sum();
        assertThat(sum).isCloseTo(100, within(0.05 * rows.size()));
    }

    @Test
    void whatItCannotMeasureIsRefused() {
        assertThatThrownBy(() -> new Profile.Setting("world", "dpo", 2, 2, 6, 3, "float32", 0))
                .isInstanceOf(BadInput.class)
                .hasMessage("--param objective=dpo: not one of sft, kto");
        assertThatThrownBy(() -> new Profile.Setting("world", "sft", 2, 0, 6, 3, "float32", 0))
                .isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> new Profile.Setting("world", "sft", 2, 2, 6, 3, "float16", 0))
                .isInstanceOf(BadInput.class)
                .hasMessage("--param dtype=float16: not one of float32, bfloat16");
    }
}
