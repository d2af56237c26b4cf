package candor.bench;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candor.bindings.NativeLibrary;
import candor.model.Architecture;
import candor.model.ModelConfig;
import candor.ops.Backend;
import candor.ops.Backends;
import candor.ops.DecoratedBackend;
import candor.ops.cpu.CpuBackend;
import candor.ops.op.Op;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is measured is computed, and a wrong result ends the measurement. */
class OperationsTest {
    private static final int TOKENS = 33;
    private static final int LENGTH = 11;
    private static final ModelConfig MODEL = ModelConfig.of(Architecture.LLAMA)
            .hiddenSize(24)
            .intermediateSize(40)
            .layers(1)
            .heads(4, 2, 8)
            .vocabSize(61)
            .build();

    static List<Operation> operations() {
        return Operations.of(MODEL, TOKENS, LENGTH, DType.F32);
    }

    @ParameterizedTest
    @MethodSource("operations")
    void checksHold(Operation operation) {
        try (CpuBackend backend = new CpuBackend(2)) {
            OperationRig rig = new OperationRig(backend, operation, TOKENS, LENGTH, MODEL.vocabSize());
            rig.run();
            rig.check();
        }
    }

    @ParameterizedTest
    @MethodSource("operations")
    void checksHoldOnTheEmulator(Operation operation) {
        assumeTrue(NativeLibrary.EMULATED.isThere(), "there is no " + NativeLibrary.EMULATED.fileName());
        try (Backend backend = Backends.open("cuda-emulated", 1)) {
            OperationRig rig = new OperationRig(backend, operation, TOKENS, LENGTH, MODEL.vocabSize());
            rig.run();
            rig.check();
        }
    }

    @ParameterizedTest
    @MethodSource("operations")
    void aWrongResultIsNoticed(Operation operation) {
        Tensor[] first = new Tensor[1];
        Operation seen = new Operation(
                operation.name(),
                operation.outputs(),
                operation.inputs(),
                operation.weight(),
                operation.flops(),
                operation.bytes(),
                operation.rowWise(),
                (out, in, weight, batch) -> {
                    first[0] = out[0];
                    return operation.call().of(out, in, weight, batch);
                });
        try (Backend backend = new DecoratedBackend(new CpuBackend(1)) {
            @Override
            public void run(Op op) {
                super.run(op);
                first[0].set(0, 0, first[0].get(0, 0) + 1e3);
            }
        }) {
            OperationRig rig = new OperationRig(backend, seen, TOKENS, LENGTH, MODEL.vocabSize());
            assertThatThrownBy(rig::check).hasMessageContaining(operation.name() + " is wrong");
        }
    }
}
