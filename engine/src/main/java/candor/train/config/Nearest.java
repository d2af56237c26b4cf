package candor.train.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The known name that a mistyped one is nearest to, by edits of single letters (Levenshtein 1966). */
public final class Nearest {
    private Nearest() {}

    /** One of {@code known}, which is not empty. */
    public static String to(String name, Collection<String> known) {
        String shortened = shortened(name);
        return known.stream()
                .min(Comparator.<String>comparingInt(k -> distance(shortened, k))
                        .thenComparing(Comparator.naturalOrder()))
                .orElseThrow();
    }

    /** The one that a mistyped name is likely to mean: a few letters apart, or else of the same words; empty where none is. */
    public static Optional<String> near(String name, Collection<String> known) {
        String letters = letters(name);
        Optional<String> nearest = known.stream()
                .min(Comparator.<String>comparingInt(k -> distance(letters, letters(k)))
                        .thenComparing(Comparator.naturalOrder()))
                .filter(k -> distance(letters, letters(k)) <= most(letters, letters(k)));
        if (nearest.isPresent()) {
            return nearest;
        }
        return known.stream()
                .filter(k -> sharedLetters(name, k) >= 5)
                .max(Comparator.<String>comparingDouble(k -> likeness(name, k))
                        .thenComparing(Comparator.reverseOrder()));
    }

    /** Edits that still make it a mistyped name: two of five letters. */
    private static int most(String a, String b) {
        return Math.max(1, Math.max(a.length(), b.length()) * 2 / 5);
    }

    private static String letters(String name) {
        return shortened(name).replaceAll("[_-]", "");
    }

    /** Letters of the words that both have. */
    private static int sharedLetters(String a, String b) {
        Set<String> words = words(a);
        words.retainAll(words(b));
        return words.stream().mapToInt(String::length).sum();
    }

    /** The share of the letters of both that is in words that both have. */
    private static double likeness(String a, String b) {
        return 2.0 * sharedLetters(a, b) / (a.length() + b.length());
    }

    private static Set<String> words(String name) {
        return new TreeSet<>(List.of(name.split("[_-]")));
    }

    private static String shortened(String name) {
        return name.length() > 100 ? name.substring(0, 100) : name;
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
