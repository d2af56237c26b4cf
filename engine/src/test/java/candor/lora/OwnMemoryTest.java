package candor.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.ops.cpu.CpuBackend;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class OwnMemoryTest {
    @Test
    void itGoesBeforeTheBackendDoes() {
        try (CpuBackend backend = new CpuBackend(1)) {
            AdapterLayout layout = new AdapterLayout(AdapterTest.MODEL, AdapterTest.ALL);
            Adapter lasting = Adapter.frozen(Memory.of(backend), layout).initialise(3);
            OwnMemory memory = new OwnMemory(backend);
            Adapter own = Adapter.frozen(memory, layout);
            float[] values = new float[layout.length()];
            memory.download(values, own.parameters());
            assertThat(values).containsOnly(0f);
            own.initialise(3);
            float[] expected = new float[layout.length()];
            backend.download(expected, lasting.parameters());
            memory.download(values, own.parameters());
            assertThat(values).isEqualTo(expected);
            Tensor parameters = own.parameters();
            memory.close();
            assertThatThrownBy(() -> parameters.data().get(ValueLayout.JAVA_FLOAT, 0))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(backend.allocate(DType.F32, 1, 1)).isNotNull();
        }
    }
}
