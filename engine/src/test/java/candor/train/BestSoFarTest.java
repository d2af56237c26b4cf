package candor.train;

import static org.assertj.core.api.Assertions.assertThat;

import candor.train.config.TrainConfig.Best;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BestSoFarTest {
    private static BestSoFar after(Best rule, double... values) {
        BestSoFar best = BestSoFar.NONE;
        for (int i = 0; i < values.length; i++) {
            assertThat(best.outOfPatience(rule)).isFalse();
            best = best.with(10L * (i + 1), Map.of(rule.metric(), values[i]), rule);
        }
        return best;
    }

    @Test
    void lessOfALossIsBetter() {
        Best rule = new Best("eval_loss", false, 2, 0, true);
        assertThat(after(rule, 3)).isEqualTo(new BestSoFar(10, 3, 0));
        assertThat(after(rule, 3, 2, 2.5)).isEqualTo(new BestSoFar(20, 2, 1));
        assertThat(after(rule, 3, 2, 2.5, 1)).isEqualTo(new BestSoFar(40, 1, 0));
        assertThat(after(rule, 3, 2, 2).waited()).isEqualTo(1); // as good is not better, and the first one stays
        assertThat(after(rule, 3, 2, 2).step()).isEqualTo(20);
        assertThat(after(rule, 3, 2, 2, 2).outOfPatience(rule)).isTrue();
    }

    @Test
    void moreOfAMarginIsBetter() {
        Best rule = new Best("eval_rewards/margins", true, 1, 0, false);
        assertThat(after(rule, -1, 0, 2)).isEqualTo(new BestSoFar(30, 2, 0));
        assertThat(after(rule, -1, 0, -0.5).outOfPatience(rule)).isTrue();
    }

    /** As transformers' EarlyStoppingCallback: a small gain makes the best, and yet does not end the waiting. */
    @Test
    void whatIsBetterByLessThanTheThresholdIsTheBestAndIsWaitedOn() {
        Best rule = new Best("eval_loss", false, 3, 0.5, true);
        assertThat(after(rule, 3, 2.8, 2.6)).isEqualTo(new BestSoFar(30, 2.6, 2));
        assertThat(after(rule, 3, 2.5)).isEqualTo(new BestSoFar(20, 2.5, 1)); // not more than the threshold
        assertThat(after(rule, 3, 2.8, 2.2)).isEqualTo(new BestSoFar(30, 2.2, 0));
    }

    @Test
    void withoutPatienceItGoesOnForEver() {
        Best rule = new Best("eval_loss", false, 0, 0, true);
        assertThat(after(rule, 1, 2, 3, 4, 5).outOfPatience(rule)).isFalse();
    }
}
