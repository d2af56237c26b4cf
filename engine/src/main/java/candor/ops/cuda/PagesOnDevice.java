package candor.ops.cuda;

import candor.ops.Batch;
import candor.ops.KvPages;
import candor.ops.PageTables;
import candor.tensor.Tensor;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;

/** Page tables and the addresses of slabs, copied when they are others than before. */
final class PagesOnDevice {
    /** attention_cached.cu: pages of a piece of the keys. */
    static final int PIECE = 2;

    /** And pages of the pieces that a block has at a time. */
    static final int SPAN = 8;

    private final Device device;
    private final Staging staging;
    private final Integers integers;
    private final Map<KvPages, Slabs> slabs = new WeakHashMap<>();
    private Batch batch;
    private PageTables tables;
    private int sequences;
    private int most;

    /** Those of caches that are gone are used again. */
    private final List<Slabs> all = new ArrayList<>();

    /** The addresses of a layer's slabs. */
    private static final class Slabs {
        final Integers halves;
        WeakReference<KvPages> cache;
        int count;

        Slabs(Integers halves, KvPages cache) {
            this.halves = halves;
            this.cache = new WeakReference<>(cache);
        }
    }

    PagesOnDevice(Device device, Staging staging) {
        this.device = device;
        this.staging = staging;
        integers = new Integers(device, staging);
    }

    /** Makes the tables of a batch the ones in hand. */
    void of(Batch next, PageTables nextTables) {
        if (next == batch && nextTables == tables) {
            return;
        }
        batch = null; // half copied is not copied
        integers.clear();
        sequences = next.sequenceCount();
        most = SPAN;
        int first = 0;
        for (int s = 0; s < sequences; s++) {
            integers.add(first);
            first += pages(next, s);
            most = Math.max(most, bound(pages(next, s)));
        }
        for (int s = 0; s < sequences; s++) {
            for (int i = 0; i < pages(next, s); i++) {
                integers.add(nextTables.page(s, i));
            }
        }
        integers.copy();
        batch = next;
        tables = nextTables;
    }

    private static int pages(Batch batch, int sequence) {
        return KvPages.count(batch.position(batch.start(sequence + 1) - 1) + 1);
    }

    /** A block's, or the next power of two: calls, and graphs of them, are others only when a sequence has doubled. */
    static int bound(int pages) {
        return pages <= SPAN ? SPAN : Integer.highestOneBit(pages - 1) << 1;
    }

    /** At least the pages of the sequence that has the most. */
    int most() {
        return most;
    }

    /** Behind the first ones, so that neither moves when a sequence takes another page. */
    long pages() {
        return integers.at(sequences);
    }

    /** (S) */
    long firstPages() {
        return integers.at(0);
    }

    /** The addresses of a cache's slabs. */
    long slabs(KvPages cache) {
        Slabs known = slabs.computeIfAbsent(cache, this::slabsOf);
        int count = cache.pages() / cache.slabPages();
        if (known.count != count) {
            known.halves.clear();
            for (int slab = 0; slab < count; slab++) {
                Tensor memory = cache.slab(slab * cache.slabPages());
                long address = memory.data().address();
                known.halves.add((int) address); // little-endian, as the device is
                known.halves.add((int) (address >>> 32));
            }
            known.halves.copy();
            known.count = count;
        }
        return known.halves.at(0);
    }

    /** Memory of a cache that is gone, else more: opening one generator after another takes no more and more of it. */
    private Slabs slabsOf(KvPages cache) {
        for (Slabs known : all) {
            if (known.cache.refersTo(null)) {
                known.cache = new WeakReference<>(cache);
                known.count = 0;
                return known;
            }
        }
        Slabs fresh = new Slabs(new Integers(device, staging), cache);
        all.add(fresh);
        return fresh;
    }
}
