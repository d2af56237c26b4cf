package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.check.OpCheck;
import candor.check.Result;
import candor.check.Result.Verdict;
import candor.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operation by the loops of every kind of processor that this machine is. */
class CpuKernelsTest {
    private static final long PANEL_BYTES = 1L << 28;

    private static CpuBackend backend(int threads, CpuKernels kernels, DType operands, long panelBytes) {
        return new CpuBackend(threads, new Products(kernels, operands), panelBytes);
    }

    static List<CpuKernels> found() {
        return CpuKernels.found();
    }

    @ParameterizedTest
    @MethodSource("found")
    void inFloat32AllGiveTheBytesOfTheVectorApi(CpuKernels kernels) {
        List<Result> results = new ArrayList<>();
        try (CpuBackend java = backend(2, CpuKernels.JAVA, DType.F32, PANEL_BYTES);
                CpuBackend other = backend(2, kernels, DType.F32, PANEL_BYTES)) {
            OpCheck.sameBytes(java, other, results::add);
        }
        requirePassed(results);
    }

    /** Those without an instruction for pairs of bf16 round as the Vector API's loops do, and then multiply as in float32. */
    @ParameterizedTest
    @MethodSource("found")
    void withoutPairsBf16GivesTheBytesOfTheVectorApi(CpuKernels kernels) {
        if (kernels.pairs()) {
            return;
        }
        List<Result> results = new ArrayList<>();
        try (CpuBackend java = backend(2, CpuKernels.JAVA, DType.BF16, PANEL_BYTES);
                CpuBackend other = backend(2, kernels, DType.BF16, PANEL_BYTES)) {
            OpCheck.sameBytes(java, other, results::add);
        }
        requirePassed(results);
    }

    @ParameterizedTest
    @MethodSource("found")
    void operationsAreCloseToTheReference(CpuKernels kernels) {
        for (DType operands : List.of(DType.F32, DType.BF16)) {
            List<Result> results = new ArrayList<>();
            try (CpuBackend backend = backend(2, kernels, operands, PANEL_BYTES)) {
                OpCheck.run(backend, results::add);
            }
            requirePassed(results);
        }
    }

    @ParameterizedTest
    @MethodSource("found")
    void neitherThreadsNorPanelsChangeAByte(CpuKernels kernels) {
        for (DType operands : List.of(DType.F32, DType.BF16)) {
            List<Result> results = new ArrayList<>();
            try (CpuBackend one = backend(1, kernels, operands, PANEL_BYTES);
                    CpuBackend three = backend(3, kernels, operands, 0)) {
                OpCheck.sameBytes(one, three, results::add);
            }
            requirePassed(results);
        }
    }

    private static void requirePassed(List<Result> results) {
        assertThat(results).isNotEmpty();
        assertThat(results)
                .filteredOn(result -> result.verdict() != Verdict.PASS)
                .isEmpty();
    }

    @Test
    void javasAreThereAlwaysAndNamesAreChecked() {
        assertThat(CpuKernels.found()).startsWith(CpuKernels.JAVA);
        String before = System.getProperty(CpuKernels.PROPERTY);
        try {
            System.setProperty(CpuKernels.PROPERTY, "java");
            assertThat(CpuKernels.taken()).isEqualTo(CpuKernels.JAVA);
            System.setProperty(CpuKernels.PROPERTY, "sse");
            assertThatThrownBy(CpuKernels::taken)
                    .isInstanceOf(BadInput.class)
                    .hasMessage("there are no CPU kernels sse; give -Dcandor.cpu.kernels as one of java, avx2, avx512, "
                            + "avx512bf16, amx, neon, neonbf16");
        } finally {
            if (before == null) {
                System.clearProperty(CpuKernels.PROPERTY);
            } else {
                System.setProperty(CpuKernels.PROPERTY, before);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatDoesNotRunHereIsRefused(CpuKernels kernels) {
        if (CpuKernels.found().contains(kernels)) {
            return;
        }
        String before = System.getProperty(CpuKernels.PROPERTY);
        try {
            System.setProperty(CpuKernels.PROPERTY, kernels.label());
            assertThatThrownBy(CpuKernels::taken)
                    .isInstanceOf(BadInput.class)
                    .hasMessageStartingWith("this machine does not run the CPU kernels " + kernels.label());
        } finally {
            if (before == null) {
                System.clearProperty(CpuKernels.PROPERTY);
            } else {
                System.setProperty(CpuKernels.PROPERTY, before);
            }
        }
    }
}
