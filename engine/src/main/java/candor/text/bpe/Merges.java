package candor.text.bpe;

import java.util.List;

/**
 * What training has learnt.
 *
 * @param tokens every token by its id: special ones, the 256 letters of {@link ByteAlphabet}, then what merges made
 * @param pairs  the merges in the order of their rank: the texts of left and right
 */
public record Merges(List<String> tokens, List<Pair> pairs) {
    /** Two tokens that become one. */
    public record Pair(String left, String right) {}

    public Merges {
        tokens = List.copyOf(tokens);
        pairs = List.copyOf(pairs);
    }
}
