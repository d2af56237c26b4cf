package candor.ops.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.ops.AdamWStep;
import candor.ops.Batch;
import candor.ops.EightBitRow;
import candor.ops.Lora;
import candor.ops.Write;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A product with adapters reads their factors as they are: whoever has changed them, it gives what it gives without an image. */
class LoraImagesTest {
    private static final int INPUTS = 24;
    private static final int OUTPUTS = 40;
    private static final int RANK = 5;
    private static final int SLOTS = 3;
    private static final int ELEMENTS = RANK * (INPUTS + OUTPUTS);
    private static final AdamWStep STEP = new AdamWStep(0.1, 0.9, 0.999, 1e-8, 0, 1, 1);

    private CudaBackend backend;
    private Tensor x;
    private Tensor y;
    private Tensor t;
    private Tensor[] rows;

    @BeforeEach
    void open() {
        EmulatedDevice.assumeThere();
        backend = CudaBackend.emulated();
        Batch batch = batch();
        x = backend.allocate(DType.BF16, batch.tokenCount(), INPUTS);
        y = backend.allocate(DType.BF16, batch.tokenCount(), OUTPUTS);
        t = backend.allocate(DType.BF16, batch.tokenCount(), 16);
        backend.upload(x, values(0, (int) x.elements()));
        rows = new Tensor[SLOTS];
        for (int slot = 0; slot < SLOTS; slot++) {
            rows[slot] = backend.allocate(DType.F32, 1, ELEMENTS);
            backend.upload(rows[slot], values(1 + slot, ELEMENTS));
        }
    }

    @AfterEach
    void close() {
        if (backend != null) {
            backend.close();
        }
    }

    /** Rows of slot 2, of none, of slot 0. */
    private static Batch batch() {
        int[] starts = {0, 9, 12, 20};
        int[] targets = new int[20];
        Arrays.fill(targets, Batch.NO_TARGET);
        int[] positions = new int[20];
        for (int i = 0; i < 20; i++) {
            positions[i] = i < 9 ? i : i < 12 ? i - 9 : i - 12;
        }
        return new Batch(new int[20], positions, targets, starts, new int[] {2, Batch.BASE, 0});
    }

    private static float[] values(int seed, int count) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static Lora.Factors factors(Tensor row, Tensor gradients) {
        return new Lora.Factors(a(row), b(row), 0.5f, a(gradients), b(gradients));
    }

    private static Tensor a(Tensor row) {
        return row == null ? null : Tensor.of(row.data(), DType.F32, RANK, INPUTS);
    }

    private static Tensor b(Tensor row) {
        return row == null ? null : Tensor.of(Device.at(row.data(), 4L * RANK * INPUTS), DType.F32, OUTPUTS, RANK);
    }

    private Lora lora(Lora.Seat seat) {
        return Lora.on(seat, null, 0, factors(rows[0], null), factors(rows[1], null), factors(rows[2], null));
    }

    private float[] product(Lora lora) {
        backend.upload(y, new float[20 * OUTPUTS]);
        backend.linear(y, t, x, null, null, y, lora, batch());
        float[] got = new float[20 * OUTPUTS];
        backend.download(got, y);
        return got;
    }

    /** After each of them, a product that keeps an image gives the bytes of one that packs for itself, and others than before. */
    @Test
    void whateverChangesFactorsIsSeenByTheNextProduct() {
        Lora kept = lora(new Lora.Seat());
        Lora each = lora(null);
        Tensor g = backend.allocate(DType.F32, 1, ELEMENTS);
        Tensor m = backend.allocate(DType.F32, 1, ELEMENTS);
        Tensor v = backend.allocate(DType.F32, 1, ELEMENTS);
        int blocks = EightBitRow.blocks(ELEMENTS);
        EightBitRow m8 = new EightBitRow(
                backend.workspace(1 << 10).take(DType.U8, 1, ELEMENTS), backend.allocate(DType.F32, 1, blocks));
        EightBitRow v8 = new EightBitRow(
                backend.workspace(1 << 10).take(DType.U8, 1, ELEMENTS), backend.allocate(DType.F32, 1, blocks));
        backend.upload(g, values(9, ELEMENTS));
        Workspace host = backend.hostWorkspace(1 << 12);
        Tensor pinned = host.take(DType.F32, 1, ELEMENTS);
        for (int i = 0; i < ELEMENTS; i++) {
            pinned.set(0, i, i % 7 - 3);
        }
        Map<String, Runnable> changes = Map.of(
                "a step of AdamW", () -> backend.adamW(rows[0], g, m, v, STEP),
                "a step of AdamW in eight bits", () -> backend.adamW8bit(rows[2], g, m8, v8, STEP),
                "an upload", () -> backend.upload(rows[2], values(11, ELEMENTS)),
                "an upload to some of them", () -> backend.upload(rows[0].columns(3, 4), new float[] {7}),
                "a copy from the host", () -> backend.copy(rows[2], pinned),
                "zeros", () -> backend.zero(rows[0]));
        float[] before = product(kept);
        assertThat(before).isEqualTo(product(each));
        for (String name : List.of(
                "a step of AdamW",
                "a step of AdamW in eight bits",
                "an upload to some of them",
                "an upload",
                "a copy from the host",
                "zeros")) {
            changes.get(name).run();
            float[] after = product(kept);
            assertThat(after).as(name).isEqualTo(product(each)).isNotEqualTo(before);
            assertThat(product(kept)).as("again after " + name).isEqualTo(after);
            before = after;
        }
        host.close();
    }

