package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.candor_linear;
import static candor.bindings.generated.CandorKernels.candor_linear_backward;
import static candor.bindings.generated.CandorKernels.candor_logits;
import static candor.ops.cuda.Call.address;
import static candor.ops.cuda.Call.stride;

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
                    y.data(),
                    y.stride(),
                    address(t),
                    stride(t),
                    x.data(),
                    x.stride(),
                    address(w),
                    stride(w),
                    address(bias),
                    address(residual),
                    stride(residual),
                    to.loras(loras.entries),
                    loras.entries.size(),
                    loras.rank,
                    x.rows(),
                    x.cols(),
                    y.cols(),
                    to.stream());
        }
    }

    /** @param add 1 to add to dx */
    record LinearBackward(Tensor dx, Tensor dt, Tensor dy, Tensor x, Tensor t, Tensor w, Loras loras, int add)
            implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_linear_backward(
                    address(dx),
                    stride(dx),
                    address(dt),
                    stride(dt),
                    dy.data(),
                    dy.stride(),
                    address(x),
                    stride(x),
                    address(t),
                    stride(t),
                    address(w),
                    stride(w),
                    to.loras(loras.entries),
                    loras.entries.size(),
                    loras.rank,
                    add,
                    dy.rows(),
                    w == null ? x.cols() : w.cols(),
                    dy.cols(),
                    to.stream());
        }
    }

    record Logits(Tensor y, Tensor x, Tensor w) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_logits(
                    y.data(),
                    y.stride(),
                    x.data(),
                    x.stride(),
                    w.data(),
                    w.stride(),
                    x.rows(),
                    w.cols(),
                    w.rows(),
                    to.stream());
        }
    }
}
