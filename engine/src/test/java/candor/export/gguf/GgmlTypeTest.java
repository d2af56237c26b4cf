package candor.export.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.MethodSource;

class GgmlTypeTest {
    private static final int SUPER_BLOCK = 256;

    private static byte[] encode(GgmlType type, float[] row) {
        byte[] bytes = new byte[Math.toIntExact(type.rowBytes(row.length))];
        type.encode(row, bytes, 0);
        return bytes;
    }

    private static float[] there(GgmlType type, float[] row) {
        return type.decode(ByteBuffer.wrap(encode(type, row)), row.length);
    }

    private static float[] filled(int length, float value) {
        float[] row = new float[length];
        Arrays.fill(row, value);
        return row;
    }

    private static float[] random(long seed, int length, double scale) {
        Random random = new Random(seed);
        float[] row = new float[length];
        for (int i = 0; i < length; i++) {
            row[i] = (float) (random.nextGaussian() * scale);
        }
        return row;
    }

    /** Rows that quantisers stumble over: two super-blocks each. */
    static Stream<float[]> rows() {
        float[] spike = random(5, 2 * SUPER_BLOCK, 1e-3);
        spike[77] = -40;
        float[] oneSided = random(6, 2 * SUPER_BLOCK, 1);
        float[] negative = oneSided.clone();
        for (int i = 0; i < oneSided.length; i++) {
            oneSided[i] = 3 + Math.abs(oneSided[i]);
            negative[i] = -oneSided[i];
        }
        return Stream.of(
                new float[2 * SUPER_BLOCK],
                filled(2 * SUPER_BLOCK, 0.37f),
                filled(2 * SUPER_BLOCK, -0.37f),
                filled(2 * SUPER_BLOCK, 60_000),
                filled(2 * SUPER_BLOCK, 1e-40f),
                random(1, 2 * SUPER_BLOCK, 0.02),
                random(2, 2 * SUPER_BLOCK, 1e-7),
                random(3, 2 * SUPER_BLOCK, 1e4),
                random(4, 2 * SUPER_BLOCK, 1e-42),
                spike,
                oneSided,
                negative);
    }

    @ParameterizedTest
    @MethodSource("rows")
    void plainTypesRoundToTheNearest(float[] row) {
        assertThat(there(GgmlType.F32, row)).isEqualTo(row);
        float[] halves = there(GgmlType.F16, row);
        float[] brains = there(GgmlType.BF16, row);
        for (int i = 0; i < row.length; i++) {
            assertThat(halves[i]).isEqualTo(Float.float16ToFloat(Float.floatToFloat16(row[i])));
            assertThat(brains[i]).isEqualTo(DType.bf16ToFloat(DType.floatToBf16(row[i])));
        }
    }

    /** No number is off by more than half a step, and a step is the largest of 32 / 127, rounded up to a half. */
    @ParameterizedTest
    @MethodSource("rows")
    void eightBitsAreOffByHalfAStep(float[] row) {
        float[] back = there(GgmlType.Q8_0, row);
        for (int block = 0; block < row.length; block += 32) {
            double step = largest(row, block, 32) / 127 * (1 + 0x1p-10) + 0x1p-24;
            for (int i = block; i < block + 32; i++) {
                assertThat((double) Math.abs(back[i] - row[i])).isLessThanOrEqualTo(step / 2 * (1 + 1e-6));
            }
        }
    }

    /** In the root mean square, no worse than half a step of the scale that reaches both ends; a number, than a step. */
    @ParameterizedTest
    @MethodSource("rows")
    void fiveBitsAreOffByHalfAStep(float[] row) {
        float[] back = there(GgmlType.Q5_0, row);
        for (int block = 0; block < row.length; block += 32) {
            double step = largest(row, block, 32) / 15 * (1 + 0x1p-10) + 0x1p-24;
            double squares = 0;
            for (int i = block; i < block + 32; i++) {
                double off = back[i] - (double) row[i];
                squares += off * off;
                assertThat(Math.abs(off)).isLessThanOrEqualTo(step * (1 + 1e-6));
            }
            assertThat(Math.sqrt(squares / 32)).isLessThanOrEqualTo(step / 2 * (1 + 1e-6));
        }
    }

