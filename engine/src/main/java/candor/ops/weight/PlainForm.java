package candor.ops.weight;

import candor.tensor.DType;

/** One number after another, of one type. */
public enum PlainForm implements WeightForm {
    F32(DType.F32),
    BF16(DType.BF16),
    F16(DType.F16);

    private final DType dtype;

    PlainForm(DType dtype) {
        this.dtype = dtype;
    }

    /**
     * Elements of this type.
     *
     * @throws IllegalArgumentException where no weights are of it
     */
    public static PlainForm of(DType dtype) {
        for (PlainForm form : values()) {
            if (form.dtype == dtype) {
                return form;
            }
        }
        throw new IllegalArgumentException("no weights in " + dtype);
    }

    /** The type of its elements. */
    public DType dtype() {
        return dtype;
    }

    @Override
    public long bytes(long rows, long cols) {
        return rows * cols * dtype.bytes();
    }
}
