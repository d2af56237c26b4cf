package candor.ops;

/**
 * The heads of attention: how they divide a row of queries, keys and values, {@code [query heads | key heads | value heads]}, each
 * D wide; and how far back they look.
 *
 * @param query  H, the number of query heads, a multiple of {@code key}
 * @param key    K, the number of key heads and of value heads (grouped-query attention where K &lt; H)
 * @param width  D, the width of a head
 * @param window W, to how many tokens one attends at most, itself among them (sliding window attention, Beltagy et al. 2020): at
 *               position p, to positions max(0, p − W + 1) to p; 0 for all of them
 */
public record Heads(int query, int key, int width, int window) {
    public Heads {
        if (query < 1 || key < 1 || width < 1 || query % key != 0 || window < 0) {
            throw new IllegalArgumentException(
                    query + " query heads, " + key + " key heads, width " + width + ", window " + window);
        }
    }

    /** Heads that look at all tokens before. */
    public Heads(int query, int key, int width) {
        this(query, key, width, 0);
    }

    /** The same heads with another window; 0 for none. */
    public Heads within(int tokens) {
        return new Heads(query, key, width, tokens);
    }

    /** The first position that a token attends to. */
    public int first(int position) {
        return window == 0 ? 0 : Math.max(0, position + 1 - window);
    }

    /** Whether some token of so long a sequence attends to fewer tokens than there are before it. */
    public boolean slideOver(int length) {
        return window > 0 && window < length;
    }

    /** How many query heads share a key head. */
    public int group() {
        return query / key;
    }

    /** Columns of the queries, H·D. */
    public int queryCols() {
        return query * width;
    }

    /** Columns of the keys, and of the values, K·D. */
    public int keyCols() {
        return key * width;
    }

    /** Columns of queries, keys and values together, (H + 2K)·D. */
    public int allCols() {
        return queryCols() + 2 * keyCols();
    }
}