    /**
     * In the root mean square of a part: half a step of its own range over 15 steps, and what six bits for its scale and its minimum
     * move it by, 15 times half a 63rd of the largest scale, and half a 63rd of the largest minimum.
     */
    @ParameterizedTest
    @MethodSource("rows")
    void fourBitsAreOffByHalfAStepOfTheirPart(float[] row) {
        float[] back = there(GgmlType.Q4_K, row);
        for (int block = 0; block < row.length; block += SUPER_BLOCK) {
            double mostScale = 0;
            double mostMinimum = 0;
            for (int part = block; part < block + SUPER_BLOCK; part += 32) {
                mostScale = Math.max(mostScale, range(row, part) / 14);
                mostMinimum = Math.max(mostMinimum, largest(row, part, 32));
            }
            double rounding = 15 * (mostScale / 126 + 0x1p-25) + mostMinimum / 126 + 0x1p-25;
            for (int part = block; part < block + SUPER_BLOCK; part += 32) {
                double squares = 0;
                for (int i = part; i < part + 32; i++) {
                    squares += Math.pow(back[i] - (double) row[i], 2);
                }
                assertThat(Math.sqrt(squares / 32))
                        .isLessThanOrEqualTo((range(row, part) / 30 + rounding) * (1 + 1e-3) + 1e-45);
            }
        }
    }

    private static double largest(float[] row, int from, int count) {
        double largest = 0;
        for (int i = from; i < from + count; i++) {
            largest = Math.max(largest, Math.abs(row[i]));
        }
        return largest;
    }

    /** From the least number, or zero, to the most. */
    private static double range(float[] row, int from) {
        double least = 0;
        double most = Double.NEGATIVE_INFINITY;
        for (int i = from; i < from + 32; i++) {
            least = Math.min(least, row[i]);
            most = Math.max(most, row[i]);
        }
        return most - least;
    }

    @Test
    void normalWeightsKeepTheirShape() {
        float[] row = random(9, 64 * SUPER_BLOCK, 0.02);
        assertThat(relative(GgmlType.Q8_0, row)).isBetween(0.003, 0.007);
        assertThat(relative(GgmlType.Q5_0, row)).isBetween(0.03, 0.05);
        assertThat(relative(GgmlType.Q4_K, row)).isBetween(0.05, 0.078);
    }

    private static double relative(GgmlType type, float[] row) {
        float[] back = there(type, row);
        double off = 0;
        double squares = 0;
        for (int i = 0; i < row.length; i++) {
            off += Math.pow(back[i] - (double) row[i], 2);
            squares += Math.pow(row[i], 2);
        }
        return Math.sqrt(off / squares);
    }

    /** What is stored comes back whole, whatever its size: the published formulas in float64 on random bytes. */
    @ParameterizedTest
    @EnumSource(
            value = GgmlType.class,
            names = {"Q8_0", "Q5_0", "Q4_K"})
    void bytesMeanWhatTheFormulasSay(GgmlType type) {
        Random random = new Random(11);
        for (int turn = 0; turn < 200; turn++) {
            byte[] block = new byte[Math.toIntExact(type.rowBytes(type.blockElements()))];
            random.nextBytes(block);
            ByteBuffer bytes = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
            finite(bytes, 0);
            if (type == GgmlType.Q4_K) {
                finite(bytes, 2);
            }
            float[] decoded = type.decode(ByteBuffer.wrap(block), type.blockElements());
            for (int i = 0; i < decoded.length; i++) {
                double expected = formula(type, bytes, i);
                double room =
                        type == GgmlType.Q4_K ? (Math.abs(half(bytes, 0)) * 945 + Math.abs(half(bytes, 2)) * 63) : 0;
                assertThat(decoded[i]).isCloseTo((float) expected, within((float) (room * 1e-6)));
            }
        }
    }

