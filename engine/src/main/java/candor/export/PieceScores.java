package candor.export;

import candor.export.TokenizerJson.Merge;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The scores of pieces by which SentencePiece's BPE joins neighbours: whichever two make the piece with the highest score come
 * first, however they are cut. A list of merges says the same where all merges that make a piece follow one another, and every cut
 * of a piece into two others is among them, as in the lists that are made from a SentencePiece model.
 */
final class PieceScores {
    private final Map<String, Integer> ranks = new HashMap<>();
    private final boolean exact;

    /** @param pieces those that merges may lead to; others (bytes, special tokens) never come from neighbours */
    PieceScores(List<Merge> merges, Map<String, Integer> pieces) {
        boolean together = true;
        String last = null;
        Map<String, Integer> cuts = new HashMap<>();
        for (Merge merge : merges) {
            String whole = merge.whole();
            if (!whole.equals(last)) {
                together &= ranks.putIfAbsent(whole, ranks.size()) == null;
                last = whole;
            }
            cuts.merge(whole, 1, Integer::sum);
        }
        boolean complete = true;
        for (String piece : pieces.keySet()) {
            complete &= cuts(piece, pieces) == cuts.getOrDefault(piece, 0);
        }
        exact = together && complete;
    }

    /** How many cuts a piece has into two others. */
    private static int cuts(String piece, Map<String, Integer> pieces) {
        int cuts = 0;
        for (int at = piece.offsetByCodePoints(0, 1); at < piece.length(); at = piece.offsetByCodePoints(at, 1)) {
            if (pieces.containsKey(piece.substring(0, at)) && pieces.containsKey(piece.substring(at))) {
                cuts++;
            }
        }
        return cuts;
    }

    /** The later its merges, the lower; 0 for what is not merged. Whole numbers that float32 holds. */
    float of(String piece) {
        return -ranks.getOrDefault(piece, 0);
    }

    /** Whether the scores join every text as the merges do. */
    boolean exact() {
        return exact;
    }
}
