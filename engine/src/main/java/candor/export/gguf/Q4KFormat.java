package candor.export.gguf;

import java.nio.ByteBuffer;

/**
 * {@code Q4_K}: a super-block of 256 numbers in eight parts of 32. A number is d·s·q − e·m, with d and e in half precision for all, s
 * and m of six bits for its part, and q of four bits for itself.
 *
 * <p>Twelve bytes hold the eight s and m: byte j of the first four the low six bits of s of part j, byte 4 + j those of m; the upper
 * two bits of these eight bytes are the upper bits of s and m of part 4 + j, whose low four bits share byte 8 + j, s first. Then
 * come the q: parts 2k and 2k + 1 share 32 bytes, the former in the low bits.
 *
 * <p>For each part, scale and minimum begin with the range of its numbers, laid over some more or fewer steps; each guess is rounded,
 * and the line that fits the numbers best in the least squares takes its place, twice. The best of these by squared error is kept.
 */
final class Q4KFormat implements BlockFormat {
    static final Q4KFormat INSTANCE = new Q4KFormat();

    private static final int ELEMENTS = 256;
    private static final int PARTS = 8;
    private static final int PART = ELEMENTS / PARTS;
    private static final int SCALE_BYTES = 12;
    /** The most that four bits hold, and six. */
    private static final int MOST_STEP = 15;

    private static final int MOST_SCALE = 63;

    /** Steps that the range of a part is first laid over. With more than there are, its ends fall outside. */
    private static final double[] RANGES = {14, 14.3, 14.6, 15, 15.3, 15.6, 16, 16.3, 16.6, 17, 17.3, 17.6, 18};

    private Q4KFormat() {}

    @Override
    public int elements() {
        return ELEMENTS;
    }

    @Override
    public int bytes() {
        return 2 * Short.BYTES + SCALE_BYTES + ELEMENTS / 2;
    }

    @Override
    public float largest() {
        return MOST_SCALE * MOST_HALF;
    }

    /** A part is scale·q − minimum; both are at least 0. */
    private record Line(double scale, double minimum, double inverse) {
        Line(double scale, double minimum) {
            this(scale, minimum, scale == 0 ? 0 : 1 / scale);
        }

        /** The nearest. */
        int step(double value) {
            double steps = (value + minimum) * inverse;
            return steps <= 0 ? 0 : steps >= MOST_STEP ? MOST_STEP : (int) (steps + 0.5);
        }

        double error(float[] values, int at) {
            double sum = 0;
            for (int i = 0; i < PART; i++) {
                double difference = values[at + i] - (scale * step(values[at + i]) - minimum);
                sum += difference * difference;
            }
            return sum;
        }

        /** The line that is closest to the numbers, where they keep the steps that they have on this one. */
        Line refitted(float[] values, int at) {
            double steps = 0;
            double squares = 0;
            double sum = 0;
            double products = 0;
            for (int i = 0; i < PART; i++) {
                double value = values[at + i];
                int step = step(value);
                steps += step;
                squares += step * step;
                sum += value;
                products += step * value;
            }
            double determinant = PART * squares - steps * steps;
            if (determinant <= 0) {
                return this;
            }
            double slope = (PART * products - steps * sum) / determinant;
            double offset = (steps * products - squares * sum) / determinant;
            if (offset < 0) {
                slope = products / squares;
                offset = 0;
            }
            return slope > 0 ? new Line(slope, offset) : this;
        }

        static Line fit(float[] values, int at) {
            double least = 0;
            double most = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < PART; i++) {
                least = Math.min(least, values[at + i]);
                most = Math.max(most, values[at + i]);
            }
            Line best = new Line((most - least) / MOST_STEP, -least);
            double bestError = best.error(values, at);
            for (double range : RANGES) {
                Line line = new Line((most - least) / range, -least)
                        .refitted(values, at)
                        .refitted(values, at);
                double error = line.error(values, at);
                if (error < bestError) {
                    best = line;
                    bestError = error;
                }
            }
            return best;
        }
    }

    @Override
    public void encode(float[] values, int at, ByteBuffer to) {
        Line[] lines = new Line[PARTS];
        double scale = 0;
        double minimum = 0;
        for (int part = 0; part < PARTS; part++) {
            lines[part] = Line.fit(values, at + part * PART);
            scale = Math.max(scale, lines[part].scale());
            minimum = Math.max(minimum, lines[part].minimum());
        }
        short d = Halves.up((float) (scale / MOST_SCALE));
        short e = Halves.up((float) (minimum / MOST_SCALE));
        int[] s = new int[PARTS];
        int[] m = new int[PARTS];
        int[] q = new int[ELEMENTS];
        for (int part = 0; part < PARTS; part++) {
            s[part] = sixBits(lines[part].scale(), Float.float16ToFloat(d));
            m[part] = sixBits(lines[part].minimum(), Float.float16ToFloat(e));
            Line rounded =
                    new Line((double) Float.float16ToFloat(d) * s[part], (double) Float.float16ToFloat(e) * m[part]);
            for (int i = part * PART; i < (part + 1) * PART; i++) {
                q[i] = rounded.step(values[at + i]);
            }
        }
        to.putShort(d).putShort(e).put(packed(s, m));
        for (int low = 0; low < ELEMENTS; low += 2 * PART) {
            for (int i = low; i < low + PART; i++) {
                to.put((byte) (q[i] | q[i + PART] << 4));
            }
        }
    }

    private static int sixBits(double value, float unit) {
        return unit == 0 ? 0 : Math.clamp(Math.round(value / unit), 0, MOST_SCALE);
    }

    private static byte[] packed(int[] s, int[] m) {
        byte[] bytes = new byte[SCALE_BYTES];
        for (int j = 0; j < 4; j++) {
            bytes[j] = (byte) (s[j] | s[j + 4] >> 4 << 6);
            bytes[j + 4] = (byte) (m[j] | m[j + 4] >> 4 << 6);
            bytes[j + 8] = (byte) (s[j + 4] & 15 | (m[j + 4] & 15) << 4);
        }
        return bytes;
    }

    @Override
    public void decode(ByteBuffer from, float[] values, int at) {
        float d = Float.float16ToFloat(from.getShort());
        float e = Float.float16ToFloat(from.getShort());
        byte[] scales = new byte[SCALE_BYTES];
        from.get(scales);
        for (int low = 0; low < PARTS; low += 2) {
            for (int i = 0; i < PART; i++) {
                int two = from.get();
                values[at + low * PART + i] = d * scale(scales, low) * (two & 15) - e * minimum(scales, low);
                values[at + (low + 1) * PART + i] =
                        d * scale(scales, low + 1) * (two >> 4 & 15) - e * minimum(scales, low + 1);
            }
        }
    }

    private static int scale(byte[] scales, int part) {
        return part < 4 ? scales[part] & 63 : scales[part + 4] & 15 | (scales[part - 4] >> 6 & 3) << 4;
    }

    private static int minimum(byte[] scales, int part) {
        return part < 4 ? scales[part + 4] & 63 : scales[part + 4] >> 4 & 15 | (scales[part] >> 6 & 3) << 4;
    }
}
