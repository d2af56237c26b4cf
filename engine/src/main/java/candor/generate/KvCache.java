package candor.generate;

import candor.model.ModelConfig;
import candor.ops.Backend;
import candor.ops.KvPages;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The memory of keys and values, in pages that all layers share the numbers of. It grows slab by slab as tokens come, up to a
 * budget. Pages of prompts that nobody uses any more are kept for the next prompt that begins so, at most as many as are in
 * use while there is room, and given up as soon as there is none.
 */
final class KvCache implements AutoCloseable {
    static final int NO_PAGE = -1;

    /** A slab is about this large: few enough to be found quickly, small enough not to matter. */
    private static final long SLAB_BYTES = 16L << 20;

    private final Backend backend;
    private final ModelConfig config;
    private final long tokenBytes;
    private final int slabPages;
    private final int mostPages;
    private final List<KvPages> layers;
    private final List<Workspace> slabs = new ArrayList<>();
    private final Deque<Integer> free = new ArrayDeque<>();
    private final PrefixTree prefixes = new PrefixTree(KvPages.TOKENS);
    private int reserved;

    /** @param bytes the budget; at least one slab is there */
    KvCache(Backend backend, ModelConfig config, long bytes) {
        this.backend = backend;
        this.config = config;
        tokenBytes = bytesPerToken(config, backend.activations());
        long pageBytes = tokenBytes * KvPages.TOKENS;
        slabPages = Math.clamp(Math.min(SLAB_BYTES, bytes) / pageBytes, 1, 64);
        mostPages = Math.toIntExact(Math.clamp(bytes / pageBytes / slabPages, 1, Integer.MAX_VALUE / slabPages))
                * slabPages;
        layers = IntStream.range(0, config.layers())
                .mapToObj(layer -> new KvPages(config.heads(layer), slabPages))
                .toList();
    }

    /** Bytes of keys and values of one token, in all layers: 2·L·K·D elements. */
    static long bytesPerToken(ModelConfig config, DType type) {
        return config.layers() * KvPages.bytesPerToken(config.heads(), type);
    }

    List<KvPages> layers() {
        return layers;
    }

    PrefixTree prefixes() {
        return prefixes;
    }

    /** Bytes that the budget allows. */
    long mostBytes() {
        return mostPages * tokenBytes * KvPages.TOKENS;
    }

    /** Bytes that are there. */
    long bytes() {
        return layers.getFirst().pages() * tokenBytes * KvPages.TOKENS;
    }

    /** Whether so many pages of a sequence's own may be promised, beside those of nodes in use. */
    boolean fits(int own) {
        return reserved + prefixes.used() + (long) own <= mostPages;
    }

    /** Whether so many pages could ever be promised, with nobody else there. */
    boolean couldFit(int own) {
        return own <= mostPages;
    }

    /** Promises pages: {@link #take} will find them. Negative to give the promise back. */
    void reserve(int own) {
        reserved += own;
    }

    /** A page, whose contents are whatever lay there. */
    int take() {
        if (free.isEmpty()) {
            int pages = layers.getFirst().pages();
            boolean room = pages < mostPages;
            if (prefixes.kept() > 0 && (!room || 2 * prefixes.kept() > pages)) {
                return prefixes.evict();
            }
            if (!room) {
                throw new IllegalStateException("all " + mostPages + " pages are in use");
            }
            grow();
        }
        return free.removeFirst();
    }

    /** Forgets everything that nobody uses. */
    void forget() {
        while (prefixes.kept() > 0) {
            give(prefixes.evict());
        }
    }

    void give(int page) {
        free.addFirst(page);
    }

    private void grow() {
        int cols = KvPages.cols(config.heads());
        Workspace workspace =
                backend.workspace(Workspace.bytesFor(backend.activations(), (long) slabPages * config.layers(), cols));
        slabs.add(workspace);
        int first = layers.getFirst().pages();
        for (KvPages layer : layers) {
            Tensor slab = workspace.take(backend.activations(), slabPages, cols);
            layer.add(slab);
        }
        for (int page = first; page < first + slabPages; page++) {
            free.addLast(page);
        }
    }

    @Override
    public void close() {
        slabs.forEach(Workspace::close);
    }
}
