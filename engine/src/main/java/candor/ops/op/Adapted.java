package candor.ops.op;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.List;

/**
 * The adapters' part in a linear layer: what it demands, and what it costs. Only slots that are in the batch count; none do where
 * {@code lora} is null.
 */
final class Adapted {
    private Adapted() {}

    private static List<Batch.Run> runs(Lora lora, Batch batch) {
        return lora == null ? List.of() : batch.runs();
    }

    /**
     * @param t (N, {@link Lora#paddedRank})
     * @param y (N, O), or its gradient
     * @param x (N, I), or its gradient
     */
    static void check(String op, DType activations, Lora lora, Tensor t, Tensor y, Tensor x, Batch batch) {
        if (lora != null) {
            Operands.shape(op, activations, t, batch.tokenCount(), lora.paddedRank());
        }
        for (Batch.Run run : runs(lora, batch)) {
            Lora.Factors factors = lora.at(run.slot());
            if (factors == null) {
                continue;
            }
            Operands.shape(op, DType.F32, factors.a(), factors.rank(), x.cols());
            Operands.shape(op, DType.F32, factors.b(), y.cols(), factors.rank());
            if (factors.trained()) {
                Operands.same(op, factors.a(), factors.da());
                Operands.same(op, factors.b(), factors.db());
            }
        }
    }

    /** Of x aᵀ and t bᵀ. */
    static long forwardFlops(Lora lora, Batch batch, int inputs, int outputs) {
        long sum = 0;
        for (Batch.Run run : runs(lora, batch)) {
            sum += narrow(run, lora.at(run.slot()), (long) inputs + outputs);
        }
        return sum;
    }

    /**
     * Of dy b; of dt a, where dx is wanted; of dtᵀ x and dyᵀ t, where the adapter is trained.
     *
     * @param wanted whether somebody wants dx
     */
    static long backwardFlops(Lora lora, Batch batch, int inputs, int outputs, boolean wanted) {
        long sum = 0;
        for (Batch.Run run : runs(lora, batch)) {
            Lora.Factors factors = lora.at(run.slot());
            long gradients = factors != null && factors.trained() ? (long) inputs + outputs : 0;
            sum += narrow(run, factors, outputs + (wanted ? inputs : 0) + gradients);
        }
        return sum;
    }

    private static long narrow(Batch.Run run, Lora.Factors factors, long width) {
        return factors == null ? 0 : 2 * width * run.rows() * factors.rank();
    }

    static long forwardBytes(Lora lora, Tensor t, Batch batch) {
        long sum = Operands.bytes(t);
        for (Batch.Run run : runs(lora, batch)) {
            Lora.Factors factors = lora.at(run.slot());
            sum += factors == null ? 0 : Operands.bytes(factors.a(), factors.b());
        }
        return sum;
    }

    /** Whether one of them is trained: only then somebody reads x and t on the way back. */
    static boolean trained(Lora lora, Batch batch) {
        for (Batch.Run run : runs(lora, batch)) {
            Lora.Factors factors = lora.at(run.slot());
            if (factors != null && factors.trained()) {
                return true;
            }
        }
        return false;
    }

    /** Without x. */
    static long backwardBytes(Lora lora, Tensor dt, Tensor t, Batch batch, boolean wanted) {
        long sum = Operands.bytes(dt);
        for (Batch.Run run : runs(lora, batch)) {
            Lora.Factors factors = lora.at(run.slot());
            if (factors != null) {
                sum += Operands.bytes(factors.b(), wanted ? factors.a() : null, factors.da(), factors.db());
            }
        }
        return trained(lora, batch) ? sum + Operands.bytes(t) : sum;
    }
}