    private static void finite(ByteBuffer bytes, int at) {
        bytes.putShort(at, (short) (bytes.getShort(at) & 0xbbff));
    }

    private static double half(ByteBuffer bytes, int at) {
        return Float.float16ToFloat(bytes.getShort(at));
    }

    private static double formula(GgmlType type, ByteBuffer b, int i) {
        return switch (type) {
            case Q8_0 -> half(b, 0) * b.get(2 + i);
            case Q5_0 -> {
                int nibble = i < 16 ? b.get(6 + i) & 0xf : (b.get(6 + i - 16) & 0xf0) >> 4;
                int fifth = (b.get(2 + i / 8) >> i % 8) & 1;
                yield half(b, 0) * (nibble + 16 * fifth - 16);
            }
            case Q4_K -> {
                int part = i / 32;
                int two = b.get(16 + part / 2 * 32 + i % 32) & 0xff;
                int q = part % 2 == 0 ? two % 16 : two / 16;
                int[] s = new int[12];
                for (int j = 0; j < 12; j++) {
                    s[j] = b.get(4 + j) & 0xff;
                }
                int scale = part < 4 ? s[part] % 64 : s[part + 4] % 16 + s[part - 4] / 64 * 16;
                int minimum = part < 4 ? s[part + 4] % 64 : s[part + 4] / 16 + s[part] / 64 * 16;
                yield half(b, 0) * scale * q - half(b, 2) * minimum;
            }
            default -> throw new AssertionError(type);
        };
    }

    @Test
    void aBlockOfEightBitsIsAScaleAndBytes() {
        float[] row = new float[32];
        row[0] = 127;
        row[1] = -127;
        row[2] = 2.4f;
        row[31] = -1;
        byte[] bytes = encode(GgmlType.Q8_0, row);
        assertThat(bytes).hasSize(34).startsWith(0x00, 0x3c, 127, -127, 2, 0).endsWith(0, -1); // 0x3c00 is 1 as a half
    }

    @Test
    void aBlockOfFiveBitsKeepsTheFifthApart() {
        float[] row = new float[32];
        for (int i = 0; i < 32; i++) {
            row[i] = i - 16;
        }
        byte[] bytes = encode(GgmlType.Q5_0, row);
        assertThat(bytes)
                .hasSize(22)
                .startsWith(0x00, 0x3c, 0x00, 0x00, 0xff, 0xff, 0x00, 0x11, 0x22)
                .endsWith(0xee, 0xff);
        assertThat(there(GgmlType.Q5_0, row)).isEqualTo(row);
    }

    @Test
    void aSuperBlockKeepsWhatFitsItExactly() {
        float[] row = new float[SUPER_BLOCK];
        for (int i = 0; i < SUPER_BLOCK; i++) {
            int part = i / 32;
            row[i] = (part == 7 ? 63 : part + 1) * (i % 16) * 0.25f - (part == 0 ? 63 : part) * 0.5f;
        }
        byte[] bytes = encode(GgmlType.Q4_K, row);
        assertThat(bytes).hasSize(144);
        assertThat(there(GgmlType.Q4_K, row)).isEqualTo(row);
    }

    @ParameterizedTest
    @EnumSource(
            value = GgmlType.class,
            mode = Mode.EXCLUDE,
            names = {"F32", "F16", "BF16"})
    void theLargestNumberIsHeld(GgmlType type) {
        float most = type.largest();
        for (float sign : new float[] {1, -1}) {
            float[] back = there(type, filled(SUPER_BLOCK, sign * most));
            for (float value : back) {
                assertThat(value / (sign * most)).isBetween(0.98f, 1.02f);
            }
        }
    }

    @Test
    void rowsAreWholeBlocks() {
        assertThatThrownBy(() -> encode(GgmlType.Q4_K, new float[255])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GgmlType.Q8_0.decode(ByteBuffer.allocate(34), 31))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(GgmlType.Q4_K.rowBytes(512)).isEqualTo(288);
        assertThat(GgmlType.Q5_0.rowBytes(64)).isEqualTo(44);
    }
}
