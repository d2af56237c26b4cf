package candor.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.GoldenFolders;
import candor.check.NaiveBackend;
import candor.model.Safetensors;
import candor.ops.cpu.CpuBackend;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.EmulatedDevice;
import candor.tensor.DType;
import candor.tensor.Tensor;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Six steps beside bitsandbytes' own: every code is the same, all else but for rounding. */
class EightBitGoldenTest {
    private static final Offset<Float> CLOSE = within(1e-6f);

    @Test
    void onTheProcessor() throws IOException {
        try (Backend backend = new CpuBackend(2)) {
            followsThePeer(backend);
        }
    }

    @Test
    void asPlainLoops() throws IOException {
        try (Backend backend = new NaiveBackend()) {
            followsThePeer(backend);
        }
    }

    @Test
    void onADevice() throws IOException {
        EmulatedDevice.assumeThere();
        try (Backend backend = CudaBackend.emulated()) {
            followsThePeer(backend);
        }
    }

    private static void followsThePeer(Backend backend) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Safetensors file = Safetensors.open(GoldenFolders.folder("adamw8").resolve("steps.safetensors"), arena);
            float[] start = floats(file, "w");
            Tensor w = row(backend, DType.F32, start);
            Tensor g = row(backend, DType.F32, start);
            EightBitRow m = zero(backend, start.length);
            EightBitRow v = zero(backend, start.length);
            JsonNode steps = new ObjectMapper().readTree(file.metadata().get("steps"));
            for (int step = 1; step <= steps.size(); step++) {
                backend.upload(g, floats(file, "g" + step));
                JsonNode now = steps.get(step - 1);
                backend.adamW8bit(
                        w,
                        g,
                        m,
                        v,
                        new AdamWStep(
                                now.get("learning_rate").asDouble(),
                                now.get("beta1").asDouble(),
                                now.get("beta2").asDouble(),
                                now.get("epsilon").asDouble(),
                                now.get("weight_decay").asDouble(),
                                now.get("grad_scale").asDouble(),
                                step));
                String of = "step " + step;
                assertThat(values(backend, m.codes())).as(of).isEqualTo(floats(file, "m" + step));
                assertThat(values(backend, v.codes())).as(of).isEqualTo(floats(file, "v" + step));
                assertThat(values(backend, m.largest())).containsExactly(largest(file, "m" + step), CLOSE);
                assertThat(values(backend, v.largest())).containsExactly(largest(file, "v" + step), CLOSE);
                float[] expected = floats(file, "w" + step);
                float[] got = values(backend, w);
                for (int i = 0; i < got.length; i++) {
                    // A step is large where a second moment is the zero of its block.
                    assertThat(got[i])
                            .as(of)
                            .isCloseTo(expected[i], within(1e-6f * Math.max(1, Math.abs(expected[i]))));
                }
            }
        }
    }

    private static float[] floats(Safetensors file, String name) {
        return file.bytes(name).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    /** Of a block of zeros, the peer says 1. */
    private static float[] largest(Safetensors file, String moment) {
        float[] largest = floats(file, moment + "_largest");
        for (int block = 0; block < largest.length; block++) {
            largest[block] = largest[block] == 1 ? 0 : largest[block];
        }
        return largest;
    }

    private static Tensor row(Backend backend, DType type, float[] values) {
        Tensor row = backend.allocate(type, 1, values.length);
        backend.upload(row, values);
        return row;
    }

    private static EightBitRow zero(Backend backend, int count) {
        return new EightBitRow(
                backend.allocate(DType.U8, 1, count), backend.allocate(DType.F32, 1, EightBitRow.blocks(count)));
    }

    private static float[] values(Backend backend, Tensor row) {
        float[] values = new float[row.cols()];
        backend.download(values, row);
        return values;
    }
}
