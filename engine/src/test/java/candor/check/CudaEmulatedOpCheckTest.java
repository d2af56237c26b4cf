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

    /** Operations that are other kernels on a Hopper. */
    private static final Set<String> WITH_WGMMA = Set.of(
            "linear", "linears", "linearBackward", "attention", "attentionBackward", "logProb", "logProbBackward");

    /** The cases whose rows are many, and aligned where they are dense. */
    private static final List<String> KNOWN = List.of("T=17 C=64 V=1031", "N=121 I=320 O=113", "N=93 I=256 O=96");

    private static final String WITH_GAPS = "has other bytes with gaps between rows";

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

    /** What goes by wgmma there; but products still look at where their operands lie (matmul.cu), and float32 sums show it. */
    @Test
    void operationsOfAHopperAreCloseToTheReferenceToo() {
        List<Result> results = new ArrayList<>();
        EmulatedDevice.onHopper(() -> {
            try (CudaBackend backend = CudaBackend.emulated()) {
                assertThat(backend.description()).contains("compute capability 9.0");
                OpCheck.run(backend, WITH_WGMMA, results::add);
            }
        });
        assertThat(results)
                .filteredOn(result -> result.verdict() != Verdict.PASS)
                .filteredOn(result -> KNOWN.stream().noneMatch(result.text()::startsWith)
                        || !result.reason().endsWith(WITH_GAPS))
                .isEmpty();
        assertThat(results).extracting(Result::op).containsAll(WITH_WGMMA);
    }
}
