package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.LANES;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every tile loop, also those that other machines take: a chain of fused multiply-adds for each element, to the last bit. */
class PanelKernelsTest {
    private static final int OFFSET = 5;

    @FunctionalInterface
    private interface Kernel {
        void run(float[] a, int ao, float[] b, int bo, int k, float[] from, float[] tile);
    }

    @FunctionalInterface
    private interface Place {
        int of(int row, int p);
    }

    private static final Place ALONG = (row, p) -> row * PanelKernels.ROW + p;
    private static final Place ACROSS = (row, p) -> p * PanelKernels.GROUP + row;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 15, 16, 17, 113, 255, 256, PanelKernels.ROW})
    void tilesAreChainsOfFusedMultiplyAdds(int k) {
        check(PanelKernels::along8x2, ALONG, 8, COLUMNS, k);
        check(PanelKernels::along8x1, ALONG, 8, LANES, k);
        check(PanelKernels::along6x2, ALONG, 6, COLUMNS, k);
        check(PanelKernels::along6x1, ALONG, 6, LANES, k);
        check(PanelKernels::along4x2, ALONG, 4, COLUMNS, k);
        check(PanelKernels::along4x1, ALONG, 4, LANES, k);
        check(PanelKernels::across4x2, ACROSS, 4, COLUMNS, k);
    }

    private static void check(Kernel kernel, Place place, int rows, int cols, int k) {
        SplittableRandom random = new SplittableRandom(k);
        float[] a = random(random, OFFSET + 8 * PanelKernels.ROW + PanelKernels.ROW * PanelKernels.GROUP);
        float[] b = random(random, OFFSET + (k + 1) * COLUMNS);
        float[] from = random(random, 8 * COLUMNS);
        float[] tile = random(random, 8 * COLUMNS);
        float[] want = tile.clone();
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                float sum = from[r * COLUMNS + c];
                for (int p = 0; p < k; p++) {
                    sum = Math.fma(a[OFFSET + place.of(r, p)], b[OFFSET + p * COLUMNS + c], sum);
                }
                want[r * COLUMNS + c] = sum;
            }
        }
        kernel.run(a, OFFSET, b, OFFSET, k, from, tile);
        assertThat(tile).isEqualTo(want);
        kernel.run(a, OFFSET, b, OFFSET, k, from, from); // where it starts from may be where it ends
        assertThat(Arrays.copyOf(from, cols)).isEqualTo(Arrays.copyOf(want, cols));
    }

    private static float[] random(SplittableRandom random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }
}
