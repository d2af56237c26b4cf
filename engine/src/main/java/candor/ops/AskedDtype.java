package candor.ops;

import candor.BadInput;
import candor.tensor.DType;
import java.util.Locale;

/** What users say of the type that operands of products are rounded to. */
public enum AskedDtype {
    /** The backend's own: float32 on the CPU, bfloat16 on a GPU. */
    AUTO(null),
    /** Operands as they are: what a CPU does unless it is asked. */
    FLOAT32(DType.F32),
    /** Operands rounded to 8 bits of precision; sums stay float32. */
    BFLOAT16(DType.BF16);

    private final DType products;

    AskedDtype(DType products) {
        this.products = products;
    }

    /**
     * A backend that rounds so.
     *
     * @param backend what computes
     * @return the same, told to round so
     * @throws BadInput where it cannot
     */
    public BackendDescriptor on(BackendDescriptor backend) {
        if (products == null) {
            return backend;
        }
        if (!backend.takes(products)) {
            throw new BadInput(
                    backend.name() + " computes in " + backend.dtype() + " alone, not in " + word(),
                    "leave {dtype} out, or compute with {backend} " + BackendDescriptor.CPU.name());
        }
        return backend.withProducts(products);
    }

    /**
     * As it is given.
     *
     * @return the word for it: {@code bfloat16}, say
     */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * What a record's word means.
     *
     * @param word as {@link #word} gives it; null, of an older record, is the backend's own
     * @return the type of that word
     * @throws BadInput where there is no such type
     */
    public static AskedDtype recorded(String word) {
        if (word == null) {
            return AUTO;
        }
        for (AskedDtype each : values()) {
            if (each.word().equals(word)) {
                return each;
            }
        }
        throw new BadInput("a record's dtype is " + word + ", expected float32 or bfloat16");
    }
}
