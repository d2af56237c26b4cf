package candor.ops;

import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Keys and values of one layer for tokens that have been computed, in pages of {@value #TOKENS} tokens of one sequence.
 * Memory comes in slabs of equally many pages, so that there is none for tokens that are not there yet.
 *
 * <p>A page is one row of a slab. It holds the values of each key head (P, D), token by token, then the keys of each (D, P),
 * column by column, with P = {@value #TOKENS}: of both, the next element of a sum is one row further, which is how a matrix
 * product reads its right side, and how neighbouring threads of a GPU read neighbouring tokens.
 */
public final class KvPages {
    /** P: tokens of a page; a multiple of the tile kernels' columns. */
    public static final int TOKENS = 32;

    private final Heads heads;
    private final int slabPages;
    private final List<Tensor> slabs = new ArrayList<>();

    /** @param slabPages pages of a slab */
    public KvPages(Heads heads, int slabPages) {
        if (slabPages < 1) {
            throw new IllegalArgumentException("slabs of " + slabPages + " pages");
        }
        this.heads = heads;
        this.slabPages = slabPages;
    }

    /** Columns of a slab: elements of a page. */
    public static int cols(Heads heads) {
        return Math.multiplyExact(2 * TOKENS, heads.keyCols());
    }

    /** Bytes of the key and the value of one token, of all key heads. */
    public static long bytesPerToken(Heads heads, DType type) {
        return (long) cols(heads) / TOKENS * type.bytes();
    }

    /** How many pages hold so many tokens. */
    public static int count(int tokens) {
        return Math.ceilDiv(tokens, TOKENS);
    }

    /** The column of a token's value in a page; the D elements of it lie side by side. */
    public static int valueCol(Heads heads, int keyHead, int token) {
        return (keyHead * TOKENS + token) * heads.width();
    }

    /** The column of the first element of a token's key in a page; the D elements of it lie {@value #TOKENS} apart. */
    public static int keyCol(Heads heads, int keyHead, int token) {
        return (heads.key() + keyHead) * TOKENS * heads.width() + token;
    }

    public Heads heads() {
        return heads;
    }

    /** Adds memory for pages {@link #pages} to {@code pages() + slabPages − 1}: (slabPages, {@link #cols}). */
    public void add(Tensor slab) {
        if (slab.rows() != slabPages || slab.cols() != cols(heads)) {
            throw new IllegalArgumentException(
                    slab.shape() + " as " + slabPages + " pages of " + cols(heads) + " elements");
        }
        slabs.add(slab);
    }

    /** Pages of a slab. */
    public int slabPages() {
        return slabPages;
    }

    /** How many pages there are. */
    public int pages() {
        return slabs.size() * slabPages;
    }

    /** The slab that holds a page. */
    public Tensor slab(int page) {
        return slabs.get(page / slabPages);
    }

    /** The row of a page in its slab. */
    public int row(int page) {
        return page % slabPages;
    }
}
