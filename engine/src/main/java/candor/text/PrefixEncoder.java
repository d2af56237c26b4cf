package candor.text;

import candor.text.Vocabulary.Added;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Encodes a text that another, encoded text starts with: a prompt, and the prompt with its completion.
 *
 * <p>The tokenizers library cuts a text at its added tokens before all else and encodes each piece on its own. So up to
 * the last special token that the prefix holds, its tokens are those of the whole, and only the piece behind (mostly a
 * line break, the same for every row) is left. Where an added token has settings that look at its neighbours, or
 * anything is not as expected, the prefix is encoded in full.
 */
final class PrefixEncoder {
    /** Generation prompts end in very few ways; a cache that grows beyond is no use. */
    private static final int MAX_CACHED = 256;

    private final Function<String, int[]> encode;
    private final Map<Character, List<Added>> byFirst = new HashMap<>();
    private final Map<Integer, Boolean> specialIds = new HashMap<>();
    private final boolean usable;
    private final Map<String, int[]> tails = new ConcurrentHashMap<>();

    /** The last special token of a prefix: it ends at {@code end}, and is the n-th special token of the text. */
    private record Cut(Added token, int end, int n) {}

    /** @param encode encodes a text without added special tokens */
    PrefixEncoder(Vocabulary vocabulary, Function<String, int[]> encode) {
        this.encode = encode;
        this.usable = vocabulary.added().stream().noneMatch(Added::looksAround);
        for (Added token : vocabulary.added()) {
            byFirst.computeIfAbsent(token.content().charAt(0), c -> new ArrayList<>())
                    .add(token);
            if (token.special()) {
                specialIds.put(token.id(), true);
            }
        }
    }

    int[] encode(String prefix, String whole, int[] wholeIds) {
        Cut cut = usable && whole.startsWith(prefix) ? lastSpecial(prefix, whole) : null;
        int at = cut == null ? -1 : indexOfSpecial(wholeIds, cut.n());
        if (at < 0 || wholeIds[at] != cut.token().id()) {
            return encode.apply(prefix);
        }
        int[] tail = tail(cut.token(), prefix.substring(cut.end()));
        return IntStream.concat(Arrays.stream(wholeIds, 0, at + 1), Arrays.stream(tail))
                .toArray();
    }

    /** Tokens are matched from the left, the longest first. Null where there is none, or one crosses the prefix's end. */
    private Cut lastSpecial(String prefix, String whole) {
        Cut last = null;
        int n = 0;
        for (int i = 0; i < prefix.length(); ) {
            Added match = matchAt(whole, i);
            if (match == null) {
                i++;
                continue;
            }
            i += match.content().length();
            if (i > prefix.length()) {
                return null;
            }
            if (match.special()) {
                last = new Cut(match, i, ++n);
            }
        }
        return last;
    }

    private Added matchAt(String text, int i) {
        Added longest = null;
        for (Added token : byFirst.getOrDefault(text.charAt(i), List.of())) {
            if ((longest == null || token.content().length() > longest.content().length())
                    && text.startsWith(token.content(), i)) {
                longest = token;
            }
        }
        return longest;
    }

    private int indexOfSpecial(int[] ids, int n) {
        int seen = 0;
        for (int i = 0; i < ids.length; i++) {
            if (specialIds.containsKey(ids[i]) && ++seen == n) {
                return i;
            }
        }
        return -1;
    }

    private int[] tail(Added token, String text) {
        if (text.isEmpty()) {
            return new int[0];
        }
        String key = token.content() + text;
        int[] known = tails.get(key);
        if (known != null) {
            return known;
        }
        int[] ids = encode.apply(key);
        int[] tail = Arrays.copyOfRange(ids, 1, ids.length);
        if (tails.size() < MAX_CACHED) {
            tails.put(key, tail);
        }
        return tail;
    }
}
