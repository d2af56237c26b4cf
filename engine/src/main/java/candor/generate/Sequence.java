package candor.generate;

import candor.BadInput;
import candor.generate.PrefixTree.Node;
import candor.ops.Batch;
import candor.ops.KvPages;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A sequence at work: its tokens, how far they have been computed, and where that is kept. */
final class Sequence {
    /** Null where given tokens are scored. */
    final Request request;

    final int slot;
    /** Tokens before the first that is new or scored. */
    final int promptLength;
    /** So many tokens the sequence has at most. */
    final int limit;

    private final int[] endTokens;
    private int[] tokens;
    private int length;
    /** Keys and values of so many tokens are in the cache. */
    int cached;

    /** Pages that may be shared with others, from the first on. */
    final List<Node> prefix = new ArrayList<>();

    /** Its place in the caller's list. */
    int index;

    /** Why it ended, or null. */
    FinishReason reason;

    /** Why it has no answer, or null. */
    BadInput failure;

    /** How many of its tokens are in the pass in hand. */
    int planned;

    /** The last node that somebody else computes, or null: nothing goes on before it is there. */
    Node awaited;

    /** Pages of its own that were promised to it. */
    int reserved;

    private int[] pages;
    private float[] logProbs;
    private int logProbCount;
    final TextStream text;

    private Sequence(
            Request request, int slot, int[] tokens, int length, int promptLength, int limit, TextStream text) {
        this.request = request;
        this.slot = slot;
        this.tokens = tokens;
        this.length = length;
        this.promptLength = promptLength;
        this.limit = limit;
        this.text = text;
        endTokens = request == null
                ? new int[0]
                : request.endTokens().stream().mapToInt(Integer::intValue).toArray();
        pages = new int[KvPages.count(length) + 1];
        Arrays.fill(pages, KvCache.NO_PAGE);
        logProbs =
                request == null || request.logProbs() ? new float[request == null ? limit - promptLength : 16] : null;
    }

    /**
     * @param positions how many tokens the model takes
     * @param text      null where nobody wants text before the end
     */
    static Sequence of(Request request, int positions, TextStream text) {
        int[] prompt = request.prompt();
        int limit = (int) Math.min(positions, (long) prompt.length + request.maxNewTokens());
        return new Sequence(request, request.slot(), prompt, prompt.length, prompt.length, limit, text);
    }

    static Sequence of(Continuation given) {
        int prompt = given.prompt().length;
        int[] all = Arrays.copyOf(given.prompt(), prompt + given.tokens().length);
        System.arraycopy(given.tokens(), 0, all, prompt, given.tokens().length);
        return new Sequence(null, given.slot(), all, all.length, prompt, all.length, null);
    }

    /** Whether others wait for something that it has not computed yet. */
    boolean awaited() {
        return prefix.stream().anyMatch(Node::isAwaited);
    }

    /** Whether a token ends it. */
    boolean endsWith(int token) {
        for (int end : endTokens) {
            if (end == token) {
                return true;
            }
        }
        return false;
    }

    boolean scored() {
        return request == null;
    }

    int[] tokens() {
        return tokens;
    }

    int length() {
        return length;
    }

    /** Tokens that a pass must still see. What comes behind the last token of a scored sequence is of no interest. */
    int todo() {
        return (scored() ? length - 1 : length) - cached;
    }

    /** Whether all logits of its prompt are looked at, beside those that choose new tokens. */
    boolean promptScored() {
        return request != null && request.scores().prompt();
    }

    /** What a pass shall predict at a position: the token that is scored, any token where logits are looked at, or none. */
    int target(int position) {
        if (!scored()) {
            return position == length - 1 || promptScored() ? 0 : Batch.NO_TARGET;
        }
        return position + 1 >= promptLength ? tokens[position + 1] : Batch.NO_TARGET;
    }

    void append(int token) {
        if (length == tokens.length || length == promptLength) {
            tokens = Arrays.copyOf(tokens, Math.min(limit, length + Math.max(64, length / 2)));
        }
        tokens[length++] = token;
    }

    void logProb(float value) {
        if (logProbs == null) {
            return;
        }
        if (logProbCount == logProbs.length) {
            logProbs = Arrays.copyOf(logProbs, 2 * logProbCount);
        }
        logProbs[logProbCount++] = value;
    }

    float[] logProbs() {
        return logProbs == null ? null : Arrays.copyOf(logProbs, logProbCount);
    }

    int[] newTokens() {
        return Arrays.copyOfRange(tokens, promptLength, length);
    }

    int[] pages() {
        return pages;
    }

    int page(int index) {
        return index < pages.length ? pages[index] : KvCache.NO_PAGE;
    }

    void page(int index, int page) {
        if (index >= pages.length) {
            int before = pages.length;
            pages = Arrays.copyOf(pages, 2 * index);
            Arrays.fill(pages, before, pages.length, KvCache.NO_PAGE);
        }
        pages[index] = page;
    }
}
