package candor.bench;

import candor.BadInput;
import candor.model.Recompute;
import candor.ops.Backend;
import candor.ops.Backends;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.DoubleSupplier;

/**
 * The time of training steps on a backend of one's choice: {@code StepTime KIND[,KIND]... BACKEND MODEL BATCH LENGTH STEPS}, where a
 * kind is {@code sft}, {@code completion} (the second half of each row is learnt), {@code kto} (partners within the step), {@code
 * paired} (partners from all of the data, the reference known), or {@code varied:TOKENS} (rows of many lengths, up to LENGTH, in
 * passes packed to so many tokens, sixteen rows for each of BATCH), or {@code accumulated:TOKENS} (the same rows, each a micro-batch of
 * its own; those that are together no more than so many tokens share a pass, and with 0 none do). Prints a line for each kind: the
 * median, and tokens a second; for KTO, of the policy's own rows. A step ends when its loss and its gradients' norm are on the host.
 */
public final class StepTime {
    private static final int WARM_UP = 3;
    private static final String VARIED = "varied:";
    private static final String ACCUMULATED = "accumulated:";

    /** A kind of step, and the tokens that one takes. */
    private record Kind(DoubleSupplier step, int tokens) {
        static Kind of(String name, StepRig rig) {
            if (name.startsWith(VARIED)) {
                int tokens = Integer.parseInt(name.substring(VARIED.length()));
                return new Kind(() -> rig.varied(tokens), rig.variedPositions());
            }
            if (name.startsWith(ACCUMULATED)) {
                int tokens = Integer.parseInt(name.substring(ACCUMULATED.length()));
                return new Kind(() -> rig.accumulated(tokens), rig.variedPositions());
            }
            return new Kind(
                    switch (name) {
                        case "sft" -> rig::sft;
                        case "completion" -> rig::completion;
                        case "kto" -> rig::kto;
                        case "paired" -> rig::paired;
                        default ->
                            throw new BadInput("step " + name
                                    + ": not one of sft, completion, kto, paired, varied:TOKENS, accumulated:TOKENS");
                    },
                    rig.positions());
        }
    }

    private StepTime() {}

    /** Runs it. */
    public static void main(String[] args) {
        int batch = Integer.parseInt(args[3]);
        int length = Integer.parseInt(args[4]);
        double[] seconds = new double[Integer.parseInt(args[5])];
        try (Backend ops = Backends.open(args[1], 0);
                StepRig rig = new StepRig(ops, Shapes.weighted(args[2]), Recompute.NONE, 1, batch, length)) {
            for (String name : args[0].split(",")) {
                Kind kind = Kind.of(name, rig);
                double loss = time(ops, rig, kind, seconds);
                Arrays.sort(seconds);
                double median = seconds[seconds.length / 2];
                System.out.printf(
                        Locale.ROOT,
                        "%s %s, %d x %d on %s: %.4f s a step (%.4f to %.4f), %.0f tokens/s, workspace %.2f GiB, loss"
                                + " %.4f%n",
                        name,
                        args[2],
                        batch,
                        length,
                        ops.description(),
                        median,
                        seconds[0],
                        seconds[seconds.length - 1],
                        kind.tokens() / median,
                        rig.workspaceBytes() / (double) (1 << 30),
                        loss);
            }
        }
    }

    /** Fills {@code seconds}; the last loss. */
    private static double time(Backend ops, StepRig rig, Kind kind, double[] seconds) {
        double loss = 0;
        for (int step = -WARM_UP; step < seconds.length; step++) {
            long start = System.nanoTime();
            loss = kind.step().getAsDouble();
            ops.synchronise();
            if (step >= 0) {
                seconds[step] = (System.nanoTime() - start) / 1e9;
            }
            rig.check(loss);
        }
        return loss;
    }
}
