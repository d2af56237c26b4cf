package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import candor.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Rounding to bf16, in vectors and beside them, bit by bit as {@link DType#floatToBf16} does it. */
class Bf16Test {
    /** For every value of bf16 what lies at it, and at both sides of the middle to the next: NaNs and infinities, too. */
    @Test
    void roundsAllNeighbourhoodsAsTheTypeDoes() {
        int[] beside = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
        float[] values = new float[beside.length * 0x10000 + 1]; // one is left over, whatever the vector
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.intBitsToFloat(i / beside.length << 16 | beside[i % beside.length]);
        }
        int[] expected = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            expected[i] = DType.floatToBf16(values[i]) << 16;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = arena.allocate(4L * values.length + 3);
            MemorySegment.copy(values, 0, from, ValueLayout.JAVA_FLOAT_UNALIGNED, 3, values.length);
            float[] copied = new float[values.length + 2];
            Bf16.copy(from, 3, copied, 1, values.length);
            assertThat(copied[0] + copied[values.length + 1]).isZero();
            assertThat(bits(Arrays.copyOfRange(copied, 1, values.length + 1))).isEqualTo(expected);
        }
        Bf16.round(values, 0, values.length);
        assertThat(bits(values)).isEqualTo(expected);
    }

    @Test
    void roundsNothingBeside() {
        float[] values = new float[3 * TileShape.LANES];
        Arrays.fill(values, 1.001f);
        Bf16.round(values, 2, TileShape.LANES + 3);
        for (int i = 0; i < values.length; i++) {
            assertThat(values[i]).isEqualTo(i >= 2 && i < TileShape.LANES + 5 ? 1f : 1.001f);
        }
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }
}
