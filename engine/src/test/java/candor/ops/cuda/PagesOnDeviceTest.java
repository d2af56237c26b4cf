package candor.ops.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import candor.bindings.NativeLibrary;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PagesOnDeviceTest {
    private static final Heads HEADS = new Heads(1, 1, 8);

    @Test
    void cachesThatAreGoneLeaveNoMemoryTaken() {
        EmulatedDevice.assumeThere();
        try (Device device = new Device(NativeLibrary.EMULATED, _ -> 0, true);
                Staging staging = new Staging(device)) {
            PagesOnDevice pages = new PagesOnDevice(device, staging);
            Tensor slab = Tensor.of(device.allocateZero(4096), DType.BF16, 1, KvPages.cols(HEADS));
            long before = device.held();
            slabsOfAFreshCache(pages, slab);
            long each = device.held() - before;
            assertThat(each).isPositive();
            for (int i = 0; i < 20; i++) {
                System.gc();
                slabsOfAFreshCache(pages, slab);
            }
            // Some, for a collector may take its time.
            assertThat(device.held() - before).isLessThan(10 * each);
        }
    }

    @Test
    void cachesThatAreThereKeepTheirOwn() {
        EmulatedDevice.assumeThere();
        try (Device device = new Device(NativeLibrary.EMULATED, _ -> 0, true);
                Staging staging = new Staging(device)) {
            PagesOnDevice pages = new PagesOnDevice(device, staging);
            Tensor slab = Tensor.of(device.allocateZero(4096), DType.BF16, 1, KvPages.cols(HEADS));
            KvPages one = cache(slab);
            KvPages other = cache(slab);
            long first = pages.slabs(one);
            assertThat(pages.slabs(other)).isNotEqualTo(first);
            assertThat(pages.slabs(one)).isEqualTo(first);
        }
    }

    @Test
    void callsAreOthersOnlyWhenASequenceHasDoubled() {
        assertThat(IntStream.of(1, 8, 9, 16, 17, 32, 33).map(PagesOnDevice::bound))
                .containsExactly(8, 8, 16, 16, 32, 32, 64);
    }

    private static void slabsOfAFreshCache(PagesOnDevice pages, Tensor slab) {
        assertThat(pages.slabs(cache(slab))).isNotZero();
    }

    private static KvPages cache(Tensor slab) {
        KvPages cache = new KvPages(HEADS, 1);
        cache.add(slab);
        return cache;
    }
}
