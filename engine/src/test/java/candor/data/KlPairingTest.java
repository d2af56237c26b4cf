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
    void trlRotatesInsideEachMicroBatch() {
        assertThat(KlPairing.TRL.partners(step(0, 0, 4, 3, 1, 2), 10, 7)).containsExactly(3, 0, 1, 2, 6, 4, 5, 7, 9, 8);
    }

    @Test
    void theWholeStepIsOneCycleHoweverItIsCut() {
        int[] partners = KlPairing.STEP.partners(step(3, 20, 4, 4, 1), 99, 7);
        assertThat(partners).containsExactlyInAnyOrder(IntStream.range(20, 29).toArray());
        for (int i = 0; i < partners.length; i++) {
            assertThat(partners[i]).isNotEqualTo(20 + i);
        }
        assertThat(KlPairing.STEP.partners(step(3, 20, 9), 99, 7)).isEqualTo(partners);
        assertThat(KlPairing.STEP.partners(step(4, 20, 9), 99, 7))
                .as("another step")
                .isNotEqualTo(partners);
        assertThat(KlPairing.STEP.partners(step(3, 20, 9), 99, 8))
                .as("another seed")
                .isNotEqualTo(partners);
    }

    @Test
    void aLoneRowTakesWhatItsRuleHas() {
        assertThat(KlPairing.TRL.partners(step(0, 5, 1), 9, 7)).containsExactly(5);
        assertThat(KlPairing.STEP.partners(step(0, 5, 1), 9, 7)).containsExactly(4);
        assertThat(KlPairing.STEP.partners(step(0, 0, 1), 9, 7)).containsExactly(8);
        assertThat(KlPairing.LLAMA_FACTORY.partners(step(0, 5, 1), 9, 7)).containsExactly(4);
    }

    /** kl_response = [last] + all but the last, in groups of preprocessing_batch_size rows of the file. */
    @Test
    void llamaFactoryRotatesInGroupsOfAThousandBeforeShuffling() {
        Step shuffled = new Step(3, 1, 9, List.of(List.of(1, 0, 999), List.of(1000, 2299, 2000)));
        int[] partners = {0, 999, 998, 1999, 2298, 2299};
        assertThat(KlPairing.LLAMA_FACTORY.partners(shuffled, 2300, 7)).isEqualTo(partners);
        assertThat(KlPairing.LLAMA_FACTORY.partners(shuffled, 2300, 8)).isEqualTo(partners);
        assertThat(KlPairing.LLAMA_FACTORY.partners(step(0, 0, 3), 3, 7)).containsExactly(2, 0, 1);
    }
}
