package candor.ops.cuda;

import candor.ops.Heads;
import candor.ops.KvPages;

/** What the kernels demand beyond what an operation demands everywhere. */
final class Limits {
    /** The widest head that the attention kernels take. */
    static final int WIDEST_HEAD = 128;

    private Limits() {}

    /** Whether the attention kernels take such heads. */
    static boolean takes(Heads heads) {
        return heads.width() % 8 == 0 && heads.width() <= WIDEST_HEAD;
    }

    /** @param longest tokens of the longest sequence, those in a cache among them */
    static void heads(String op, Heads heads, int longest) {
        if (!takes(heads)) {
            throw new UnsupportedOperationException(op + ": heads of width " + heads.width()
                    + "; the CUDA kernels take multiples of 8 up to " + WIDEST_HEAD);
        }
        if (heads.slideOver(longest)) {
            throw new UnsupportedOperationException(op + ": " + longest + " tokens and a sliding window of "
                    + heads.window()
                    + "; the CUDA kernels attend to whole sequences: compute with --backend cpu, or keep"
                    + " sequences within the window");
        }
    }

    static UnsupportedOperationException silu(String op) {
        return new UnsupportedOperationException(
                op + ": the CUDA kernels gate by SiLU only: compute with --backend cpu");
    }

    /** The pages of all slabs are as far apart. */
    static void cache(String op, KvPages cache, int longest) {
        heads(op, cache.heads(), longest);
        for (int page = 0; page < cache.pages(); page += cache.slabPages()) {
            if (cache.slab(page).stride() != cache.slab(0).stride()) {
                throw new IllegalArgumentException(op + ": slabs with rows "
                        + cache.slab(0).stride() + " and " + cache.slab(page).stride() + " elements apart");
            }
        }
    }
}
