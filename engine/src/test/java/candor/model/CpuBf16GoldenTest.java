package candor.model;

import static org.assertj.core.api.Assertions.assertThat;

import candor.ops.cpu.CpuBackend;
import candor.tensor.DType;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole models on the CPU, operands of products rounded to bf16, against PyTorch's float32. */
class CpuBf16GoldenTest {
    @ParameterizedTest
    @ValueSource(strings = {"llama3", "qwen2", "qwen3", "mistral"})
    void aModelIsAsNearToFloat32AsPyTorchInBf16(String name) throws IOException {
        try (CpuBackend cpu = new CpuBackend(2, DType.BF16)) {
            GoldenDistance here = GoldenDistance.requireNoFartherThanPyTorchInBf16(name, cpu);
            assertThat(here.logits()).as("it is not float32").isGreaterThan(1e-4);
        }
    }
}
