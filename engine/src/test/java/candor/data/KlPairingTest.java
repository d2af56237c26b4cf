package candor.data;

import static org.assertj.core.api.Assertions.assertThat;

import candor.data.Batcher.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KlPairingTest {
    /** Micro-batches of these sizes, of the rows from {@code first} up. */
    private static Step step(int index, int first, int... sizes) {
        List<List<Integer>> microBatches = new ArrayList<>();
        int next = first;
        for (int size : sizes) {
            microBatches.add(IntStream.range(next, next + size).boxed().toList());
            next += size;
        }
        return new Step(0, index, 9, microBatches);
    }

    @Test
    void theWholeDataIsOneCycleThatOnlyTheSeedDraws() {
        int size = 50;
        int[] partners = KlPairing.DATA.partners(size, 7).of(step(0, 0, size));
        boolean[] met = new boolean[size];
        int row = 0;
        for (int i = 0; i < size; i++) {
            assertThat(met[row]).as("row %d once", row).isFalse();
            met[row] = true;
            row = partners[row];
        }
        assertThat(row).as("back at its first row").isZero();
        Step later = new Step(4, 2, 9, List.of(List.of(31, 8), List.of(49)));
        assertThat(KlPairing.DATA.partners(size, 7).of(later)).containsExactly(partners[31], partners[8], partners[49]);
        assertThat(KlPairing.DATA.partners(size, 8).of(step(0, 0, size))).isNotEqualTo(partners);
        assertThat(KlPairing.DATA.partners(2, 7).of(step(0, 1, 1))).containsExactly(0);
    }

    @Test
    void trlRotatesInsideEachMicroBatch() {
        assertThat(KlPairing.TRL.partners(10, 7).of(step(0, 0, 4, 3, 1, 2)))
                .containsExactly(3, 0, 1, 2, 6, 4, 5, 7, 9, 8);
    }

    @Test
    void theWholeStepIsOneCycleHoweverItIsCut() {
        int[] partners = KlPairing.STEP.partners(99, 7).of(step(3, 20, 4, 4, 1));
        assertThat(partners).containsExactlyInAnyOrder(IntStream.range(20, 29).toArray());
        for (int i = 0; i < partners.length; i++) {
            assertThat(partners[i]).isNotEqualTo(20 + i);
        }
        assertThat(KlPairing.STEP.partners(99, 7).of(step(3, 20, 9))).isEqualTo(partners);
        assertThat(KlPairing.STEP.partners(99, 7).of(step(4, 20, 9)))
                .as("another step")
                .isNotEqualTo(partners);
        assertThat(KlPairing.STEP.partners(99, 8).of(step(3, 20, 9)))
                .as("another seed")
                .isNotEqualTo(partners);
    }

    @Test
    void aLoneRowTakesWhatItsRuleHas() {
        assertThat(KlPairing.TRL.partners(9, 7).of(step(0, 5, 1))).containsExactly(5);
        assertThat(KlPairing.STEP.partners(9, 7).of(step(0, 5, 1))).containsExactly(4);
        assertThat(KlPairing.STEP.partners(9, 7).of(step(0, 0, 1))).containsExactly(8);
        assertThat(KlPairing.LLAMA_FACTORY.partners(9, 7).of(step(0, 5, 1))).containsExactly(4);
    }

    /** kl_response = [last] + all but the last, in groups of preprocessing_batch_size rows of the file. */
    @Test
    void llamaFactoryRotatesInGroupsOfAThousandBeforeShuffling() {
        Step shuffled = new Step(3, 1, 9, List.of(List.of(1, 0, 999), List.of(1000, 2299, 2000)));
        int[] partners = {0, 999, 998, 1999, 2298, 2299};
        assertThat(KlPairing.LLAMA_FACTORY.partners(2300, 7).of(shuffled)).isEqualTo(partners);
        assertThat(KlPairing.LLAMA_FACTORY.partners(2300, 8).of(shuffled)).isEqualTo(partners);
        assertThat(KlPairing.LLAMA_FACTORY.partners(3, 7).of(step(0, 0, 3))).containsExactly(2, 0, 1);
    }
}
