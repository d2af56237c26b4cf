package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.ops.op.Linears;
import candor.tensor.Tensor;
import java.util.List;

/**
 * Products of the same few rows with several frozen weights: y = bias + x wᵀ of each, in one run of tasks, each of which has the
 * same share of every weight's panels: so what lies side by side in the results is in one thread's cache. Where a sequence says
 * a token at a time, a product takes no longer than some ten times what it costs to share it.
 */
final class SiblingMatmul {
    private final Workers workers;
    private final FrozenPanels frozen;
    private final Parallel.Task multiply = this::multiply;

    // The operation in hand.
    private Tensor x;
    private List<Linears.Layer> layers;
    private PanelSet[] weights = new PanelSet[0];

    SiblingMatmul(Workers workers, FrozenPanels frozen) {
        this.workers = workers;
        this.frozen = frozen;
    }

    /** Whether {@link #run} takes these: a block of rows, frozen weights that are laid out, no adapters. */
    boolean takes(Tensor input, List<Linears.Layer> siblings) {
        if (input.rows() > Workers.BLOCK) {
            return false;
        }
        for (Linears.Layer layer : siblings) {
            if (layer.lora() != null || frozen.forward(layer.w()) == null) {
                return false;
            }
        }
        return true;
    }

    void run(Tensor input, List<Linears.Layer> siblings) {
        x = input;
        layers = siblings;
        if (weights.length < layers.size()) {
            weights = new PanelSet[layers.size()];
        }
        for (int i = 0; i < layers.size(); i++) {
            weights[i] = frozen.forward(layers.get(i).w());
        }
        workers.run(Shares.count(workers.threads()), multiply);
    }

    /** A piece of every product. */
    private void multiply(int task, int worker) {
        Gemm gemm = workers.gemm(worker).a(x, 0, 0, workers.key(0));
        for (int i = 0; i < layers.size(); i++) {
            Linears.Layer layer = layers.get(i);
            int panels = Panels.count(layer.w().rows());
            int threads = workers.threads();
            boolean down = i % 2 == 0;
            int from = down ? Shares.first(panels, task, threads) : Shares.firstRoundedUp(panels, task, threads);
            int end = down ? Shares.first(panels, task + 1, threads) : Shares.firstRoundedUp(panels, task + 1, threads);
            if (from < end) {
                multiply(gemm, layer, weights[i], from, end);
            }
        }
    }

    private void multiply(Gemm gemm, Linears.Layer layer, PanelSet weight, int panel, int end) {
        Tensor bias = layer.bias();
        int col = panel * COLUMNS;
        gemm.b(weight, panel, 0);
        if (bias != null) {
            gemm.init(bias.data(), bias.offset(0, col), 0);
        }
        int cols = Math.min(end * COLUMNS, layer.w().rows()) - col;
        gemm.into(layer.y(), 0, col, x.rows(), cols, x.cols());
    }
}
