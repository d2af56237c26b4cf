package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.ops.Linear;
import candor.tensor.Tensor;
import java.util.List;

/**
 * Products of the same few rows with several frozen weights: y = bias + x wᵀ of each. All their panels, one weight's behind the
 * other's, are shared among the threads in one run of tasks, as one product's would be. Where a sequence says a token at a time,
 * a product takes no longer than some ten times what it costs to share it.
 */
final class SiblingMatmul {
    private final Workers workers;
    private final FrozenPanels frozen;
    private final Parallel.Task multiply = this::multiply;

    // The operation in hand.
    private Tensor x;
    private List<Linear> layers;
    private int panels;
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
        panels = 0;
        for (Linear layer : layers) {
            panels += Panels.count(layer.w().rows());
        }
        tasks = Math.min(LowRankMatmul.CHUNKS * workers.threads(), panels);
        workers.run(tasks, multiply);
    }

    /** The first panel of a task, counted over all weights. */
    private int first(int task) {
        return (int) ((long) panels * task / tasks);
    }

    private void multiply(int task, int worker) {
        Gemm gemm = workers.gemm(worker).a(x, 0, 0, workers.key(0));
        int from = first(task);
        int end = first(task + 1);
        for (int i = 0, before = 0; i < layers.size() && before < end; i++) {
            Linear layer = layers.get(i);
            int count = Panels.count(layer.w().rows());
            if (from < before + count) {
                multiply(gemm, layer, Math.max(from - before, 0), Math.min(end - before, count));
            }
            before += count;
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
