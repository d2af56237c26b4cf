package candor.model;

import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.EmulatedDevice;
import java.io.IOException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole models on the emulated device against PyTorch's float32. */
class CudaGoldenTest {
    @BeforeEach
    void needsTheLibrary() {
        EmulatedDevice.assumeThere();
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama3", "qwen2", "qwen3", "mistral"})
    void aModelIsAsNearToFloat32AsPyTorchInBf16(String name) throws IOException {
        try (CudaBackend cuda = CudaBackend.emulated()) {
            GoldenDistance.requireNoFartherThanPyTorchInBf16(name, cuda);
        }
    }
}
