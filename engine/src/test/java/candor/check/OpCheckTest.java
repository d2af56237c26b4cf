package candor.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.check.Result.Verdict;
import candor.ops.op.Op;
import candor.ops.op.Operations;
import candor.ops.op.Rope;
import candor.ops.op.Zero;
import candor.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The checker passes what is right, and finds every planted bug, for the right reason. */
class OpCheckTest {
    @Test
    void theYardstickPassesAndIsCloseToTheReference() {
        List<Result> results = new ArrayList<>();
        try (NaiveBackend naive = new NaiveBackend()) {
            OpCheck.run(naive, results::add);
        }
        assertThat(results).extracting(Result::verdict).containsOnly(Verdict.PASS);
        // A bound is twice the yardstick's error: were it far off, it would forgive everything.
        assertThat(results).extracting(Result::bound).allMatch(bound -> bound < 1e-4);
        assertThat(results).filteredOn(result -> result.bound() > 5e-6).hasSizeLessThan(10);
        assertThat(results.stream().map(result -> result.op() + result.text()))
                .as("a name for each case, and with it a seed")
                .doesNotHaveDuplicates();
    }

    @Test
    void everyOperationIsInTheTable() {
        List<String> records = Operations.all()
                .map(Class::getSimpleName)
                .map(name -> Character.toLowerCase(name.charAt(0)) + name.substring(1))
                .toList();
        assertThat(OpCheck.operations()).containsExactlyInAnyOrderElementsOf(records);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                        RowMutants.all(),
                        LinearMutants.all(),
                        PackedMutants.all(),
                        ScoreMutants.all(),
                        CacheMutants.all(),
                        WeightMutants.all())
                .flatMap(all -> all);
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void everyPlantedBugIsFound(Mutant mutant) {
        try (NaiveBackend backend = mutant.backend().get();
                NaiveBackend yardstick = new NaiveBackend()) {
            Judge judge = new Judge(backend, yardstick);
            Optional<Result> failure = OpCheck.cases(mutant.operation())
                    .map(judge::judge)
                    .filter(result -> result.verdict() != Verdict.PASS)
                    .findFirst();
            assertThat(failure).isPresent();
            assertThat(failure.get().verdict()).isEqualTo(Verdict.FAIL);
            assertThat(failure.get().reason()).contains(mutant.reason());
        }
    }

    @Test
    void whatABackendDeclinesIsSkippedWithItsReason() {
        List<Result> results = new ArrayList<>();
        try (NaiveBackend backend = new NaiveBackend() {
            @Override
            public void run(Op op) {
                if (op instanceof Zero zero && zero.y().cols() > 1) {
                    throw new UnsupportedOperationException("more than one column");
                }
                super.run(op);
            }
        }) {
            OpCheck.run(backend, Set.of("zero"), results::add);
        }
        assertThat(results).extracting(Result::verdict).startsWith(Verdict.PASS, Verdict.SKIP, Verdict.SKIP);
        assertThat(results.getLast().reason()).isEqualTo("more than one column");
    }

    @Test
    void otherBytesOnAnotherBackendAreFound() {
        List<Result> same = new ArrayList<>();
        List<Result> other = new ArrayList<>();
        try (NaiveBackend naive = new NaiveBackend();
                NaiveBackend slightlyOff = new NaiveBackend() {
                    @Override
                    public void run(Op op) {
                        super.run(op);
                        if (op instanceof Rope rope) {
                            rope.x().set(0, 0, Math.nextUp((float) rope.x().get(0, 0)));
                        }
                    }
                }) {
            OpCheck.sameBytes(naive, naive, same::add);
            OpCheck.sameBytes(naive, slightlyOff, other::add);
        }
        assertThat(same).extracting(Result::verdict).containsOnly(Verdict.PASS);
        assertThat(other)
                .filteredOn(result -> result.op().equals("rope"))
                .extracting(Result::verdict)
                .containsOnly(Verdict.FAIL);
        assertThat(other)
                .filteredOn(result -> !result.op().equals("rope"))
                .extracting(Result::verdict)
                .containsOnly(Verdict.PASS);
    }

    @Test
    void anErrorIsMeasuredInTheNormThatIsCloserToItsBound() {
        Arg arg = new Arg("y", Arg.Kind.OUTPUT, DType.F32, Shape.matrix(1, 4), null, null, null, Arg.NO_SLOT, false, 0);
        double[] truth = {1, -2, Double.NaN, 1};
        Accuracy one = Accuracy.of(arg, false, truth, new float[] {1, -2, 7, 1}, new float[] {1, -1, 9, 1});
        // The largest difference over the largest value is 1/2; root mean squares: √(1/3) over √(6/3).
        assertThat(one.error()).isCloseTo(0.5, within(1e-12));
        assertThat(one.bound()).isEqualTo(Accuracy.FLOOR);
        assertThat(one.holds()).isFalse();
    }
}
