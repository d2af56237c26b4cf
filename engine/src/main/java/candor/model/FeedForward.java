package candor.model;

import candor.ops.Ops;
import candor.ops.Write;
import candor.ops.op.Epilogue;
import candor.ops.op.GeGlu;
import candor.ops.op.SwiGlu;
import candor.tensor.Tensor;
import java.util.List;

/** The feed-forward block: norm, gate and what goes through it, back to the width of the stream. */
final class FeedForward implements Branch {
    private final Ops ops;
    private final LinearLayers linears;
    private final Norms norms;
    private final BranchEnd end;
    private final boolean gelu;

    /** @param gelu whether the gate goes through gelu in place of SiLU */
    FeedForward(Ops ops, LinearLayers linears, Norms norms, boolean gelu) {
        this.ops = ops;
        this.linears = linears;
        this.norms = norms;
        this.gelu = gelu;
        end = new BranchEnd(ops, linears, norms);
    }

    private Epilogue gate(Saved s) {
        return gelu ? new GeGlu(s.gated, s.gateUp) : new SwiGlu(s.gated, s.gateUp); // (N,F)
    }

    /** In place: what becomes the gradients is not read again. */
    private void gateBackward(Saved s, Gradients g) {
        if (gelu) {
            ops.geGluBackward(s.gateUp, g.gated, s.gateUp); // (N,2F)
        } else {
            ops.swiGluBackward(s.gateUp, g.gated, s.gateUp); // (N,2F)
        }
    }

    @Override
    public void forward(Layer layer, Tensor out, Tensor x) {
        Saved s = layer.saved();
        norms.forward(s.normed2, s.rstd2, x, layer.weights().mlpNorm()); // (N,C)
        linears.forward(
                layer, LinearGroup.GATE_UP, List.of(s.gate, s.up), s.normed2, gate(s), layer.kept()); // (N,F), (N,F)
        end.forward(layer, Projection.DOWN, out, s.gated, x); // (N,C)
    }

    @Override
    public void again(Layer layer, Tensor x) {
        Saved s = layer.saved();
        norms.forward(s.normed2, s.rstd2, x, layer.weights().mlpNorm()); // (N,C)
        ops.run(gate(s));
    }

    @Override
    public void backward(Layer layer, Tensor x, Gradients g) {
        LayerWeights w = layer.weights();
        Saved s = layer.saved();
        end.backward(layer, Projection.DOWN, g.gated, s.gated, g); // (N,F)
        gateBackward(s, g);
        linears.backward(layer, LinearGroup.GATE_UP, g.normed, List.of(s.gate, s.up), s.normed2, g, Write.SET); // (N,C)
        linears.weightGradient(layer, Projection.UP, s.up, s.normed2);
        linears.weightGradient(layer, Projection.GATE, s.gate, s.normed2);
        LayerWeights dw = layer.gradients();
        norms.backward(g.residual, dw.mlpNorm(), g.normed, x, w.mlpNorm(), s.rstd2, Write.ADD); // (N,C)
    }
}
