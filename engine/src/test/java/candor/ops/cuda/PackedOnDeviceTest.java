package candor.ops.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.ops.Batch;
import candor.ops.weight.Absmax;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.Nf4Weight;
import candor.ops.weight.PackedForm;
import candor.ops.weight.PackedWeight;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Packed weights keep their bytes on the device, and stand there for the numbers that they stand for here. */
class PackedOnDeviceTest {
    private CudaBackend backend;
    private Arena arena;

    @BeforeEach
    void open() {
        EmulatedDevice.assumeThere();
        arena = Arena.ofShared();
        backend = CudaBackend.emulated();
    }

    @AfterEach
    void close() {
        if (backend != null) {
            backend.close();
            arena.close();
        }
    }

    /** Read as they are, and made bf16 before; blocks that end with rows, and within. */
    @Test
    void everyFormHasItsNumbers() {
        for (PackedForm form : PackedForm.values()) {
            for (int[] shape : new int[][] {{5, 64}, {130, 192}, {7, 41}, {1, 1}, {300, 130}}) {
                PackedWeight w = form.pack(StoredWeight.of(random(shape[0], shape[1])), arena);
                requireNumbers(w);
            }
        }
    }

    @Test
    void blocksWhoseSizesAreFloatsHaveThem() {
        Random random = new Random(3);
        for (int[] shape : new int[][] {{5, 64}, {7, 41}}) {
            int elements = shape[0] * shape[1];
            byte[] codes = new byte[Math.ceilDiv(elements, 2)];
            random.nextBytes(codes);
            float[] sizes = new float[Math.ceilDiv(elements, Nf4Weight.BLOCK)];
            for (int i = 0; i < sizes.length; i++) {
                sizes[i] = random.nextFloat(0.1f, 3);
            }
            MemorySegment absmax = arena.allocateFrom(ValueLayout.JAVA_FLOAT, sizes);
            requireNumbers(new Nf4Weight(shape[0], shape[1], MemorySegment.ofArray(codes), new Absmax.Plain(absmax)));
        }
    }

    @Test
    void theyTakeFewBytesThere() {
        PackedWeight w = PackedForm.NF4.pack(StoredWeight.of(random(512, 1024)), arena);
        long before = backend.usedBytes();
        FrozenWeight there = backend.freeze(w);
        assertThat(there.bytes()).isEqualTo(w.bytes());
        assertThat(backend.usedBytes() - before).isBetween(w.bytes(), w.bytes() + ScratchBytes.paddingBytes(1, true));
        assertThat(w.bytes()).isLessThan(512 * 1024 * 53 / 100);
    }

    /** What asks for another operation is our own mistake, and is told as one. */
    @Test
    void onlyLinearLayersReadThem() {
        FrozenWeight there = backend.freeze(PackedForm.NF4.pack(StoredWeight.of(random(5, 64)), arena));
        try (Workspace workspace = backend.workspace(1 << 16)) {
            Tensor logits = workspace.take(DType.F32, 3, 5);
            Tensor x = workspace.take(DType.BF16, 3, 64);
            assertThatThrownBy(() -> {
                        backend.logits(logits, x, there);
                        backend.synchronise();
                    })
                    .isInstanceOf(CudaException.class)
                    .hasMessageContaining("logits: head is of nested nf4, expected bf16");
        }
    }

    private Tensor random(int rows, int cols) {
        Random random = new Random(31L * rows + cols);
        Tensor values = Tensor.allocate(arena, DType.F32, rows, cols);
        for (int i = 0; i < rows * cols; i++) {
            values.set(i / cols, i % cols, random.nextGaussian());
        }
        return values;
    }

    /** Rows of ones, each in one column, show column after column: few of them at a time, and all. */
    private void requireNumbers(PackedWeight w) {
        FrozenWeight there = backend.freeze(w);
        assertThat(there.form()).isEqualTo(w.form());
        for (int count : new int[] {Math.min(3, w.cols()), w.cols()}) {
            long bytes =
                    Workspace.bytesFor(DType.BF16, count, w.cols()) + Workspace.bytesFor(DType.BF16, count, w.rows());
            try (Workspace workspace = backend.workspace(bytes)) {
                Tensor x = workspace.take(DType.BF16, count, w.cols());
                Tensor y = workspace.take(DType.BF16, count, w.rows());
                float[] ones = new float[count * w.cols()];
                for (int i = 0; i < count; i++) {
                    ones[i * w.cols() + i] = 1;
                }
                backend.upload(x, ones);
                backend.linear(y, null, x, there, null, null, null, rows(count));
                float[] got = new float[count * w.rows()];
                backend.download(got, y);
                for (int i = 0; i < got.length; i++) {
                    assertThat(got[i]).isEqualTo((float) w.get(i % w.rows(), i / w.rows()));
                }
            }
        }
    }

    private static Batch rows(int count) {
        int[] zeros = new int[count];
        int[] none = new int[count];
        int[] positions = new int[count];
        Arrays.fill(none, -1);
        Arrays.setAll(positions, i -> i);
        return new Batch(zeros, positions, none, new int[] {0, count}, new int[] {-1});
    }
}
