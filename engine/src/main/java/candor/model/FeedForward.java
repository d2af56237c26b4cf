package candor.model;

import candor.model.LinearLayers.Output;
import candor.ops.Ops;
import candor.ops.Write;
import candor.tensor.Tensor;
import java.util.List;

/** The feed-forward block: norm, gate and what goes through it, back to the width of the stream. */
final class FeedForward implements Branch {
    private final Ops ops;
    private final LinearLayers linears;
    private final Norms norms;

    FeedForward(Ops ops, LinearLayers linears, Norms norms) {
        this.ops = ops;
        this.linears = linears;
        this.norms = norms;
    }

    @Override
    public void forward(Layer layer, Tensor out, Tensor x) {
        Saved s = layer.saved();
        norms.forward(s.normed2, s.rstd2, x, layer.weights().mlpNorm()); // (N,C)
        linears.forward(
                layer,
                s.normed2,
                List.of(new Output(Projection.GATE, s.gate), new Output(Projection.UP, s.up))); // (N,F), (N,F)
        ops.swiGlu(s.gated, s.gateUp); // (N,F)
        linears.forward(layer, Projection.DOWN, out, s.gated, x); // (N,C)
    }

    @Override
    public void again(Layer layer, Tensor x) {
        Saved s = layer.saved();
        norms.forward(s.normed2, s.rstd2, x, layer.weights().mlpNorm()); // (N,C)
        ops.swiGlu(s.gated, s.gateUp); // (N,F)
    }

    @Override
    public void backward(Layer layer, Tensor x, Gradients g) {
        LayerWeights w = layer.weights();
        Saved s = layer.saved();
        linears.backward(layer, Projection.DOWN, g.gated, g.residual, s.gated, g, Write.SET); // (N,F)
        linears.weightGradient(layer, Projection.DOWN, g.residual, s.gated);
        ops.swiGluBackward(s.gateUp, g.gated, s.gateUp); // (N,2F), in place
        linears.backward(layer, Projection.UP, g.normed, s.up, s.normed2, g, Write.SET); // (N,C)
        linears.backward(layer, Projection.GATE, g.normed, s.gate, s.normed2, g, Write.ADD); // (N,C)
        linears.weightGradient(layer, Projection.UP, s.up, s.normed2);
        linears.weightGradient(layer, Projection.GATE, s.gate, s.normed2);
        LayerWeights dw = layer.gradients();
        norms.backward(g.residual, dw.mlpNorm(), g.normed, x, w.mlpNorm(), s.rstd2, Write.ADD); // (N,C)
    }
}
