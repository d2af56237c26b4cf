package candor.bench;

import candor.model.ModelConfig;
import candor.model.Recompute;
import candor.ops.Backend;
import candor.ops.Backends;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/**
 * Ours as somebody's {@link Peer}: {@code FormTurns sft SHAPE ROWS LENGTH THREADS}, a training step a turn, or {@code FormTurns decode
 * SHAPE PROMPTS NEW THREADS}, so many prompts of a token with so many new ones of each. For {@link FormComparison}, which has one
 * process for each form of weights, since each has its own peak of memory.
 */
public final class FormTurns {
    private FormTurns() {}

    /** Runs it until its input ends. */
    public static void main(String[] args) throws IOException {
        ModelConfig shape = Shapes.weighted(args[1]);
        int batch = Integer.parseInt(args[2]);
        int length = Integer.parseInt(args[3]);
        try (Backend ops = Backends.open("cpu", Integer.parseInt(args[4]))) {
            if (args[0].equals("sft")) {
                try (StepRig rig = new StepRig(ops, shape, Recompute.NONE, 1, batch, length)) {
                    answer(() -> rig.check(rig.sft()));
                }
            } else {
                try (DecodeRig rig = new DecodeRig(ops, shape, batch, 1, length)) {
                    answer(rig::round);
                }
            }
        }
    }

    private static void answer(Runnable work) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.out.println("ready");
        while (in.readLine() != null) {
            double[] seconds = Turns.timed(work);
            System.out.println(seconds[0] + " " + seconds[1]);
        }
    }
}
