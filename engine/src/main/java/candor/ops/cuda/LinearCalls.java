package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.candor_linear;
import static candor.bindings.generated.CandorKernels.candor_linear_backward;
import static candor.bindings.generated.CandorKernels.candor_logits;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.ops.cuda.Arguments.LoraEntry;
import candor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Calls of linear layers. */
final class LinearCalls {
    private LinearCalls() {}

    /**
     * The adapters on a layer.
     *
     * @param entries one for each run of rows that has factors
     * @param rank    columns of the intermediate product; 0 where there is none
     */
    record Loras(List<LoraEntry> entries, int rank) {
        private static final Loras NONE = new Loras(List.of(), 0);

        static Loras of(Lora lora, Batch batch) {
            if (lora == null) {
                return NONE;
            }
            List<LoraEntry> entries = new ArrayList<>();
            for (Batch.Run run : batch.runs()) {
                Lora.Factors factors = lora.at(run.slot());
                if (factors != null) {
                    entries.add(new LoraEntry(factors, run.start(), run.end()));
                }
            }
            return new Loras(entries, lora.paddedRank());
        }
    }

    record Linear(Tensor y, Tensor t, Tensor x, Tensor w, Tensor bias, Tensor residual, Loras loras) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_linear(
                    to.matrix(y),
                    to.matrix(loras.entries.isEmpty() ? null : t),
                    to.matrix(x),
                    to.matrix(w),
                    to.matrix(bias),
                    to.matrix(residual),
                    to.loras(loras.entries),
                    loras.entries.size(),
                    to.stream());
        }
    }

    /** @param add 1 to add to dx */
    record LinearBackward(Tensor dx, Tensor dt, Tensor dy, Tensor x, Tensor t, Tensor w, Loras loras, int add)
            implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_linear_backward(
                    to.matrix(dx),
                    to.matrix(dt),
                    to.matrix(dy),
                    to.matrix(x),
                    to.matrix(t),
                    to.matrix(w),
                    to.loras(loras.entries),
                    loras.entries.size(),
                    add,
                    to.stream());
        }
    }

    record Logits(Tensor y, Tensor x, Tensor w) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_logits(to.matrix(y), to.matrix(x), to.matrix(w), to.stream());
        }
    }
}
