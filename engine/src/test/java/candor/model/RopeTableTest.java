package candor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RopeTableTest {
    private static final Rope LLAMA31 = new Rope.Llama3(500_000, 8, 1, 4, 8192);

    static Stream<Rope> ropes() {
        return Stream.of(
                new Rope.Default(10_000),
                new Rope.Default(1_000_000),
                LLAMA31,
                new Rope.Llama3(500_000, 32, 1, 4, 8192),
                new Rope.Llama3(500_000, 8, 1, 4, 128));
    }

    @ParameterizedTest
    @MethodSource("ropes")
    void equalsTheFormulaInDouble(Rope rope) {
        for (int width : new int[] {2, 16, 64, 96, 128}) {
            float[] frequencies = RopeTable.frequencies(rope, width);
            assertThat(frequencies).hasSize(width / 2);
            for (int i = 0; i < frequencies.length; i++) {
                // Blending subtracts numbers of the size of the plain frequency, so its rounding is measured by that.
                double unit = Math.pow(rope.theta(), -2.0 * i / width);
                assertThat((double) frequencies[i]).isCloseTo(frequency(rope, i, width), within(1e-6 * unit));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("ropes")
    void cosinesStandBeforeSines(Rope rope) {
        int width = 48;
        int positions = 37;
        try (Arena arena = Arena.ofConfined()) {
            Tensor table = RopeTable.build(arena, rope, width, positions);
            assertThat(table.shape()).isEqualTo("F32 37 x 48");
            for (int p = 0; p < positions; p++) {
                for (int i = 0; i < width / 2; i++) {
                    double angle = p * frequency(rope, i, width);
                    assertThat(table.get(p, i)).isCloseTo(Math.cos(angle), within(1e-5));
                    assertThat(table.get(p, width / 2 + i)).isCloseTo(Math.sin(angle), within(1e-5));
                }
            }
        }
    }

    /** Far positions tell a float32 angle, as the reference computes it, from an exact one. */
    @Test
    void roundsTheAngleToFloat32() {
        Rope rope = new Rope.Default(10_000);
        int last = 9_999;
        int different = 0;
        try (Arena arena = Arena.ofConfined()) {
            Tensor table = RopeTable.build(arena, rope, 128, last + 1);
            for (int i = 0; i < 64; i++) {
                float frequency = 1 / (float) Math.pow(10_000, 2 * i / 128f);
                float angle = frequency * last;
                assertThat(table.get(last, i)).isEqualTo((double) (float) Math.cos(angle));
                assertThat(table.get(last, 64 + i)).isEqualTo((double) (float) Math.sin(angle));
                double exact = Math.cos(last * frequency(rope, i, 128));
                different += Math.abs(table.get(last, i) - exact) > 1e-5 ? 1 : 0;
            }
        }
        assertThat(different).isPositive();
    }

    /** All three zones of the scaling are met: divided, blended, kept. */
    @Test
    void llama3ScalesLongWavelengthsOnly() {
        float[] plain = RopeTable.frequencies(new Rope.Default(500_000), 128);
        float[] scaled = RopeTable.frequencies(LLAMA31, 128);
        int kept = 0;
        int divided = 0;
        for (int i = 0; i < plain.length; i++) {
            kept += scaled[i] == plain[i] ? 1 : 0;
            divided += scaled[i] == plain[i] / 8 ? 1 : 0;
        }
        assertThat(kept).isPositive();
        assertThat(divided).isPositive();
        assertThat(kept + divided).isLessThan(plain.length);
        assertThat(scaled[0]).isEqualTo(1f);
        assertThat(scaled[63]).isEqualTo(plain[63] / 8);
    }

    private static double frequency(Rope rope, int i, int width) {
        double plain = Math.pow(rope.theta(), -2.0 * i / width);
        if (!(rope instanceof Rope.Llama3 scaling)) {
            return plain;
        }
        double turns = scaling.originalMaxPosition() * plain / (2 * Math.PI);
        double share = (turns - scaling.lowFreqFactor()) / (scaling.highFreqFactor() - scaling.lowFreqFactor());
        double blend = Math.clamp(share, 0, 1);
        return plain * (blend + (1 - blend) / scaling.factor());
    }
}
