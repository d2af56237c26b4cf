package candor.ops.weight;

import java.util.List;

/**
 * The weights of linear layers with the same input, as one weight (ΣO, I) whose parts lie one above the other. Whether they do so
 * in memory is a backend's affair: here each stays where it is.
 */
public record Siblings(List<Weight> parts) {
    public Siblings {
        parts = List.copyOf(parts);
        for (Weight part : parts) {
            if (part.cols() != parts.getFirst().cols()) {
                throw new IllegalArgumentException(
                        "not of one input: " + parts.getFirst().shape() + ", " + part.shape());
            }
        }
    }

    /** Some weights in their order. */
    public static Siblings of(Weight... parts) {
        return new Siblings(List.of(parts));
    }

    /** (O, I), one of them. */
    public Weight part(int index) {
        return parts.get(index);
    }

    /** How many there are. */
    public int count() {
        return parts.size();
    }

    /** I. */
    public int cols() {
        return parts.getFirst().cols();
    }

    /** Bytes of all of them. */
    public long bytes() {
        long sum = 0;
        for (Weight part : parts) {
            sum += part.bytes();
        }
        return sum;
    }
}
