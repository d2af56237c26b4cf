package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/** The gated units where a gate's square is beyond float32. */
class GatedOpsTest {
    /** More than the widest vector, and something left over. */
    private static final int WIDTH = 19;

    private static final float HUGE = 1e20f;

    private static Tensor row(Arena arena, int cols) {
        return Tensor.allocate(arena, DType.F32, 1, cols);
    }

    @Test
    void hugeGatesAreOpenOrShut() {
        try (Arena arena = Arena.ofConfined();
                CpuBackend cpu = new CpuBackend(1)) {
            Tensor gateUp = row(arena, 2 * WIDTH);
            Tensor y = row(arena, WIDTH);
            Tensor dy = row(arena, WIDTH);
            Tensor dGateUp = row(arena, 2 * WIDTH);
            for (int f = 0; f < WIDTH; f++) {
                gateUp.set(0, f, f % 2 == 0 ? HUGE : -HUGE);
                gateUp.set(0, WIDTH + f, 0.5);
                dy.set(0, f, 1);
            }
            cpu.swiGlu(y, gateUp);
            cpu.swiGluBackward(dGateUp, dy, gateUp);
            for (int f = 0; f < WIDTH; f++) {
                boolean open = f % 2 == 0;
                assertThat((float) y.get(0, f)).isCloseTo(open ? HUGE / 2 : 0, within(1e-17f));
                assertThat((float) dGateUp.get(0, f)).isCloseTo(open ? 0.5f : 0, within(1e-17f));
                assertThat((float) dGateUp.get(0, WIDTH + f)).isCloseTo(open ? HUGE : 0, within(1e-17f));
            }
            cpu.geGlu(y, gateUp);
            for (int f = 0; f < WIDTH; f++) {
                assertThat((float) y.get(0, f)).isCloseTo(f % 2 == 0 ? HUGE / 2 : 0, within(1e-17f));
            }
        }
    }
}
