package candor.export;

import static org.assertj.core.api.Assertions.assertThat;

import candor.export.TokenizerJson.Merge;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

class PieceScoresTest {
    private static final List<String> LETTERS = List.of("a", "b", "c", "▁");

    /** Joins the two neighbours that come first, the leftmost of equals. */
    private static List<String> join(String text, BiFunction<String, String, Double> order) {
        List<String> parts = new ArrayList<>();
        text.codePoints().forEach(c -> parts.add(Character.toString(c)));
        while (true) {
            int best = -1;
            double first = Double.POSITIVE_INFINITY;
            for (int i = 0; i + 1 < parts.size(); i++) {
                Double at = order.apply(parts.get(i), parts.get(i + 1));
                if (at != null && at < first) {
                    first = at;
                    best = i;
                }
            }
            if (best < 0) {
                return parts;
            }
            parts.set(best, parts.get(best) + parts.remove(best + 1));
        }
    }

    /** The merges that are made from a SentencePiece model: every cut of each piece, the best piece first. */
    private static List<Merge> merges(List<String> pieces) {
        List<Merge> merges = new ArrayList<>();
        for (String piece : pieces) {
            for (int at = 1; at < piece.length(); at++) {
                Merge merge = new Merge(piece.substring(0, at), piece.substring(at));
                if (known(merge.left(), pieces) && known(merge.right(), pieces)) {
                    merges.add(merge);
                }
            }
        }
        return merges;
    }

    private static boolean known(String piece, List<String> pieces) {
        return LETTERS.contains(piece) || pieces.contains(piece);
    }

    private static Map<String, Integer> vocabulary(List<String> pieces) {
        Map<String, Integer> vocabulary = new TreeMap<>();
        LETTERS.forEach(letter -> vocabulary.put(letter, vocabulary.size()));
        pieces.forEach(piece -> vocabulary.put(piece, vocabulary.size()));
        return vocabulary;
    }

    /** Random vocabularies in which every piece is two others, and random texts: the same parts by rank and by score. */
    @Test
    void scoresJoinAsMergesDo() {
        Random random = new Random(7);
        for (int turn = 0; turn < 40; turn++) {
            List<String> pieces = new ArrayList<>();
            while (pieces.size() < 12) {
                List<String> all = new ArrayList<>(LETTERS);
                all.addAll(pieces);
                String piece = all.get(random.nextInt(all.size())) + all.get(random.nextInt(all.size()));
                // Two equal halves could overlap, and then ranks of cuts decide.
                if (!pieces.contains(piece)
                        && piece.length() < 6
                        && piece.chars().distinct().count() == piece.length()) {
                    pieces.add(piece);
                }
                if (all.stream().noneMatch(each -> each.length() == 1) || random.nextInt(200) == 0) {
                    break;
                }
            }
            List<Merge> merges = merges(pieces);
            PieceScores scores = new PieceScores(merges, vocabulary(pieces));
            assertThat(scores.exact()).isTrue();
            for (int text = 0; text < 50; text++) {
                StringBuilder written = new StringBuilder();
                for (int i = 0; i < 20; i++) {
                    written.append(LETTERS.get(random.nextInt(LETTERS.size())));
                }
                List<String> byRank = join(written.toString(), (left, right) -> {
                    int rank = merges.indexOf(new Merge(left, right));
                    return rank < 0 ? null : (double) rank;
                });
                List<String> byScore = join(
                        written.toString(),
                        (left, right) -> pieces.contains(left + right) ? (double) -scores.of(left + right) : null);
                assertThat(byScore).isEqualTo(byRank);
            }
        }
    }

    @Test
    void mergesThatAreNotSentencePiecesAreSeen() {
        List<String> pieces = List.of("bc", "ab", "abc");
        List<Merge> all = merges(pieces);
        assertThat(all).hasSize(4);
        assertThat(new PieceScores(all, vocabulary(pieces)).exact()).isTrue();
        // "abc" is then a and bc, and never ab and c.
        assertThat(new PieceScores(all.subList(0, 3), vocabulary(pieces)).exact())
                .isFalse();
        List<Merge> apart = List.of(all.get(2), all.get(0), all.get(3), all.get(1));
        assertThat(apart.stream().map(Merge::whole)).containsExactly("abc", "bc", "abc", "ab");
        assertThat(new PieceScores(apart, vocabulary(pieces)).exact()).isFalse();
        assertThat(new PieceScores(all, vocabulary(pieces)).of("abc")).isEqualTo(-2f);
        assertThat(new PieceScores(all, vocabulary(pieces)).of("a")).isZero();
    }
}
