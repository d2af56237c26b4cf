package candor.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which micro-batches share a pass. */
class TogetherTest {
    private static List<Integer> ends(Together together, int[] tokens, int[] targets) {
        List<Integer> ends = new ArrayList<>();
        for (int m = 0; m < tokens.length; ) {
            m = together.end(m, tokens.length, i -> tokens[i], i -> targets[i]);
            ends.add(m);
        }
        assertThat(together.passes(0, tokens.length, i -> tokens[i], i -> targets[i]))
                .isEqualTo(ends.size());
        return ends;
    }

    @Test
    void neighboursGoTogetherAsLongAsTheyFit() {
        int[] tokens = {30, 40, 31, 100, 1, 50, 50, 1};
        int[] targets = {1, 1, 1, 1, 1, 1, 1, 1};
        assertThat(ends(new Together(8, 100, 8), tokens, targets)).containsExactly(2, 3, 4, 6, 8);
        assertThat(ends(new Together(8, 101, 8), tokens, targets)).containsExactly(3, 5, 8);
        assertThat(ends(new Together(2, 101, 8), tokens, targets)).containsExactly(2, 3, 5, 7, 8);
        assertThat(ends(new Together(8, 1000, 3), tokens, targets)).containsExactly(3, 6, 8);
        assertThat(ends(Together.NONE, tokens, targets)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    }

    /** The largest of one run was longer than what fits when another resumed: it goes alone. */
    @Test
    void whatIsTooLargeGoesAlone() {
        assertThat(ends(new Together(8, 10, 1), new int[] {3, 11, 3}, new int[] {5, 5, 5}))
                .containsExactly(1, 2, 3);
    }

    @Test
    void asManyAreWantedAsFillTheLargestPass() {
        assertThat(Together.wanted(16, 300, 2048)).isEqualTo(7);
        assertThat(Together.wanted(4, 300, 2048)).isEqualTo(4);
        assertThat(Together.wanted(16, 10, 2048)).isEqualTo(8);
        assertThat(Together.wanted(16, 2048, 2048)).as("all of one length").isEqualTo(1);
        assertThat(Together.wanted(1, 300, 2048)).isEqualTo(1);
    }
}
