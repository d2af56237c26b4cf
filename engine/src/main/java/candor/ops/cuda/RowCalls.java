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
import static candor.ops.cuda.Call.stride;

import candor.tensor.Tensor;

/** Calls that go row by row. */
final class RowCalls {
    private RowCalls() {}

    /** @param tokens (N) on the device */
    record Embed(Tensor x, Tensor table, long tokens) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_embed(
                    x.data(),
                    x.stride(),
                    table.data(),
                    table.stride(),
                    address(tokens),
                    x.rows(),
                    x.cols(),
                    to.stream());
        }
    }

    record Affine(Tensor y, Tensor scale, Tensor bias, Tensor residual) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_affine(
                    y.data(),
                    y.stride(),
                    address(scale),
                    address(bias),
                    address(residual),
                    stride(residual),
                    y.rows(),
                    y.cols(),
                    to.stream());
        }
    }

    /** @param rows (T) on the device */
    record GatherRows(Tensor y, Tensor x, long rows) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_gather_rows(
                    y.data(), y.stride(), x.data(), x.stride(), address(rows), y.rows(), y.cols(), to.stream());
        }
    }

    /** @param sources (N) on the device */
    record ScatterRows(Tensor dx, Tensor dy, long sources) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_scatter_rows(
                    dx.data(),
                    dx.stride(),
                    dy.data(),
                    dy.stride(),
                    address(sources),
                    dx.rows(),
                    dx.cols(),
                    to.stream());
        }
    }

    record RmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_rms_norm(
                    y.data(),
                    y.stride(),
                    rstd.data(),
                    rstd.stride(),
                    x.data(),
                    x.stride(),
                    w.data(),
                    eps,
                    x.rows(),
                    rstd.cols(),
                    w.cols(),
                    to.stream());
        }
    }

    /** @param add 1 to add to dx */
    record RmsNormBackward(Tensor dx, Tensor dy, Tensor x, Tensor w, Tensor rstd, int add) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_rms_norm_backward(
                    dx.data(),
                    dx.stride(),
                    dy.data(),
                    dy.stride(),
                    x.data(),
                    x.stride(),
                    w.data(),
                    rstd.data(),
                    rstd.stride(),
                    add,
                    x.rows(),
                    rstd.cols(),
                    w.cols(),
                    to.stream());
        }
    }

    /**
     * @param positions (N) on the device
     * @param direction 1, or −1 to rotate back
     */
    record Rope(Tensor x, Tensor table, long positions, int direction) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_rope(
                    x.data(),
                    x.stride(),
                    table.data(),
                    table.stride(),
                    address(positions),
                    direction,
                    x.rows(),
                    x.cols() / table.cols(),
                    table.cols(),
                    to.stream());
        }
    }

    /** What a slot drops, of rows {@code start} to {@code end}; see {@link candor.ops.Dropout}. */
    record Drops(int module, int threshold, float scale, int start, int end) {}

    /**
     * @param keys      (S, 2) on the device
     * @param sequences (N) on the device
     * @param positions (N) on the device
     * @param add       1 to add to y
     */
    record DropOut(Tensor y, Tensor x, long keys, long sequences, long positions, Drops drops, int add)
            implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_dropout(
                    y.data(),
                    y.stride(),
                    x.data(),
                    x.stride(),
                    address(keys),
                    address(sequences),
                    address(positions),
                    drops.module,
                    drops.threshold,
                    drops.scale,
                    add,
                    drops.start,
                    drops.end,
                    x.cols(),
                    to.stream());
        }
    }

    record SwiGlu(Tensor y, Tensor gateUp) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_swiglu(y.data(), y.stride(), gateUp.data(), gateUp.stride(), y.rows(), y.cols(), to.stream());
        }
    }

    record SwiGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_swiglu_backward(
                    dGateUp.data(),
                    dGateUp.stride(),
                    dy.data(),
                    dy.stride(),
                    gateUp.data(),
                    gateUp.stride(),
                    dy.rows(),
                    dy.cols(),
                    to.stream());
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
