package candor.check;

import static org.assertj.core.api.Assertions.assertThat;

import candor.ops.Backend;
import candor.ops.TokenDraw;
import candor.ops.cpu.CpuBackend;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.EmulatedDevice;
import candor.ops.op.SampleTokens;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Every backend chooses the token that sorting and sums in float64 choose, of many random rows, and of numbers that are none. */
class SampleTokensTest {
    private static final float[] ODD = {
        Float.NaN,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Float.MIN_VALUE,
        -0f
    };

    private static void sample(Backend backend, int rows, int vocabulary, boolean odd) {
        SplittableRandom random = new SplittableRandom(rows + vocabulary);
        float[] values = new float[rows * vocabulary];
        List<TokenDraw> draws = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            double spread = new double[] {0, 0.01, 1, 3, 3, 20}[random.nextInt(6)];
            boolean tied = random.nextInt(4) == 0;
            for (int v = 0; v < vocabulary; v++) {
                double logit = spread * random.nextGaussian();
                values[row * vocabulary + v] = (float) (tied ? Math.rint(logit) : logit);
            }
            if (odd) {
                for (int i = 0; i < 3; i++) {
                    values[row * vocabulary + random.nextInt(vocabulary)] = ODD[random.nextInt(ODD.length)];
                }
            }
            int[] seen = random.ints(20, 0, vocabulary).toArray();
            draws.add(new TokenDraw(
                    new double[] {0, 0.1, 0.7, 1, 1, 2}[random.nextInt(6)],
                    new int[] {0, 1 + random.nextInt(Math.min(60, vocabulary)), 1 + random.nextInt(vocabulary)}
                            [random.nextInt(3)],
                    random.nextBoolean() ? 1 : random.nextDouble(0.01, 1),
                    random.nextInt(3) > 0 ? 1 : 1.1f,
                    seen,
                    random.nextInt(20),
                    random.nextDouble(1e-9, 1 - 1e-9)));
        }
        try (Arena arena = Arena.ofConfined();
                Workspace workspace = backend.workspace(
                        Workspace.bytesFor(DType.F32, rows, vocabulary) + Workspace.bytesFor(DType.F32, rows, 2))) {
            Tensor plain = Tensor.allocate(arena, DType.F32, rows, vocabulary);
            for (int i = 0; i < values.length; i++) {
                plain.set(i / vocabulary, i % vocabulary, values[i]);
            }
            Tensor expected = Tensor.allocate(arena, DType.F32, rows, 2);
            PlainSampling.run(new SampleTokens(expected, plain, draws));
            Tensor logits = workspace.take(rows, vocabulary);
            Tensor chosen = workspace.take(rows, 2);
            backend.upload(logits, values);
            backend.sampleTokens(chosen, logits, draws);
            float[] got = new float[2 * rows];
            backend.download(got, chosen);
            assertThat(got).isEqualTo(expected.toFloats());
        }
    }

    @Test
    void onTheProcessor() {
        try (Backend backend = new CpuBackend(2)) {
            for (int vocabulary : new int[] {1, 2, 17, 1000, 32_003}) {
                sample(backend, 400, vocabulary, false);
                sample(backend, 200, vocabulary, true);
            }
            sample(backend, 40, 151_936, false);
        }
    }

    @Test
    void onTheEmulatedDevice() {
        EmulatedDevice.assumeThere();
        try (Backend backend = CudaBackend.emulated()) {
            for (int vocabulary : new int[] {1, 2, 17, 1000}) {
                sample(backend, 300, vocabulary, false);
                sample(backend, 100, vocabulary, true);
            }
            sample(backend, 7, 151_936, false);
        }
    }
}
