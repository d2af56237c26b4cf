package candor.check;

import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Rows of tensors as float arrays, and back. */
final class Floats {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private Floats() {}

    /** One row, whatever the type. */
    static float[] row(Tensor from, int row) {
        float[] values = new float[from.cols()];
        if (from.dtype() == DType.F32) {
            MemorySegment.copy(from.data(), F32, from.offset(row, 0), values, 0, values.length);
            return values;
        }
        for (int c = 0; c < values.length; c++) {
            values[c] = (float) from.get(row, c);
        }
        return values;
    }

    /** One row of a weight in memory that Java can read. */
    static float[] row(Weight from, int row) {
        return StoredWeight.of(from).row(row);
    }

    static float[][] rows(Tensor from) {
        float[][] values = new float[from.rows()][];
        for (int n = 0; n < values.length; n++) {
            values[n] = row(from, n);
        }
        return values;
    }

    /** Writes one row, rounded to the tensor's type. */
    static void put(Tensor to, int row, float[] values) {
        if (to.cols() != values.length) {
            throw new IllegalArgumentException(values.length + " values for a row of " + to.shape());
        }
        if (to.dtype() != DType.F32) {
            for (int c = 0; c < values.length; c++) {
                to.set(row, c, values[c]);
            }
            return;
        }
        MemorySegment.copy(values, 0, to.data(), F32, to.offset(row, 0), values.length);
    }

    static void put(Tensor to, float[][] values) {
        for (int n = 0; n < values.length; n++) {
            put(to, n, values[n]);
        }
    }

    /** Adds to each row. */
    static void add(Tensor to, float[][] values) {
        for (int n = 0; n < values.length; n++) {
            float[] sum = row(to, n);
            for (int c = 0; c < sum.length; c++) {
                sum[c] += values[n][c];
            }
            put(to, n, sum);
        }
    }
}
