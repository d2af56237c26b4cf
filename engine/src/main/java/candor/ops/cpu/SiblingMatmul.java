package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.ops.Linear;
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
    private List<Linear> layers;
    private int tasks;

    SiblingMatmul(Workers workers, FrozenPanels frozen) {
        this.workers = workers;
        this.frozen = frozen;
    }

    /** Whether {@link #run} takes these: a block of rows, frozen weights that are laid out, no adapters. */
    boolean takes(Tensor input, List<Linear> siblings) {
        if (input.rows() > Workers.BLOCK) {
            return false;
        }
        for (Linear layer : siblings) {
            if (layer.lora() != null || frozen.forward(layer.w()) == null) {
                return false;
            }
        }
        return true;
    }

    void run(Tensor input, List<Linear> siblings) {
        x = input;
        layers = siblings;
        int most = 0;
        for (Linear layer : layers) {
            most = Math.max(most, Panels.count(layer.w().rows()));
        }
        tasks = Math.min(LowRankMatmul.CHUNKS * workers.threads(), most);
        workers.run(tasks, multiply);
    }

    /** A piece of every product. What is left over when panels are shared falls to one end, and to the other in turn. */
    private void multiply(int task, int worker) {
        Gemm gemm = workers.gemm(worker).a(x, 0, 0, workers.key(0));
        for (int i = 0; i < layers.size(); i++) {
            Linear layer = layers.get(i);
            int panels = Panels.count(layer.w().rows());
            int more = i % 2 == 0 ? 0 : tasks - 1;
            int from = (panels * task + more) / tasks;
            int end = (panels * (task + 1) + more) / tasks;
            if (from < end) {
                multiply(gemm, layer, from, end);
            }
        }
    }

    private void multiply(Gemm gemm, Linear layer, int panel, int end) {
        Tensor bias = layer.bias();
        int col = panel * COLUMNS;
        gemm.b(frozen.forward(layer.w()), panel, 0);
        if (bias != null) {
            gemm.init(bias.data(), bias.offset(0, col), 0);
        }
        int cols = Math.min(end * COLUMNS, layer.w().rows()) - col;
        gemm.into(layer.y(), 0, col, x.rows(), cols, x.cols());
    }
}
