package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.candor_adamw;
import static candor.bindings.generated.CandorKernels.candor_log_prob;
import static candor.bindings.generated.CandorKernels.candor_log_prob_backward;
import static candor.bindings.generated.CandorKernels.candor_sum_of_squares;
import static candor.ops.cuda.Call.address;

import candor.tensor.Tensor;

/** Calls behind the last layer: log-probabilities, and the optimiser. */
final class HeadCalls {
    private HeadCalls() {}

    /** @param targets (T) on the device */
    record LogProb(Tensor logp, Tensor lse, Tensor logits, Tensor x, Tensor head, long targets) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_log_prob(
                    to.matrix(logp),
                    to.matrix(lse),
                    to.matrix(logits),
                    to.matrix(x),
                    to.matrix(head),
                    address(targets),
                    to.stream());
        }
    }

    /** @param targets (T) on the device */
    record LogProbBackward(Tensor dx, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Tensor head, long targets)
            implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_log_prob_backward(
                    to.matrix(dx),
                    to.matrix(dlogp),
                    to.matrix(lse),
                    to.matrix(logits),
                    to.matrix(x),
                    to.matrix(head),
                    address(targets),
                    to.stream());
        }
    }

    /** @param result a double on the device */
    record SumOfSquares(long result, Tensor x) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_sum_of_squares(address(result), to.matrix(x), to.stream());
        }
    }

    /** @param numbers of the step, on the device */
    record AdamW(Tensor w, Tensor g, Tensor m, Tensor v, long numbers) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_adamw(to.adamWPart(w, g, m, v, numbers), 1, to.stream());
        }
    }
}
