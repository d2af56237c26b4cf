package candor.evaluate.judge;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Looks for known words in a text: whole words, whatever their case, blanks and punctuation. */
final class Phrases {
    /** Words before a phrase that turn it around. */
    private static final List<String> NEGATIONS = List.of("not", "never", "no", "isn t", "wasn t", "didn t", "doesn t");

    /** A phrase in plain form. */
    record Phrase(String words, boolean first) {}

    /** What was found of two sides. */
    record Found(boolean assertsFirst, boolean deniesFirst, boolean assertsSecond, boolean deniesSecond) {}

    private Phrases() {}

    /** A statement and its options as phrases. */
    static List<Phrase> of(String statement, List<String> options) {
        return Stream.concat(Stream.of(statement), options.stream())
                .map(text -> new Phrase(plain(text), true))
                .toList();
    }

    /** Whether a text holds one of these phrases. */
    static boolean holds(String text, List<String> phrases) {
        String plain = plain(text);
        return phrases.stream().anyMatch(phrase -> plain.contains(plain(phrase)));
    }

    /** The words that stand right behind a phrase, wherever the text holds it. */
    static List<String> behind(String text, String phrase) {
        List<String> words = new ArrayList<>();
        String plain = plain(text);
        String sought = plain(phrase);
        for (int at = plain.indexOf(sought); at >= 0; at = plain.indexOf(sought, at + 1)) {
            int from = at + sought.length();
            int to = plain.indexOf(' ', from);
            if (to > from) {
                words.add(plain.substring(from, to));
            }
        }
        return words;
    }

    /**
     * Which of two sides a text asserts or denies. Longer phrases are looked for first, and what they cover is gone for the
     * shorter ones: "did not fail" is not also "fail".
     */
    static Found find(String text, List<Phrase> first, List<Phrase> second) {
        List<Phrase> all = new ArrayList<>();
        first.forEach(phrase -> all.add(new Phrase(phrase.words(), true)));
        second.forEach(phrase -> all.add(new Phrase(phrase.words(), false)));
        all.sort(Comparator.comparingInt((Phrase phrase) -> phrase.words().length())
                .reversed());
        boolean[] asserted = new boolean[2];
        boolean[] denied = new boolean[2];
        StringBuilder rest = new StringBuilder(plain(text));
        for (Phrase phrase : all) {
            int side = phrase.first() ? 0 : 1;
            int from = 0;
            int at;
            while (!phrase.words().isBlank() && (at = rest.indexOf(phrase.words(), from)) >= 0) {
                if (negated(rest, at)) {
                    denied[side] = true;
                } else {
                    asserted[side] = true;
                }
                // A mark that is in no plain text; the blanks at both ends stay for the neighbours.
                int end = at + phrase.words().length() - 1;
                for (int i = at + 1; i < end; i++) {
                    rest.setCharAt(i, '#');
                }
                from = end;
            }
        }
        return new Found(asserted[0], denied[0], asserted[1], denied[1]);
    }

    private static boolean negated(StringBuilder plain, int at) {
        String before = plain.substring(0, at + 1);
        return NEGATIONS.stream().anyMatch(word -> before.endsWith(" " + word + " "));
    }

    /** Lower case, words and numbers parted by one blank each, a blank at both ends. */
    private static String plain(String text) {
        String words = text.toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N}]+", " ")
                .strip();
        return words.isEmpty() ? " " : " " + words + " ";
    }
}
