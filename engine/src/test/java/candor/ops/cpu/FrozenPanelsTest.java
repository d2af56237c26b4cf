package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class FrozenPanelsTest {
    @Test
    void keepsWhatFitsTheBudgetAndOnlyWhatWasRegistered() {
        int outputs = TileShape.COLUMNS + 1;
        int inputs = outputs;
        long forward = 2L * FrozenPanels.stride(inputs) * Float.BYTES;
        try (Arena arena = Arena.ofShared();
                Workers workers = new Workers(2)) {
            FrozenPanels panels = new FrozenPanels(workers, 2 * forward - 1);
            Tensor first = Tensor.allocate(arena, DType.BF16, outputs, inputs);
            Tensor second = Tensor.allocate(arena, DType.BF16, outputs, inputs);
            assertThat(panels.forward(first)).isNull();
            panels.register(first);
            panels.register(second);
            assertThat((long) panels.forward(first).length * Float.BYTES).isEqualTo(forward);
            assertThat(panels.forward(first)).isSameAs(panels.forward(first));
            assertThat(panels.forward(second)).isNull();
            assertThat(panels.backward(second)).isNull();
        }
    }
}
