package candor.check;

import static org.assertj.core.api.Assertions.assertThat;

import candor.check.Result.Verdict;
import candor.ops.cpu.CpuBackend;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The CPU backend against float64, and against itself with another number of threads. */
class CpuOpCheckTest {
    @Test
    void everyOperationIsCloseToTheReference() {
        List<Result> results = new ArrayList<>();
        try (CpuBackend backend = new CpuBackend(2)) {
            OpCheck.run(backend, results::add);
        }
        assertThat(results)
                .filteredOn(result -> result.verdict() != Verdict.PASS)
                .isEmpty();
        assertThat(results).extracting(Result::op).containsAll(OpCheck.operations());
    }

    @Test
    void neitherThreadsNorPanelsChangeAByte() {
        List<Result> results = new ArrayList<>();
        try (CpuBackend one = new CpuBackend(1);
                CpuBackend two = new CpuBackend(2, 0)) {
            OpCheck.sameBytes(one, two, results::add);
        }
        assertThat(results)
                .filteredOn(result -> result.verdict() != Verdict.PASS)
                .isEmpty();
    }
}
