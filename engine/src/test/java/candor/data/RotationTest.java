package candor.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RotationTest {
    @Test
    void allAreTakenBeforeAnyComesAgain() {
        List<Integer> taken = new ArrayList<>();
        for (int turn = 0; turn < 14; turn++) {
            for (int each : Rotation.at(turn, 3, 7, 5)) {
                taken.add(each);
            }
        }
        List<List<Integer>> rounds = new ArrayList<>();
        for (int round = 0; round < 6; round++) {
            rounds.add(List.copyOf(taken.subList(7 * round, 7 * round + 7)));
            assertThat(rounds.getLast()).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6);
        }
        assertThat(rounds.stream().distinct()).hasSizeGreaterThan(3);
    }

    @Test
    void aTurnFollowsFromItsNumberAndTheSeed() {
        assertThat(Rotation.at(1_000_000_007L, 4, 9, 5)).isEqualTo(Rotation.at(1_000_000_007L, 4, 9, 5));
        assertThat(Rotation.at(3, 9, 9, 5)).isNotEqualTo(Rotation.at(3, 9, 9, 6));
        assertThat(Rotation.at(2, 5, 1, 5)).containsExactly(0, 0, 0, 0, 0);
    }
}
