package candor.model;

import candor.ops.Ops;
import candor.ops.Write;
import candor.tensor.Tensor;

/** The norms of a decoder, forward and backward, each with the gradient of its weight where that is trained. */
record Norms(Ops ops, float eps) {
    /** y (N, G·D) = the norm of x (N, G·D), group by group, with w (1, D). */
    void forward(Tensor y, Tensor rstd, Tensor x, Tensor w) {
        ops.rmsNorm(y, rstd, x, w, eps);
    }

    /**
     * dx = or += the gradient of the input, dw += that of the weight.
     *
     * @param dx (N, G·D); may be {@code dy} itself with {@link Write#SET}
     * @param dw (1, D), or null where the norm is frozen
     * @param dy (N, G·D)
     * @param x  (N, G·D), the input of the forward pass
     */
    void backward(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, Tensor rstd, Write write) {
        if (dw != null) {
            ops.rmsNormWeightGradient(dw, dy, x, rstd);
        }
        ops.rmsNormBackward(dx, dy, x, w, rstd, write);
    }
}
