package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ArgmaxTest {
    @Test
    void isThePlainLoopAtAnySize() {
        SplittableRandom random = new SplittableRandom(1);
        for (int n = 1; n < 300; n++) {
            int at = n % 5;
            float[] values = new float[at + n + 7];
            for (int i = 0; i < values.length; i++) {
                values[i] = random.nextInt(40) - 20; // with many equals, and larger ones outside
            }
            values[at + n] = 99;
            int best = 0;
            for (int i = 1; i < n; i++) {
                best = values[at + i] > values[at + best] ? i : best;
            }
            assertThat(Argmax.max(values, at, n)).isEqualTo(values[at + best]);
            assertThat(Argmax.first(values, at, n, values[at + best])).isEqualTo(best);
        }
    }

    @Test
    void whatIsNoNumberShows() {
        for (int n = 1; n < 90; n++) {
            float[] values = new float[n];
            values[n / 2] = Float.NaN;
            assertThat(Argmax.max(values, 0, n)).isNaN();
            values[n / 2] = Float.POSITIVE_INFINITY;
            assertThat(Argmax.max(values, 0, n)).isEqualTo(Float.POSITIVE_INFINITY);
            java.util.Arrays.fill(values, Float.NEGATIVE_INFINITY);
            assertThat(Argmax.max(values, 0, n)).isEqualTo(Float.NEGATIVE_INFINITY);
        }
    }

    @Test
    void bothZerosAreEqual() {
        assertThat(Argmax.max(new float[] {-0f, 0f}, 0, 2)).isZero();
        assertThat(Argmax.first(new float[] {-0f, 0f}, 0, 2, 0f)).isZero();
    }
}
