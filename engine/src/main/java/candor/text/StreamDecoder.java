package candor.text;

import java.util.Arrays;

/**
 * Turns tokens into text as they arrive: a character that is spread over several tokens is held back until it is whole.
 */
public final class StreamDecoder {
    /** What the decoder writes for bytes that are no character (yet). */
    private static final char REPLACEMENT = '\ufffd';

    /** A character has at most four bytes; more tokens than this never complete one. */
    private static final int MAX_HELD = 8;

    private final Tokenizer tokenizer;
    private final boolean skipSpecialTokens;
    private int[] ids = new int[64];
    private int size;
    /** Tokens before this give context only, those up to {@link #written} are written. */
    private int context;

    private int written;

    StreamDecoder(Tokenizer tokenizer, boolean skipSpecialTokens) {
        this.tokenizer = tokenizer;
        this.skipSpecialTokens = skipSpecialTokens;
    }

    /** The text that this token completes; often empty, for half a character. */
    public String add(int id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, 2 * size);
        }
        ids[size++] = id;
        // Decoders treat the first token differently (a leading space), so new text is a difference of two decodings.
        String before = decode(context, written);
        String now = decode(context, size);
        if (now.endsWith(String.valueOf(REPLACEMENT)) && size - written < MAX_HELD) {
            return "";
        }
        return take(before, now);
    }

    /** What is still held back at the end of the stream: broken characters. */
    public String finish() {
        return written == size ? "" : take(decode(context, written), decode(context, size));
    }

    private String take(String before, String now) {
        context = written;
        written = size;
        return now.startsWith(before) ? now.substring(before.length()) : now;
    }

    private String decode(int from, int to) {
        return tokenizer.decode(Arrays.copyOfRange(ids, from, to), skipSpecialTokens);
    }
}
