package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.ops.op.Linears;
import candor.tensor.Tensor;

/**
 * Products of the same few rows with several frozen weights: y = bias + x wᵀ of each, in one run of tasks, each of which has the
 * same share of every weight's panels: so what lies side by side in the results is in one thread's cache. Where a sequence says
 * a token at a time, a product takes no longer than some ten times what it costs to share it.
 */
final class SiblingMatmul {
    private final Workers workers;
    private final FrozenPanels frozen;
    private final Parallel.Task multiply = this::multiply;

    /** The operation in hand. */
    private Linears job;

    private PanelSet[] weights = new PanelSet[0];

    SiblingMatmul(Workers workers, FrozenPanels frozen) {
        this.workers = workers;
        this.frozen = frozen;
    }

    /** Whether {@link #run} takes these: a block of rows, frozen weights that are laid out, no adapters. */
    boolean takes(Linears o) {
        if (o.rows() > Workers.BLOCK) {
            return false;
        }
        for (int i = 0; i < o.parts().size(); i++) {
            if (o.parts().get(i).lora() != null || frozen.forward(o.w().part(i)) == null) {
                return false;
            }
        }
        return true;
    }

    void run(Linears o) {
        job = o;
        if (weights.length < o.parts().size()) {
            weights = new PanelSet[o.parts().size()];
        }
        for (int i = 0; i < o.parts().size(); i++) {
            weights[i] = frozen.forward(o.w().part(i));
        }
        workers.run(Shares.count(workers.threads()), multiply);
    }

    /** A piece of every product. */
    private void multiply(int task, int worker) {
        Linears o = job;
        Gemm gemm = workers.gemm(worker).a(o.x(), 0, 0, workers.key(0));
        for (int i = 0; i < o.parts().size(); i++) {
            int panels = Panels.count(o.parts().get(i).y().cols());
            int threads = workers.threads();
            boolean down = i % 2 == 0;
            int from = down ? Shares.first(panels, task, threads) : Shares.firstRoundedUp(panels, task, threads);
            int end = down ? Shares.first(panels, task + 1, threads) : Shares.firstRoundedUp(panels, task + 1, threads);
            if (from < end) {
                multiply(gemm, o.x(), o.parts().get(i), weights[i], from, end);
            }
        }
    }

    private static void multiply(Gemm gemm, Tensor x, Linears.Part part, PanelSet weight, int panel, int end) {
        Tensor bias = part.bias();
        int col = panel * COLUMNS;
        gemm.b(weight, panel, 0);
        if (bias != null) {
            gemm.init(bias.data(), bias.offset(0, col), 0);
        }
        int cols = Math.min(end * COLUMNS, part.y().cols()) - col;
        gemm.into(part.y(), 0, col, x.rows(), cols, x.cols());
    }
}
