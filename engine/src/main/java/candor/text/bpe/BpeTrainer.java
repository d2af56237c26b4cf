package candor.text.bpe;

import candor.BadInput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Byte-pair encoding (Sennrich et al. 2016) over bytes: the pair of neighbours that is seen most often within words becomes
 * a token, again and again. Of pairs seen equally often, the one of smaller ids comes first, so that the same texts, in
 * whatever order, give the same tokens.
 */
public final class BpeTrainer {
    /** Words as GPT-4, Llama 3 and Qwen cut them; digits stay single, as Qwen has them. */
    static final String WORDS =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final Pattern WORD = Pattern.compile(WORDS, Pattern.UNICODE_CHARACTER_CLASS);

    /** Special tokens and the letters of the alphabet: no vocabulary is smaller. */
    public static final int LEAST_TOKENS = ChatMarkup.SPECIAL.size() + 256;

    /** Above every published vocabulary. */
    public static final int MOST_TOKENS = 1 << 20;

    /** A pair of neighbours: how often it is seen, and in which words, some of which may have lost it since. */
    private static final class Pair {
        long count;
        int[] words = new int[4];
        int length;

        void seenIn(int word) {
            if (length > 0 && words[length - 1] == word) {
                return;
            }
            if (length == words.length) {
                words = Arrays.copyOf(words, 2 * length);
            }
            words[length++] = word;
        }
    }

    /** What a pair's count was when it was put into the queue. */
    private record Candidate(long count, long key) {}

    private final List<String> tokens = new ArrayList<>(ChatMarkup.SPECIAL);
    private final Map<String, Integer> ids = new HashMap<>();
    private final List<Merges.Pair> merges = new ArrayList<>();
    private final Map<Long, Pair> pairs = new HashMap<>();
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>(
            Comparator.comparingLong(Candidate::count).reversed().thenComparingLong(Candidate::key));
    private final List<int[]> words = new ArrayList<>();
    private final List<Long> counts = new ArrayList<>();

    private BpeTrainer() {
        tokens.addAll(ByteAlphabet.letters());
        for (int id = 0; id < tokens.size(); id++) {
            ids.put(tokens.get(id), id);
        }
    }

    /**
     * Learns from texts.
     *
     * @param vocabularySize how many tokens there shall be, special ones included; fewer where the texts have no more pairs
     * @param minFrequency   pairs that are seen less often are left alone
     */
    public static Merges train(Iterator<String> texts, int vocabularySize, int minFrequency) {
        if (vocabularySize < LEAST_TOKENS || vocabularySize > MOST_TOKENS) {
            throw new BadInput("a vocabulary of " + vocabularySize + " tokens: give " + LEAST_TOKENS
                    + " (special tokens" + " and one for each byte) to " + MOST_TOKENS);
        }
        BpeTrainer trainer = new BpeTrainer();
        trainer.read(texts);
        trainer.merge(vocabularySize, Math.max(1, minFrequency));
        return new Merges(trainer.tokens, trainer.merges);
    }

    private void read(Iterator<String> texts) {
        Map<String, Long> seen = new HashMap<>();
        while (texts.hasNext()) {
            Matcher matcher = WORD.matcher(texts.next());
            while (matcher.find()) {
                seen.merge(matcher.group(), 1L, Long::sum);
            }
        }
        seen.forEach((word, count) -> {
            words.add(ByteAlphabet.encode(word)
                    .chars()
                    .map(letter -> ids.get(String.valueOf((char) letter)))
                    .toArray());
            counts.add(count);
        });
        for (int word = 0; word < words.size(); word++) {
            count(word, counts.get(word));
        }
        pairs.forEach((key, pair) -> queue.add(new Candidate(pair.count, key)));
    }

    private void merge(int vocabularySize, long minFrequency) {
        while (tokens.size() < vocabularySize && !queue.isEmpty()) {
            Candidate top = queue.poll();
            Pair pair = pairs.get(top.key);
            if (pair == null || pair.count == 0) {
                continue;
            }
            if (pair.count != top.count) {
                queue.add(new Candidate(pair.count, top.key)); // it has been seen less, or more, since
                continue;
            }
            if (pair.count < minFrequency) {
                return;
            }
            int left = (int) (top.key >>> Integer.SIZE);
            int right = (int) top.key;
            merges.add(new Merges.Pair(tokens.get(left), tokens.get(right)));
            replace(pair, left, right, id(tokens.get(left) + tokens.get(right)));
        }
    }

    /** Other pairs may have made the same text before. */
    private int id(String text) {
        Integer known = ids.putIfAbsent(text, tokens.size());
        if (known != null) {
            return known;
        }
        tokens.add(text);
        return tokens.size() - 1;
    }

    private void replace(Pair pair, int left, int right, int made) {
        for (int i = 0; i < pair.length; i++) {
            int word = pair.words[i];
            int[] merged = merged(words.get(word), left, right, made);
            if (merged != null) {
                count(word, -counts.get(word));
                words.set(word, merged);
                count(word, counts.get(word));
                queueNeighbours(merged, made);
            }
        }
    }

    /** The word with the pair replaced from left to right; null where it does not have it. */
    private static int[] merged(int[] word, int left, int right, int made) {
        int[] merged = new int[word.length];
        int length = 0;
        for (int i = 0; i < word.length; i++) {
            boolean here = i + 1 < word.length && word[i] == left && word[i + 1] == right;
            merged[length++] = here ? made : word[i];
            i += here ? 1 : 0;
        }
        return length == word.length ? null : Arrays.copyOf(merged, length);
    }

    /** Adds a word's pairs; with a negative number, takes them away. */
    private void count(int word, long times) {
        int[] letters = words.get(word);
        for (int i = 0; i + 1 < letters.length; i++) {
            Pair pair = pairs.computeIfAbsent(key(letters[i], letters[i + 1]), key -> new Pair());
            pair.count += times;
            if (times > 0) {
                pair.seenIn(word);
            }
        }
    }

    /** Only pairs with the new token can be seen more often than before. */
    private void queueNeighbours(int[] word, int made) {
        for (int i = 0; i + 1 < word.length; i++) {
            if (word[i] == made || word[i + 1] == made) {
                long key = key(word[i], word[i + 1]);
                queue.add(new Candidate(pairs.get(key).count, key));
            }
        }
    }

    private static long key(int left, int right) {
        return (long) left << Integer.SIZE | right;
    }
}
