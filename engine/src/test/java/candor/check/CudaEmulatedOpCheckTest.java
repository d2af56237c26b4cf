package candor.check;

import static org.assertj.core.api.Assertions.assertThat;

import candor.check.Result.Verdict;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.EmulatedDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The CUDA kernels, run by the emulator, against float64: at most twice the error of the plain bf16 form. */
class CudaEmulatedOpCheckTest {
    /** Gradients of the weights themselves: the CPU's alone. */
    private static final Set<String> NOT_THERE = Set.of(
            "linearWeightGradient",
            "linearBiasGradient",
            "rmsNormWeightGradient",
            "embedBackward",
            "logProbHeadGradient");

    @BeforeEach
    void needsTheLibrary() {
        EmulatedDevice.assumeThere();
    }

    @Test
    void everyOperationIsCloseToTheReference() {
        List<Result> results = new ArrayList<>();
        try (CudaBackend backend = CudaBackend.emulated()) {
            OpCheck.run(backend, results::add);
        }
        assertThat(results)
                .filteredOn(result -> result.verdict() != Verdict.PASS)
                .filteredOn(result -> result.verdict() != Verdict.SKIP || !NOT_THERE.contains(result.op()))
                .isEmpty();
        assertThat(results).extracting(Result::op).containsAll(OpCheck.operations());
        assertThat(results)
                .filteredOn(result -> NOT_THERE.contains(result.op()))
                .allSatisfy(result -> assertThat(result.reason()).contains("trains adapters only"));
    }
}
