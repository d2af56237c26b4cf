package candor.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.data.Batcher.MicroBatches;
import candor.data.Batcher.Settings;
import candor.data.Batcher.State;
import candor.data.Batcher.Step;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BatcherTest {
    private static final int[] LENGTHS =
            new SplittableRandom(3).ints(203, 1, 100).toArray();

    static List<Settings> settings() {
        return List.of(
                new Settings(new MicroBatches.Rows(4), 2, false, 0),
                new Settings(new MicroBatches.Rows(3), 5, true, 11),
                new Settings(new MicroBatches.Rows(1), 1, true, -1),
                new Settings(new MicroBatches.Tokens(100, 16), 3, true, 11),
                new Settings(new MicroBatches.Tokens(256, 1024), 2, true, 12),
                new Settings(new MicroBatches.Tokens(256, 64), 1, false, 0));
    }

    private static List<Step> steps(Batcher batcher, int count) {
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            steps.add(batcher.next());
        }
        return steps;
    }

    @Test
    void plainBatchesFollowTheData() {
        Batcher batcher = new Batcher(new int[11], new Settings(new MicroBatches.Rows(2), 2, false, 5));
        assertThat(steps(batcher, 4))
                .containsExactly(
                        new Step(0, 0, 3, List.of(List.of(0, 1), List.of(2, 3))),
                        new Step(0, 1, 3, List.of(List.of(4, 5), List.of(6, 7))),
                        new Step(0, 2, 3, List.of(List.of(8, 9), List.of(10))),
                        new Step(1, 0, 3, List.of(List.of(0, 1), List.of(2, 3))));
        assertThat(batcher.stepsIn(3)).isEqualTo(9);
        Batcher shorter = new Batcher(new int[9], new Settings(new MicroBatches.Rows(2), 2, false, 5));
        assertThat(steps(shorter, 3).getLast().microBatches()).containsExactly(List.of(8));
    }

    @ParameterizedTest
    @MethodSource("settings")
    void anEpochTakesEveryRowOnce(Settings settings) {
        Batcher batcher = new Batcher(LENGTHS, settings);
        List<Integer> all = IntStream.range(0, LENGTHS.length).boxed().toList();
        List<List<Integer>> epochs = new ArrayList<>();
        long steps = 0;
        for (int epoch = 0; epoch < 3; epoch++) {
            List<Integer> rows = new ArrayList<>();
            Step step;
            do {
                step = batcher.next();
                steps++;
                assertThat(step.epoch()).isEqualTo(epoch);
                boolean last = step.index() == step.stepsInEpoch() - 1;
                assertThat(step.microBatches().size())
                        .isBetween(
                                last ? 1 : settings.gradientAccumulationSteps(), settings.gradientAccumulationSteps());
                rows.addAll(step.rows());
            } while (step.index() < step.stepsInEpoch() - 1);
            assertThat(rows).containsExactlyInAnyOrderElementsOf(all);
            epochs.add(rows);
        }
        assertThat(batcher.stepsIn(3)).isEqualTo(steps);
        assertThat(epochs.get(0).equals(epochs.get(1)))
                .as("another order in each epoch if shuffled, the same if not")
                .isEqualTo(!settings.shuffle());
    }

    @ParameterizedTest
    @MethodSource("settings")
    void resumesAtAnyStepByItsState(Settings settings) throws Exception {
        ObjectMapper json = new ObjectMapper();
        Batcher whole = new Batcher(LENGTHS, settings);
        List<State> states = new ArrayList<>();
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < 150; i++) {
            states.add(json.readValue(json.writeValueAsString(whole.state()), State.class));
            steps.add(whole.next());
            assertThat(whole.after(steps.getLast())).isEqualTo(whole.state());
        }
        for (int at : new int[] {0, 1, 7, 68, 99, 147}) {
            Batcher resumed = Batcher.resume(LENGTHS, settings, states.get(at));
            assertThat(resumed.state()).isEqualTo(states.get(at));
            assertThat(steps(resumed, 3)).isEqualTo(steps.subList(at, at + 3));
        }
    }

    @Test
    void packingKeepsTheBudgetAndWastesLittle() {
        int budget = 256;
        int window = 101;
        Settings settings = new Settings(new MicroBatches.Tokens(budget, window), 1, true, 4);
        Batcher batcher = new Batcher(LENGTHS, settings);
        int steps = (int) batcher.stepsIn(1);
        int total = IntStream.of(LENGTHS).sum();
        for (Step step : steps(batcher, steps)) {
            assertThat(step.rows().stream().mapToInt(row -> LENGTHS[row]).sum()).isBetween(1, budget);
        }
        int fewest = Math.ceilDiv(total, budget);
        assertThat(steps).isBetween(fewest, fewest * 11 / 9 + 3);
    }

    /** Groups are ordered, counted and packed as rows are that are as long as all of the group. */
    @ParameterizedTest
    @MethodSource("settings")
    void groupsStayTogether(Settings settings) {
        int[] lengths = new int[2 * LENGTHS.length];
        for (int i = 0; i < LENGTHS.length; i++) {
            lengths[2 * i] = LENGTHS[i] / 3;
            lengths[2 * i + 1] = LENGTHS[i] - lengths[2 * i];
        }
        Settings pairs = new Settings(
                settings.microBatches(), settings.gradientAccumulationSteps(), settings.shuffle(), settings.seed(), 2);
        Batcher single = new Batcher(LENGTHS, settings);
        Batcher paired = new Batcher(lengths, pairs);
        assertThat(paired.stepsIn(3)).isEqualTo(single.stepsIn(3));
        List<Step> alone = steps(single, 60);
        List<Step> together = steps(paired, 60);
        for (int i = 0; i < 60; i++) {
            List<List<Integer>> rows = alone.get(i).microBatches().stream()
                    .map(rowsOfOne -> rowsOfOne.stream()
                            .flatMap(row -> Stream.of(2 * row, 2 * row + 1))
                            .toList())
                    .toList();
            assertThat(together.get(i).microBatches()).isEqualTo(rows);
        }
        assertThat(paired.state().rows()).isEqualTo(lengths.length);
        assertThat(Batcher.resume(lengths, pairs, paired.state()).next()).isEqualTo(paired.next());
    }

    @Test
    void seedsMakeTheOrder() {
        MicroBatches packed = new MicroBatches.Tokens(256, 64);
        List<Step> one = steps(new Batcher(LENGTHS, new Settings(packed, 2, true, 1)), 20);
        assertThat(steps(new Batcher(LENGTHS, new Settings(packed, 2, true, 1)), 20))
                .isEqualTo(one);
        assertThat(steps(new Batcher(LENGTHS, new Settings(packed, 2, true, 2)), 20))
                .isNotEqualTo(one);
    }

    @Test
    void refusesWhatCannotBe() {
        Settings packed = new Settings(new MicroBatches.Tokens(50, 8), 1, true, 1);
        assertThatThrownBy(() -> new Batcher(new int[] {50, 51}, packed))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith("row 1 has 51 tokens");
        assertThatThrownBy(() -> new Batcher(new int[0], packed)).isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> new MicroBatches.Rows(0)).isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> new MicroBatches.Tokens(0, 1)).isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> new Settings(new MicroBatches.Rows(1), 0, true, 1))
                .isInstanceOf(BadInput.class);
        int[] lengths = {1, 2, 3};
        Settings plain = new Settings(new MicroBatches.Rows(2), 1, true, 1);
        for (State state : List.of(
                new State(2, 3, 0, 0),
                new State(1, 4, 0, 0),
                new State(1, 3, 0, 2),
                new State(1, 3, -1, 0),
                new State(1, 3, 0, -1))) {
            assertThatThrownBy(() -> Batcher.resume(lengths, plain, state)).isInstanceOf(BadInput.class);
        }
    }

    @Test
    void firstFitDecreasingOnACaseByHand() {
        int[] sizes = {4, 8, 1, 4, 2, 1, 7, 3};
        // Falling: 8 7 4 4 3 2 1 1, capacity 10: {8 2} {7 3} {4 4 1 1}; rows in their order, bins by their first row.
        assertThat(FirstFit.decreasing(IntStream.range(0, 8).boxed().toList(), row -> sizes[row], 10))
                .containsExactly(List.of(0, 2, 3, 5), List.of(1, 4), List.of(6, 7));
    }
}
