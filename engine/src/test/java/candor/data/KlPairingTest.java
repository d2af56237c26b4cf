package candor.data;

import static org.assertj.core.api.Assertions.assertThat;

import candor.data.Batcher.Step;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KlPairingTest {
    private static Step step(int index, int... sizes) {
        return new Step(
                0,
                index,
                9,
                IntStream.of(sizes)
                        .mapToObj(size -> IntStream.range(0, size).boxed().toList())
                        .toList());
    }

    @Test
    void trlRotatesInsideEachMicroBatch() {
        assertThat(KlPairing.TRL.partners(step(0, 4, 3, 1, 2), 7)).containsExactly(3, 0, 1, 2, 6, 4, 5, 7, 9, 8);
    }

    @Test
    void theWholeStepIsOneCycleHoweverItIsCut() {
        int[] partners = KlPairing.STEP.partners(step(3, 4, 4, 1), 7);
        assertThat(partners).containsExactlyInAnyOrder(IntStream.range(0, 9).toArray());
        for (int i = 0; i < partners.length; i++) {
            assertThat(partners[i]).isNotEqualTo(i);
        }
        assertThat(KlPairing.STEP.partners(step(3, 9), 7)).isEqualTo(partners);
        assertThat(KlPairing.STEP.partners(step(4, 9), 7)).as("another step").isNotEqualTo(partners);
        assertThat(KlPairing.STEP.partners(step(3, 9), 8)).as("another seed").isNotEqualTo(partners);
    }

    @Test
    void aRowAloneIsItsOwnPartner() {
        for (KlPairing pairing : KlPairing.values()) {
            assertThat(pairing.partners(step(0, 1), 7)).containsExactly(0);
        }
    }
}