    /** As steps are: nothing waits between an optimiser's step and the pass behind it, and gradients are of what it read. */
    @Test
    void gradientsAreThoseOfFactorsAsTheyAre() {
        List<float[]> results = new ArrayList<>();
        for (Lora.Seat seat : new Lora.Seat[] {new Lora.Seat(), null}) {
            Tensor parameters = backend.allocate(DType.F32, 1, ELEMENTS);
            Tensor gradients = backend.allocate(DType.F32, 1, ELEMENTS);
            Tensor m = backend.allocate(DType.F32, 1, ELEMENTS);
            Tensor v = backend.allocate(DType.F32, 1, ELEMENTS);
            Tensor dx = backend.allocate(DType.BF16, 20, INPUTS);
            Tensor dt = backend.allocate(DType.BF16, 20, 16);
            backend.upload(parameters, values(21, ELEMENTS));
            Lora lora = Lora.on(seat, null, 0, factors(parameters, gradients), null, factors(parameters, gradients));
            for (int step = 0; step < 5; step++) {
                backend.zero(gradients);
                backend.linear(y, t, x, null, null, null, lora, batch());
                backend.linearBackward(dx, dt, y, x, t, null, lora, batch(), Write.SET);
                backend.adamW(parameters, gradients, m, v, STEP);
            }
            float[] got = new float[ELEMENTS];
            backend.download(got, parameters);
            results.add(got);
        }
        assertThat(results.get(0)).isEqualTo(results.get(1));
    }

    /** Adapters that come and go through one seat keep the memory of their images; what is wider takes the place of what was there. */
    @Test
    void imagesLastAsLongAsTheirAdaptersSit() {
        Lora.Seat seat = new Lora.Seat();
        product(lora(null));
        product(lora(seat));
        long before = backend.usedBytes();
        rows[0] = backend.allocate(DType.F32, 1, ELEMENTS);
        backend.upload(rows[0], values(31, ELEMENTS));
        long with = backend.usedBytes();
        assertThat(product(lora(seat))).isEqualTo(product(lora(null)));
        assertThat(backend.usedBytes()).isEqualTo(with);
        Workspace own = backend.workspace(4 * ELEMENTS);
        rows[0] = own.take(DType.F32, 1, ELEMENTS);
        backend.upload(rows[0], values(32, ELEMENTS));
        assertThat(product(lora(seat))).isEqualTo(product(lora(null)));
        own.close();
        assertThat(backend.usedBytes())
                .as("an image of memory that is given back")
                .isLessThan(before);
    }

    /** Slots with one adapter's parameters and gradients of their own read one image. */
    @Test
    void twinsReadOneImage() {
        Tensor gradients = backend.allocate(DType.F32, 1, ELEMENTS);
        Lora.Factors[] slots = {factors(rows[0], null), factors(rows[1], null), factors(rows[0], gradients)};
        Lora.Factors[] others = {factors(rows[0], null), null, factors(rows[1], gradients)};
        Lora twins = Lora.on(new Lora.Seat(), null, 0, slots);
        List<StackedLayers.Part> alone = List.of(new StackedLayers.Part(twins, 0, 0));
        assertThat(List.of(LoraImage.slot(alone, 0), LoraImage.slot(alone, 1), LoraImage.slot(alone, 2)))
                .containsExactly(0, 1, 0);
        assertThat(LoraImage.slot(alone, Batch.BASE)).isEqualTo(-1);
        List<StackedLayers.Part> stacked =
                List.of(new StackedLayers.Part(twins, 0, 0), new StackedLayers.Part(new Lora(others), 16, OUTPUTS));
        assertThat(LoraImage.slot(stacked, 2)).as("twins in one layer alone").isEqualTo(2);
        assertThat(product(twins)).isEqualTo(product(Lora.on(null, null, 0, slots)));
    }

    /** What fails may drop the call that packs: nothing is taken for packed that may not be. */
    @Test
    void whatFailsLeavesNoImageToTrust() {
        Lora kept = lora(new Lora.Seat());
        product(kept);
        backend.upload(rows[2], values(41, ELEMENTS));
        Tensor nowhere = Tensor.of(MemorySegment.NULL, DType.BF16, 1, 4);
        backend.swiGlu(
                nowhere, backend.allocate(DType.BF16, 1, 8)); // refused, and what is asked for behind it is dropped
        backend.linear(y, t, x, null, null, null, kept, batch());
        assertThatThrownBy(() -> backend.synchronise()).isInstanceOf(CudaException.class);
        assertThat(product(kept)).isEqualTo(product(lora(null)));
    }
}
