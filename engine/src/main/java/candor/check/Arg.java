package candor.check;

import candor.ops.BackendDescriptor;
import candor.ops.weight.PackedForm;
import candor.ops.weight.PackedWeight;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * One tensor of a case.
 *
 * @param dtype     the type on the backend, of frozen weights that of the file
 * @param values    its values before the run, row by row, rounded to {@code dtype}; null where they are poison
 * @param packing   what these values are unpacked from, or null
 * @param memoryOf  the name of the input whose memory this output shares on the backend, or null
 * @param slot      the adapter that this is a gradient of, or {@link #NO_SLOT}
 * @param float32   whether it keeps its type, mostly float32, where activations are of another
 * @param magnitude the size of what is rounded on the way to this output, where that is more than the output itself
 */
record Arg(
        String name,
        Kind kind,
        DType dtype,
        Shape shape,
        double[] values,
        Packing packing,
        String memoryOf,
        int slot,
        boolean float32,
        double magnitude) {
    enum Kind {
        /** Read, never written. */
        INPUT,
        /** Read, never written, and of any form: frozen on the backend. */
        WEIGHT,
        /** Read, never written, and float32 everywhere. */
        CONSTANT,
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
            return this == INPUT || this == WEIGHT || this == CONSTANT;
        }
    }

    static final int NO_SLOT = -1;

    /**
     * A weight in a packed form. Values that were packed and unpacked are not packed to the same again.
     *
     * @param from what it is made of, row by row
     */
    record Packing(PackedForm form, double[] from) {
        PackedWeight weight(Shape shape, Arena arena) {
            Tensor plain = Tensor.allocate(arena, DType.F32, shape.rows(), shape.cols());
            for (int i = 0; i < from.length; i++) {
                plain.set(i / shape.cols(), i % shape.cols(), from[i]);
            }
            return form.pack(StoredWeight.of(plain), arena);
        }

        /** What it stands for. */
        double[] values(Shape shape) {
            try (Arena arena = Arena.ofShared()) {
                return Arg.values(weight(shape, arena));
            }
        }
    }

    /** Rows {@code from} to {@code to} of this. */
    Arg rows(int from, int to) {
        int cols = shape.cols();
        double[] part = values == null ? null : Arrays.copyOfRange(values, from * cols, to * cols);
        Shape less = new Shape(shape.per(), to - from, cols);
        return new Arg(name, kind, dtype, less, part, packing, memoryOf, slot, float32, magnitude);
    }

    /**
     * The same on a backend: where its activations are of a type, values are what is left of them there; where only operands of its
     * products are, so are values that it reads and does not write.
     */
    Arg on(BackendDescriptor backend) {
        DType activations = backend.activations();
        boolean operandsAlone = activations == DType.F32;
        boolean read = kind == Kind.INPUT || kind == Kind.WEIGHT;
        if (float32 || kind == Kind.CONSTANT || backend.products() == DType.F32 || (operandsAlone && !read)) {
            return this;
        }
        double[] rounded = values == null
                ? null
                : Arrays.stream(values)
                        .map(value -> round(backend.products(), value))
                        .toArray();
        // A weight's file keeps a type that holds the rounded values.
        DType kept = dtype == DType.F16 ? DType.F32 : dtype;
        DType type = operandsAlone || kind == Kind.WEIGHT ? kept : activations;
        return new Arg(name, kind, type, shape, rounded, packing, memoryOf, slot, false, magnitude);
    }

    Arg asFloat32() {
        return new Arg(name, kind, dtype, shape, values, packing, memoryOf, slot, true, magnitude);
    }

    /** All elements of a weight. */
    static double[] values(StoredWeight weight) {
        double[] values = new double[weight.rows() * weight.cols()];
        for (int row = 0, i = 0; row < weight.rows(); row++) {
            for (float value : weight.row(row)) {
                values[i++] = value;
            }
        }
        return values;
    }

    static double round(DType dtype, double value) {
        return switch (dtype) {
            case F64 -> value;
            case F32 -> (float) value;
            case BF16 -> DType.bf16ToFloat(DType.floatToBf16((float) value));
            case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
            case U8 -> Math.rint(value);
            case I32 -> throw new IllegalArgumentException("no operation takes " + dtype);
        };
    }
}
