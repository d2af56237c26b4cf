package candor.model;

import candor.ops.Ops;
import candor.ops.Write;
import candor.tensor.Tensor;

/** How a branch joins the residual stream: through its last linear layer, and where the family has one, a norm behind that. */
record BranchEnd(Ops ops, LinearLayers linears, Norms norms) {
    /** out (N, C) = x (N, C) + what the layer makes of {@code in} (N, I), normed where the family norms it. */
    void forward(Layer layer, Projection last, Tensor out, Tensor in, Tensor x) {
        Saved.Branch branch = layer.saved().branch(last);
        if (branch == null) {
            linears.forward(layer, last, out, in, x); // (N,C)
            return;
        }
        linears.forward(layer, last, branch.raw(), in, null); // (N,C)
        norms.forward(out, branch.rstd(), branch.raw(), layer.weights().branchNorm(last)); // (N,C)
        ops.affine(out, null, layer.weights().behindNorm(last), x); // (N,C)
    }

    /** dIn (N, I) = from the gradient of the stream. */
    void backward(Layer layer, Projection last, Tensor dIn, Tensor in, Gradients g) {
        Saved.Branch branch = layer.saved().branch(last);
        Tensor dy = g.residual;
        if (branch != null) {
            dy = g.branch;
            norms.backward(
                    dy,
                    layer.gradients().branchNorm(last),
                    g.residual,
                    branch.raw(),
                    layer.weights().branchNorm(last),
                    branch.rstd(),
                    Write.SET); // (N,C)
        }
        linears.backward(layer, last, dIn, dy, in, g, Write.SET); // (N,I)
        linears.weightGradient(layer, last, dy, in);
    }
}
