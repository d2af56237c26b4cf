package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.candor_affine;
import static candor.bindings.generated.CandorKernels.candor_dropout;
import static candor.bindings.generated.CandorKernels.candor_embed;
import static candor.bindings.generated.CandorKernels.candor_gather_rows;
import static candor.bindings.generated.CandorKernels.candor_rms_norm;
import static candor.bindings.generated.CandorKernels.candor_rms_norm_backward;
import static candor.bindings.generated.CandorKernels.candor_rope;
import static candor.bindings.generated.CandorKernels.candor_scatter_rows;
import static candor.bindings.generated.CandorKernels.candor_swiglu;
import static candor.bindings.generated.CandorKernels.candor_swiglu_backward;
import static candor.bindings.generated.CandorKernels.candor_zero;
import static candor.ops.cuda.Call.address;

import candor.tensor.Tensor;

/** Calls that go row by row. */
final class RowCalls {
    private RowCalls() {}

    /** @param tokens (N) on the device */
    record Embed(Tensor x, Tensor table, long tokens) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_embed(to.matrix(x), to.matrix(table), address(tokens), to.stream());
        }
    }

    record Affine(Tensor y, Tensor scale, Tensor bias, Tensor residual) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_affine(to.matrix(y), to.matrix(scale), to.matrix(bias), to.matrix(residual), to.stream());
        }
    }

    /** @param rows (T) on the device */
    record GatherRows(Tensor y, Tensor x, long rows) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_gather_rows(to.matrix(y), to.matrix(x), address(rows), to.stream());
        }
    }

    /** @param sources (N) on the device */
    record ScatterRows(Tensor dx, Tensor dy, long sources) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_scatter_rows(to.matrix(dx), to.matrix(dy), address(sources), to.stream());
        }
    }

    record RmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_rms_norm(to.matrix(y), to.matrix(rstd), to.matrix(x), to.matrix(w), eps, to.stream());
        }
    }

    /** @param add 1 to add to dx */
    record RmsNormBackward(Tensor dx, Tensor dy, Tensor x, Tensor w, Tensor rstd, int add) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_rms_norm_backward(
                    to.matrix(dx), to.matrix(dy), to.matrix(x), to.matrix(w), to.matrix(rstd), add, to.stream());
        }
    }

    /**
     * @param positions (N) on the device
     * @param direction 1, or −1 to rotate back
     */
    record Rope(Tensor x, Tensor table, long positions, int direction) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_rope(to.matrix(x), to.matrix(table), address(positions), direction, to.stream());
        }
    }

    /**
     * What a slot drops, of rows {@code start} to {@code end}; see {@link candor.ops.DropoutRates}.
     *
     * @param keys      (S, 2) on the device
     * @param sequences (N) on the device
     * @param positions (N) on the device
     */
    record Drops(
            long keys, long sequences, long positions, int module, int threshold, float scale, int start, int end) {}

    /** @param add 1 to add to y */
    record DropOut(Tensor y, Tensor x, Drops drops, int add) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_dropout(to.matrix(y), to.matrix(x), to.dropping(drops), add, to.stream());
        }
    }

    record SwiGlu(Tensor y, Tensor gateUp) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_swiglu(to.matrix(y), to.matrix(gateUp), to.stream());
        }
    }

    record SwiGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_swiglu_backward(to.matrix(dGateUp), to.matrix(dy), to.matrix(gateUp), to.stream());
        }
    }

    record Zero(Tensor y) implements Call {
        @Override
        public int issue(Arguments to) {
            int bytes = y.dtype().bytes();
            return candor_zero(y.data(), y.stride() * bytes, (long) y.cols() * bytes, y.rows(), to.stream());
        }
    }
}
