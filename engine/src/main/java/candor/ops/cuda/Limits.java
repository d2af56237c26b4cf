package candor.ops.cuda;

import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.Unsupported;

/** What the kernels demand beyond what an operation demands everywhere. */
final class Limits {
    /** The widest head that the attention kernels take. */
    static final int WIDEST_HEAD = 128;

    private Limits() {}

    /** Whether the attention kernels take such heads. */
    static boolean takes(Heads heads) {
        return heads.width() % 8 == 0 && heads.width() <= WIDEST_HEAD;
    }

    static void width(String op, Heads heads) {
        if (!takes(heads)) {
            throw new Unsupported(op + ": heads of width " + heads.width()
                    + "; the CUDA kernels take multiples of 8 up to " + WIDEST_HEAD + ", the CPU any");
        }
    }

    /** Of which the tokens that a row has seen are marked in a block's shared memory. */
    private static final int LARGEST_VOCABULARY = 3 << 17;

    static void vocabulary(String op, int tokens) {
        if (tokens > LARGEST_VOCABULARY) {
            throw new Unsupported(op + ": a vocabulary of " + tokens + " tokens; the CUDA kernels take up to "
                    + LARGEST_VOCABULARY + ", the CPU any");
        }
    }

    /** The pages of all slabs are as far apart. */
    static void cache(String op, KvPages cache) {
        width(op, cache.heads());
        for (int page = 0; page < cache.pages(); page += cache.slabPages()) {
            if (cache.slab(page).stride() != cache.slab(0).stride()) {
                throw new IllegalArgumentException(op + ": slabs with rows "
                        + cache.slab(0).stride() + " and " + cache.slab(page).stride() + " elements apart");
            }
        }
    }
}
