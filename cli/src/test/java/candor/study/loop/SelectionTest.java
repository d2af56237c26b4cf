package candor.study.loop;

import static candor.study.loop.Fakes.trajectory;
import static org.assertj.core.api.Assertions.assertThat;

import candor.study.loop.Selection.Ranking;
import candor.study.loop.Selection.Size;
import candor.study.user.InitialState;
import candor.study.user.Scenario;
import candor.study.user.UserType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SelectionTest {
    private static List<String> ids(List<Trajectory> trajectories) {
        return trajectories.stream().map(one -> one.state().id()).toList();
    }

    @Test
    void takesTheHighestAndLowestSums() {
        List<Trajectory> all = List.of(
                trajectory("a", UserType.BENIGN, 5, 5),
                trajectory("b", UserType.BIASED, 9, 2.5),
                trajectory("c", UserType.BENIGN, 1, 2),
                trajectory("d", UserType.BENIGN, 10, 10),
                trajectory("e", UserType.BIASED, 2, 2));
        Selection selection = Selection.of(all, new Size(2, 0), Ranking.GLOBAL, 1);
        assertThat(ids(selection.top())).containsExactly("d", "b");
        assertThat(ids(selection.bottom())).containsExactly("c", "e");
        assertThat(ids(Selection.of(all, new Size(0, 0.2), Ranking.GLOBAL, 1).top()))
                .containsExactly("d");
    }

    @Test
    void neverTakesOneTwice() {
        List<Trajectory> all = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            all.add(trajectory("t" + i, UserType.BENIGN, 1 + i % 2));
        }
        Selection selection = Selection.of(all, new Size(100, 0), Ranking.GLOBAL, 1);
        Set<String> both = new HashSet<>(ids(selection.top()));
        both.addAll(ids(selection.bottom()));
        assertThat(both).hasSize(6);
        assertThat(selection.top()).hasSize(3);
    }

    @Test
    void breaksTiesByTheSeedAndNotByTheOrder() {
        List<Trajectory> all = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            all.add(trajectory("t" + i, UserType.BENIGN, 4));
        }
        List<Trajectory> shuffled = new ArrayList<>(all);
        Collections.shuffle(shuffled, new Random(3));
        Size size = new Size(10, 0);
        Selection first = Selection.of(all, size, Ranking.GLOBAL, 1);
        assertThat(Selection.of(shuffled, size, Ranking.GLOBAL, 1)).isEqualTo(first);
        assertThat(ids(Selection.of(all, size, Ranking.GLOBAL, 2).top())).isNotEqualTo(ids(first.top()));
        assertThat(ids(first.top())).isNotEqualTo(ids(all.subList(0, 10)));
    }

    @Test
    void ranksWithinEachScenario() {
        Scenario other = new Scenario("counsel", "lost sleep", "Nights are long.", "rest", "a pill");
        List<Trajectory> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            all.add(trajectory("high" + i, UserType.BENIGN, 8 + 0.1 * i));
            Trajectory low = trajectory("low" + i, UserType.BENIGN, 1 + 0.1 * i);
            InitialState state = new InitialState(low.state().id(), other, "test", "c", "p");
            all.add(new Trajectory(state, low.type(), "S", low.turns(), low.scores()));
        }
        Selection selection = Selection.of(all, new Size(2, 0), Ranking.PER_SCENARIO, 1);
        assertThat(ids(selection.top())).containsExactly("high3", "low3");
        assertThat(ids(selection.bottom())).containsExactly("low0", "high0");
        assertThat(ids(Selection.of(all, new Size(2, 0), Ranking.GLOBAL, 1).top()))
                .containsExactly("high3", "high2");
    }
}
