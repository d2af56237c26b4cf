package candor.bench;

import candor.model.Recompute;
import candor.ops.Backend;
import candor.ops.Backends;
import java.util.Arrays;
import java.util.Locale;

/**
 * The time of a training step on a backend of one's choice: {@code StepTime sft|kto BACKEND MODEL BATCH LENGTH STEPS}. Prints the
 * median, and packed positions a second; for KTO, of the policy's own rows. A step ends when its loss and its gradients' norm
 * are on the host.
 */
public final class StepTime {
    private static final int WARM_UP = 3;

    private StepTime() {}

    /** Runs it. */
    public static void main(String[] args) {
        boolean kto = args[0].equals("kto");
        int batch = Integer.parseInt(args[3]);
        int length = Integer.parseInt(args[4]);
        double[] seconds = new double[Integer.parseInt(args[5])];
        double loss = 0;
        try (Backend ops = Backends.open(args[1], 0);
                StepRig rig = new StepRig(ops, Shapes.weighted(args[2]), Recompute.NONE, 1, batch, length)) {
            for (int step = -WARM_UP; step < seconds.length; step++) {
                long start = System.nanoTime();
                loss = kto ? rig.kto() : rig.sft();
                ops.synchronise();
                if (step >= 0) {
                    seconds[step] = (System.nanoTime() - start) / 1e9;
                }
                rig.check(loss);
            }
            Arrays.sort(seconds);
            double median = seconds[seconds.length / 2];
            System.out.printf(
                    Locale.ROOT,
                    "%s %s, %d x %d on %s: %.4f s a step (%.4f to %.4f), %.0f tokens/s, workspace %.2f GiB, loss %.4f%n",
                    args[0],
                    args[2],
                    batch,
                    length,
                    ops.description(),
                    median,
                    seconds[0],
                    seconds[seconds.length - 1],
                    rig.positions() / median,
                    rig.workspaceBytes() / (double) (1 << 30),
                    loss);
        }
    }
}
