package candor.check;

import candor.tensor.DType;
import java.util.Arrays;

/**
 * One tensor of a case.
 *
 * @param dtype     the type on the backend; only frozen weights are anything but float32
 * @param values    its values before the run, row by row, rounded to {@code dtype}; null where they are poison
 * @param memoryOf  the name of the input whose memory this output shares on the backend, or null
 * @param slot      the adapter that this is a gradient of, or {@link #NO_SLOT}
 * @param magnitude the size of what is rounded on the way to this output, where that is more than the output itself
 */
record Arg(
        String name,
        Kind kind,
        DType dtype,
        Shape shape,
        double[] values,
        String memoryOf,
        int slot,
        double magnitude) {
    enum Kind {
        /** Read, never written. */
        INPUT,
        /** Read, never written, and of any type: made resident on the backend. */
        WEIGHT,
        /** Written, never read; poisoned before the run. Judged. */
        OUTPUT,
        /** Read and written. Judged. */
        UPDATED,
        /** Read, and anything afterwards. */
        CONSUMED,
        /** Poison before, anything afterwards. */
        SCRATCH;

        boolean judged() {
            return this == OUTPUT || this == UPDATED;
        }

        boolean constant() {
            return this == INPUT || this == WEIGHT;
        }
    }

    static final int NO_SLOT = -1;

    /** Rows {@code from} to {@code to} of this. */
    Arg rows(int from, int to) {
        int cols = shape.cols();
        double[] part = values == null ? null : Arrays.copyOfRange(values, from * cols, to * cols);
        return new Arg(name, kind, dtype, new Shape(shape.per(), to - from, cols), part, memoryOf, slot, magnitude);
    }

    static double round(DType dtype, double value) {
        return switch (dtype) {
            case F64 -> value;
            case F32 -> (float) value;
            case BF16 -> DType.bf16ToFloat(DType.floatToBf16((float) value));
            case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
            case I32 -> throw new IllegalArgumentException("no operation takes " + dtype);
        };
    }
}
