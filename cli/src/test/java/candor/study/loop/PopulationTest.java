package candor.study.loop;

import static org.assertj.core.api.Assertions.assertThat;

import candor.study.user.InitialState;
import candor.study.user.UserType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class PopulationTest {
    private final List<InitialState> states = Fakes.states(203);

    private Set<String> biased(List<InitialState> among, double ratio, long seed) {
        Population population = Population.of(among, ratio, seed);
        return among.stream()
                .filter(state -> population.type(state) == UserType.BIASED)
                .map(InitialState::id)
                .collect(Collectors.toSet());
    }

    @Test
    void hasTheShareAskedForAndSmallerOnesWithinLarger() {
        Set<String> before = new HashSet<>();
        for (double ratio : new double[] {0, 0.05, 0.1, 0.2, 0.5, 1}) {
            Set<String> now = biased(states, ratio, 5);
            assertThat(now).hasSize((int) Math.round(ratio * 203)).containsAll(before);
            before = now;
        }
    }

    @Test
    void isDrawnByTheSeedAndNotByTheOrder() {
        List<InitialState> reversed = new ArrayList<>(states);
        Collections.reverse(reversed);
        assertThat(biased(reversed, 0.3, 5)).isEqualTo(biased(states, 0.3, 5));
        assertThat(biased(states, 0.3, 6)).isNotEqualTo(biased(states, 0.3, 5));
    }
}
