package candor.ops.weight;

/** How the elements of a weight are stored. Its text is what messages call it. */
public interface WeightForm {
    /** Bytes of a matrix of this shape. */
    long bytes(long rows, long cols);
}
