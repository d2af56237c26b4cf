package candor.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.ops.BackendDescriptor;
import candor.tensor.DType;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How the arguments of comparisons end. */
class AgainstTest {
    private static Against of(String... args) {
        return Against.of(args, 1);
    }

    @Test
    void aTypeAndAPeerMayBeLeftOut() {
        assertThat(of("tiny")).isEqualTo(new Against(BackendDescriptor.CPU, List.of()));
        assertThat(of("tiny", "float32").backend()).isEqualTo(BackendDescriptor.CPU);
        Against bf16 = of("tiny", "bfloat16", "python", "step.py");
        assertThat(bf16.backend()).isEqualTo(BackendDescriptor.CPU.withProducts(DType.BF16));
        assertThat(bf16.peer()).containsExactly("python", "step.py");
        assertThat(of("tiny", "python", "step.py").backend()).isEqualTo(BackendDescriptor.CPU);
    }

    @Test
    void anythingElseIsOneLine() {
        assertThatThrownBy(() -> of("tiny", "float16", "python", "step.py"))
                .isInstanceOf(BadInput.class)
                .hasMessage("the arguments end with float16 python step.py, expected [float32|bfloat16] [PYTHON"
                        + " SCRIPT]");
        assertThatThrownBy(() -> of("tiny", "bfloat16", "python")).isInstanceOf(BadInput.class);
    }
}
