package candor.train.config;

import java.util.Collection;
import java.util.Comparator;

/** The known name that a mistyped one is nearest to, by edits of single letters (Levenshtein 1966). */
public final class Nearest {
    private Nearest() {}

    /** One of {@code known}, which is not empty. */
    public static String to(String name, Collection<String> known) {
        String shortened = name.length() > 100 ? name.substring(0, 100) : name;
        return known.stream()
                .min(Comparator.<String>comparingInt(k -> distance(shortened, k))
                        .thenComparing(Comparator.naturalOrder()))
                .orElseThrow();
    }

    static int distance(String a, String b) {
        int[] above = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            above[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = above[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(change, 1 + Math.min(above[j], row[j - 1]));
            }
            above = row;
        }
        return above[b.length()];
    }
}
