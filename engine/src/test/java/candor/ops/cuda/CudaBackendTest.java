package candor.ops.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.OutOfDeviceMemory;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a CUDA backend does beside its operations: memory, copies, refusals. On the emulated device. */
class CudaBackendTest {
    private CudaBackend backend;

    @BeforeEach
    void open() {
        EmulatedDevice.assumeThere();
        backend = CudaBackend.emulated();
    }

    @AfterEach
    void close() {
        if (backend != null) {
            backend.close();
        }
    }

    @Test
    void weightsAreRoundedToBf16AndConstantsAreNot() {
        try (Arena arena = Arena.ofConfined()) {
            for (DType type : new DType[] {DType.F32, DType.F16, DType.BF16}) {
                Tensor host = Tensor.allocate(arena, type, 3, 5);
                for (int i = 0; i < 15; i++) {
                    host.set(i / 5, i % 5, 1 + i * 0.013);
                }
                Tensor there = DeviceWeight.tensor(backend.freeze(StoredWeight.of(host)));
                assertThat(there.dtype()).isEqualTo(DType.BF16);
                float[] got = new float[15];
                backend.download(got, there);
                for (int i = 0; i < 15; i++) {
                    float value = (float) host.get(i / 5, i % 5);
                    assertThat(got[i]).isEqualTo(DType.bf16ToFloat(DType.floatToBf16(value)));
                }
            }
            Tensor vector = Tensor.of(arena, 1, 3, 1.0001f, -2.5f, 1e-20f);
            float[] got = new float[3];
            backend.download(got, backend.constant(vector));
            assertThat(got).containsExactly(1.0001f, -2.5f, 1e-20f);
        }
    }

    /** Larger than a piece of pinned memory, with gaps between rows that nobody may write, and rows longer than a piece. */
    @Test
    void valuesGoThereAndBack() {
        Random random = new Random(7);
        for (DType type : new DType[] {DType.F32, DType.BF16}) {
            for (int[] shape : new int[][] {{3001, 501}, {2, 2_100_003}, {1, 1}, {0, 7}}) {
                Tensor all = backend.allocate(type, shape[0], shape[1] + 3);
                Tensor part = all.columns(2, shape[1] + 2);
                float[] values = new float[shape[0] * shape[1]];
                for (int i = 0; i < values.length; i++) {
                    float value = random.nextFloat();
                    values[i] = type == DType.F32 ? value : DType.bf16ToFloat(DType.floatToBf16(value));
                }
                backend.upload(part, values);
                float[] got = new float[values.length];
                backend.download(got, part);
                assertThat(got).isEqualTo(values);
                float[] whole = new float[shape[0] * (shape[1] + 3)];
                backend.download(whole, all);
                for (int row = 0; row < shape[0]; row++) {
                    int start = row * (shape[1] + 3);
                    assertThat(whole[start] + whole[start + 1] + whole[start + shape[1] + 2])
                            .isZero();
                }
            }
        }
    }

    @Test
    void outOfMemorySaysWhatToDo() {
        assertThatThrownBy(() -> backend.workspace(1L << 50))
                .isInstanceOf(OutOfDeviceMemory.class)
                .hasMessageContaining("the GPU is out of memory: memoryAllocate (1125899906842624 bytes)")
                .hasMessageContaining("MiB of");
        backend.workspace(1 << 20).close(); // and goes on
    }

    @Test
    void whatTheKernelsDoNotTakeIsRefusedBeforeTheyRun() {
        Batch batch = new Batch(new int[] {0}, new int[] {0}, new int[] {-1}, new int[] {0, 1}, new int[] {-1});
        try (Workspace workspace = backend.workspace(1 << 16)) {
            Tensor wide = workspace.take(DType.BF16, 1, 3 * 136);
            Tensor out = workspace.take(DType.BF16, 1, 136);
            Tensor lse = workspace.take(1, 1);
            assertThatThrownBy(() -> backend.attention(out, lse, wide, new Heads(1, 1, 136), batch))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("heads of width 136");
            assertThatThrownBy(() -> backend.swiGlu(out, wide))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("swiGlu: shapes do not fit: BF16 1 x 136, BF16 1 x 408");
        }
    }

    @Test
    void memoryThatCameBackIsHandedOutAgain() {
        Workspace first = backend.workspace(3 << 20);
        long address = first.take(DType.BF16, 1, 1).data().address();
        first.close();
        try (Workspace second = backend.workspace(2 << 20)) {
            assertThat(second.take(DType.BF16, 1, 1).data().address()).isEqualTo(address);
        }
    }
}
