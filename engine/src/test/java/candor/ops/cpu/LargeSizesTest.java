package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import org.junit.jupiter.api.Test;

/** Sizes that are legal and that no array holds are refused in a line; the largest that one holds are not. */
class LargeSizesTest {
    @Test
    void sequencesForAttention() {
        // 3 panels of 128 columns a token: 1,717,986,904 floats are room for 4,473,924 tokens.
        assertThatCode(() -> AttentionOps.requireArray(4_473_000, 128)).doesNotThrowAnyException();
        assertThatThrownBy(() -> AttentionOps.requireArray(1 << 24, 128))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(
                        "a sequence of 16777216 tokens is too long for attention on the CPU, which takes 4473")
                .hasMessageEndingWith(" at most; lower max_length");
    }

    @Test
    void adaptersOfAPass() {
        // Rank 64 on a layer of 25,600 by 5,120: (25,600 + 5,120) · 64 floats each, 873 of them.
        assertThatCode(() -> LowRankJob.requireArray(0, 873, 30_720L * 64)).doesNotThrowAnyException();
        assertThatThrownBy(() -> LowRankJob.requireArray(0, 4096, 30_720L * 64))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("4096 adapters of this size are too many for one pass, which takes 873 at most");
    }
}
