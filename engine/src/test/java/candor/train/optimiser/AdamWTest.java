package candor.train.optimiser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.ops.Backend;
import candor.ops.Backends;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdamWTest {
    @ParameterizedTest
    @CsvSource({
        "0.5, 1, 1",
        "1, 1, 0.999999000001",
        "4, 1, 0.2499999375000156",
        "4, 0, 1",
        "0, 1, 1",
        "3, 2.5, 0.8333330555556481"
    })
    void clippingIsAsInPyTorch(double norm, double max, double coefficient) {
        assertThat(AdamW.clip(norm, max)).isCloseTo(coefficient, within(1e-15));
    }

    /** Against the definition (Loshchilov and Hutter, algorithm 2) in double precision, one parameter at a time. */
    @Test
    void severalStepsFollowTheDefinition() {
        int n = 1031;
        Random random = new Random(3);
        AdamW.Settings settings = new AdamW.Settings(0.9, 0.95, 1e-6, 0.1, 2.0);
        try (Backend backend = Backends.open("cpu", 1)) {
            Tensor w = backend.allocate(DType.F32, 1, n);
            Tensor g = backend.allocate(DType.F32, 1, n);
            AdamW adamW = new AdamW(backend, settings, w, g);
            float[] start = floats(random, n);
            backend.upload(w, start);
            double[] expected = new double[n];
            double[] m = new double[n];
            double[] v = new double[n];
            for (int i = 0; i < n; i++) {
                expected[i] = start[i];
            }
            for (int step = 1; step <= 5; step++) {
                float[] gradient = floats(random, n);
                backend.upload(g, gradient);
                double squares = 0;
                for (float x : gradient) {
                    squares += (double) x * x;
                }
                double norm = adamW.gradNorm();
                assertThat(norm).isCloseTo(Math.sqrt(squares), within(1e-6));
                double rate = 0.01 * step;
                adamW.step(rate, norm);
                double clip = 2.0 / (Math.sqrt(squares) + 1e-6);
                for (int i = 0; i < n; i++) {
                    double d = gradient[i] * clip;
                    m[i] = 0.9 * m[i] + 0.1 * d;
                    v[i] = 0.95 * v[i] + 0.05 * d * d;
                    double mHat = m[i] / (1 - Math.pow(0.9, step));
                    double vHat = v[i] / (1 - Math.pow(0.95, step));
                    expected[i] -= rate * 0.1 * expected[i];
                    expected[i] -= rate * mHat / (Math.sqrt(vHat) + 1e-6);
                }
            }
            float[] got = new float[n];
            backend.download(got, w);
            for (int i = 0; i < n; i++) {
                assertThat((double) got[i]).isCloseTo(expected[i], within(2e-6));
            }
            assertThat(adamW.steps()).isEqualTo(5);
        }
    }

    @Test
    void aStepOnANonFiniteGradientIsRefused() {
        try (Backend backend = Backends.open("cpu", 1)) {
            Tensor w = backend.allocate(DType.F32, 1, 3);
            Tensor g = backend.allocate(DType.F32, 1, 3);
            AdamW adamW = new AdamW(backend, new AdamW.Settings(0.9, 0.999, 1e-8, 0, 1), w, g);
            backend.upload(g, new float[] {1, Float.NaN, 2});
            assertThat(adamW.gradNorm()).isNaN();
            assertThatThrownBy(() -> adamW.step(0.1, adamW.gradNorm())).isInstanceOf(IllegalArgumentException.class);
            assertThat(w.toFloats()).containsOnly(0f);
        }
    }

    private static float[] floats(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
