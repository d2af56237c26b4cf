package candor.ops.cuda;

import candor.ops.Batch;
import candor.ops.KvPages;
import candor.ops.PageTables;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.WeakHashMap;

/** Page tables and the addresses of slabs, copied when they are others than before. */
final class PagesOnDevice {
    private final Device device;
    private final Staging staging;
    private final Integers integers;
    private final Map<KvPages, Slabs> slabs = new WeakHashMap<>();
    private Batch batch;
    private PageTables tables;
    private int firstPages;

    /** The addresses of a layer's slabs. */
    private static final class Slabs {
        final Integers halves;
        int count;

        Slabs(Integers halves) {
            this.halves = halves;
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
        int[] counts = new int[next.sequenceCount()];
        for (int s = 0; s < counts.length; s++) {
            counts[s] = KvPages.count(next.position(next.start(s + 1) - 1) + 1);
            for (int i = 0; i < counts[s]; i++) {
                integers.add(nextTables.page(s, i));
            }
        }
        firstPages = integers.count();
        int first = 0;
        for (int count : counts) {
            integers.add(first);
            first += count;
        }
        integers.copy();
        batch = next;
        tables = nextTables;
    }

    MemorySegment pages() {
        return integers.at(0);
    }

    /** (S) */
    MemorySegment firstPages() {
        return integers.at(firstPages);
    }

    /** The addresses of a cache's slabs. */
    MemorySegment slabs(KvPages cache) {
        Slabs known = slabs.computeIfAbsent(cache, fresh -> new Slabs(new Integers(device, staging)));
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
}
