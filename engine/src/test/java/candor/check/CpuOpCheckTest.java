package candor.check;

import static org.assertj.core.api.Assertions.assertThat;

import candor.check.Result.Verdict;
import candor.ops.BackendDescriptor;
import candor.ops.cpu.CpuBackend;
import candor.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The CPU backend against float64, and against itself with another number of threads; with operands of either type. */
class CpuOpCheckTest {
    /** Inputs that are added, or multiplied one by one, and so keep all of their digits. */
    private static final Set<String> NO_OPERANDS = Set.of("residual", "bias");

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void everyOperationIsCloseToTheReference(DType products) {
        List<Result> results = new ArrayList<>();
        try (CpuBackend backend = new CpuBackend(2, products)) {
            OpCheck.run(backend, results::add);
        }
        assertThat(results)
                .filteredOn(result -> result.verdict() != Verdict.PASS)
                .isEmpty();
        assertThat(results).extracting(Result::op).containsAll(OpCheck.operations());
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void neitherThreadsNorPanelsChangeAByte(DType products) {
        List<Result> results = new ArrayList<>();
        try (CpuBackend one = new CpuBackend(1, products);
                CpuBackend two = new CpuBackend(2, products, 0)) {
            OpCheck.sameBytes(one, two, results::add);
        }
        assertThat(results)
                .filteredOn(result -> result.verdict() != Verdict.PASS)
                .isEmpty();
    }

    /** What an operand has beyond bf16 leaves no trace: products of numbers of all digits have the bytes of rounded ones. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "linear",
                "linears",
                "linearBackward",
                "linearsBackward",
                "attention",
                "logits",
                "logProb",
                "linearWeightGradient",
                "cacheWrite"
            })
    void productsRoundEveryOperand(String operation) {
        BackendDescriptor bf16 = BackendDescriptor.CPU.withProducts(DType.BF16);
        try (CpuBackend backend = new CpuBackend(2, DType.BF16)) {
            List<Case> cases = OpCheck.cases(operation).toList();
            assertThat(cases).isNotEmpty();
            for (Case of : cases) {
                List<Arg> rounded = of.args().stream()
                        .map(arg -> NO_OPERANDS.contains(arg.name()) ? arg : arg.on(bf16))
                        .toList();
                Case less = new Case(of.op(), of.text(), of.batch(), rounded, of.call(), of.exact());
                try (Placed all = new Placed(of, backend, Placed.Layout.DENSE);
                        Placed some = new Placed(less, backend, Placed.Layout.DENSE)) {
                    assertThat(all.run().differsFrom(some.run())).as(of.text()).isNull();
                }
            }
        }
    }

    /** In float32 they do leave one. */
    @Test
    void operandsOfFloat32KeepTheirDigits() {
        BackendDescriptor bf16 = BackendDescriptor.CPU.withProducts(DType.BF16);
        try (CpuBackend backend = new CpuBackend(2)) {
            Case of = OpCheck.cases("logits").findFirst().orElseThrow();
            try (Placed all = new Placed(of, backend, Placed.Layout.DENSE);
                    Placed some = new Placed(of.on(bf16), backend, Placed.Layout.DENSE)) {
                assertThat(all.run().differsFrom(some.run())).isEqualTo("logits");
            }
        }
    }
}
