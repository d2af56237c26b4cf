package candor.generate.file;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import org.junit.jupiter.api.Test;

class LargeRunTest {
    @Test
    void moreRowsThanCanBeCountedAreRefused() {
        assertThatCode(() -> GenerateRun.requireCountable(1_000_000, 2_147)).doesNotThrowAnyException();
        assertThatThrownBy(() -> GenerateRun.requireCountable(10_000_000, 300))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("10000000 prompts times 300 adapters are more rows than");
    }
}
