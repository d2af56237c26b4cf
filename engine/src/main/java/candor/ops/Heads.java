package candor.ops;

/**
 * How attention divides a row of queries, keys and values: {@code [query heads | key heads | value heads]}, each D wide.
 *
 * @param query H, the number of query heads, a multiple of {@code key}
 * @param key   K, the number of key heads and of value heads (grouped-query attention where K &lt; H)
 * @param width D, the width of a head
 */
public record Heads(int query, int key, int width) {
    public Heads {
        if (query < 1 || key < 1 || width < 1 || query % key != 0) {
            throw new IllegalArgumentException(query + " query heads, " + key + " key heads, width " + width);
        }
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
