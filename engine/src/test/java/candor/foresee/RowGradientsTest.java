package candor.foresee;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.lora.Adapter;
import candor.lora.AdapterShape.Place;
import candor.model.Recompute;
import candor.ops.cpu.CpuBackend;
import candor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a float64 computation in PyTorch (goldens/gradients), of each row alone. */
class RowGradientsTest {
    private static GoldenGradients golden(String name, int threads, Recompute recompute) {
        return new GoldenGradients(name, new CpuBackend(threads), threads, recompute);
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama3", "qwen2", "qwen3", "mistral", "gemma3"})
    void rowsOfAPackedPassHaveTheGradientsThatTheyHaveAlone(String name) {
        try (GoldenGradients golden = golden(name, 2, Recompute.NONE)) {
            List<float[]> gradients = golden.gradients(golden.rows);
            Adapter adapter = golden.bank.get(0);
            for (Place place : adapter.shape().sites().keySet()) {
                Tensor a = adapter.a(place.layer(), place.projection());
                Tensor b = adapter.b(place.layer(), place.projection());
                long aStart = adapter.layout().a(place.layer(), place.projection());
                long bStart = adapter.layout().b(place.layer(), place.projection());
                double[] ofA = golden.expected(name, place.module() + ".lora_A");
                double[] ofB = golden.expected(name, place.module() + ".lora_B");
                for (int row = 0; row < gradients.size(); row++) {
                    String where = place + ", row " + row;
                    compare(gradients.get(row), aStart, a.elements(), ofA[2 * row], ofA[2 * row + 1], where);
                    compare(gradients.get(row), bStart, b.elements(), ofB[2 * row], ofB[2 * row + 1], where);
                }
            }
        }
    }

    private static void compare(float[] gradient, long start, long count, double norm, double waves, String where) {
        double squares = 0;
        double sum = 0;
        for (int i = 0; i < count; i++) {
            double value = gradient[(int) start + i];
            squares += value * value;
            sum += value * Math.cos(i + 1);
        }
        assertThat(norm).isPositive();
        assertThat(Math.sqrt(squares)).as(where).isCloseTo(norm, within(2e-5 * norm));
        assertThat(sum).as(where).isCloseTo(waves, within(2e-5 * norm));
    }

    @Test
    void theBytesDependOnNeitherThreadsNorWhoSharesThePass() {
        List<float[]> together;
        List<float[]> oneByOne = new ArrayList<>();
        List<float[]> turned;
        try (GoldenGradients golden = golden("qwen3", 1, Recompute.NONE)) {
            together = golden.gradients(golden.rows);
            golden.rows.forEach(row -> oneByOne.addAll(golden.gradients(List.of(row))));
        }
        try (GoldenGradients golden = golden("qwen3", 3, Recompute.FULL)) {
            turned = golden.gradients(golden.rows.reversed()).reversed();
        }
        for (int row = 0; row < together.size(); row++) {
            assertThat(oneByOne.get(row)).containsExactly(together.get(row));
            assertThat(turned.get(row)).containsExactly(together.get(row));
        }
    }

    /** The sum of the rows' gradients is what training gets. */
    @Test
    void theRowsSumToTheGradientOfThePass() {
        try (GoldenGradients golden = golden("llama3", 2, Recompute.NONE)) {
            List<float[]> gradients = golden.gradients(golden.rows);
            float[] whole = new float[gradients.getFirst().length];
            golden.backend.download(whole, golden.bank.get(0).gradients());
            double norm = 0;
            double apart = 0;
            for (int p = 0; p < whole.length; p++) {
                double sum = 0;
                for (float[] row : gradients) {
                    sum += row[p];
                }
                norm += (double) whole[p] * whole[p];
                apart += (whole[p] - sum) * (whole[p] - sum);
            }
            assertThat(norm).isPositive();
            assertThat(Math.sqrt(apart / norm)).isLessThan(1e-6);
        }
    }
}
