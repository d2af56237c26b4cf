package candor.bench;

import candor.model.ModelConfig;
import candor.model.Recompute;
import candor.ops.Backend;
import java.io.IOException;
import java.util.List;

/**
 * A training step beside PyTorch's, transformers' and PEFT's, in turns, of an adapter or (full) of all weights: {@code StepComparison sft|kto|full MODEL BATCH LENGTH
 * THREADS ROUNDS [DTYPE] [PYTHON SCRIPT]}, with the script {@code bench/peers/step.py}.
 */
public final class StepComparison {
    private static final int WARM_UP = 12;

    private StepComparison() {}

    /** Runs it. */
    public static void main(String[] args) throws IOException {
        String objective = args[0];
        String shape = args[1];
        int batch = Integer.parseInt(args[2]);
        int length = Integer.parseInt(args[3]);
        int threads = Integer.parseInt(args[4]);
        int rounds = Integer.parseInt(args[5]);
        Against against = Against.of(args, 6);
        if (objective.equals("full")) {
            full(against, args, Shapes.named(shape), batch, length, threads, rounds);
            return;
        }
        try (Backend ops = against.open(threads);
                StepRig rig = new StepRig(ops, Shapes.weighted(shape), Recompute.NONE, 1, batch, length);
                Peer peer = against.start(options(args))) {
            Turns turns = new Turns();
            turns.take(
                    () -> rig.check(objective.equals("kto") ? rig.kto() : rig.sft()),
                    peer,
                    rig.positions(),
                    WARM_UP,
                    rounds);
            turns.print("tokens", "PyTorch + PEFT", peer);
        }
    }

    private static void full(
            Against against, String[] args, ModelConfig shape, int batch, int length, int threads, int rounds)
            throws IOException {
        try (Backend ops = against.open(threads);
                FullRig rig = new FullRig(ops, shape, batch, length);
                Peer peer = against.start(options(args))) {
            Turns turns = new Turns();
            turns.take(rig::step, peer, rig.positions(), WARM_UP, rounds);
            turns.print("tokens", "PyTorch", peer);
        }
    }

    private static List<String> options(String[] args) {
        return List.of(
                "--objective",
                args[0],
                "--model",
                Shapes.bare(args[1]),
                "--batch",
                args[2],
                "--length",
                args[3],
                "--threads",
                args[4]);
    }
}
