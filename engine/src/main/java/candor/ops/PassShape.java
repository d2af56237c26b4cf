package candor.ops;

import java.util.List;

/**
 * The shape of a pass over a model, as far as operations take memory for themselves beside their tensors.
 *
 * @param tokens   N, at most
 * @param targets  T, at most
 * @param longest  tokens of the longest sequence, at most
 * @param cached   tokens of a sequence in the cache of keys and values, at most; 0 for a pass without one
 * @param slots    adapters whose rows the pass has, at most
 * @param hidden   C
 * @param vocabulary V
 * @param siblings the linear layers of a decoder layer, those with the same input together
 * @param packed   whether their weights are packed
 * @param training whether a backward pass follows
 */
public record PassShape(
        int tokens,
        int targets,
        int longest,
        int cached,
        int slots,
        Heads heads,
        int hidden,
        int vocabulary,
        List<List<LinearShape>> siblings,
        boolean packed,
        boolean training) {
    /**
     * A linear layer.
     *
     * @param inputs  I
     * @param outputs O
     * @param rank    columns of the adapters' intermediate product, or 0 where none sits here
     */
    public record LinearShape(int inputs, int outputs, int rank) {}

    public PassShape {
        siblings = siblings.stream().map(List::copyOf).toList();
    }

    /** Each of the linear layers. */
    public List<LinearShape> linears() {
        return siblings.stream().flatMap(List::stream).toList();
    }
}
