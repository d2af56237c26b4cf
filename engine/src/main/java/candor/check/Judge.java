package candor.check;

import candor.ops.Backend;
import candor.ops.Batch;
import java.util.Map;

/** Runs one case in every way that {@link OpCheck} lists, and says what is wrong first. */
final class Judge {
    private final Backend backend;
    private final Backend yardstick;

    Judge(Backend backend, Backend yardstick) {
        this.backend = backend;
        this.yardstick = yardstick;
    }

    Result judge(Case asked) {
        Case of = asked.on(backend.descriptor());
        Accuracy accuracy = Accuracy.UNKNOWN;
        try {
            Outcome outcome;
            String again;
            try (Placed placed = new Placed(of, backend, Placed.Layout.DENSE)) {
                outcome = placed.run();
                again = outcome.fault() == null ? outcome.differsFrom(placed.run()) : null;
            }
            Map<String, double[]> truth = of.truth();
            String fault = outcome.fault() == null ? wronglyWritten(of, truth, outcome) : outcome.fault();
            if (fault != null) {
                return Result.fail(of, accuracy, fault);
            }
            accuracy = accuracy(of, truth, outcome);
            if (!accuracy.holds()) {
                return Result.fail(of, accuracy, accuracy.name() + " is too far from the reference");
            }
            if (again != null) {
                return Result.fail(of, accuracy, again + " has other bytes in a second run");
            }
            fault = gaps(of, outcome);
            if (fault == null) {
                fault = parts(of, outcome);
            }
            return fault == null ? Result.pass(of, accuracy) : Result.fail(of, accuracy, fault);
        } catch (UnsupportedOperationException e) {
            return Result.skip(of, String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            return Result.fail(of, accuracy, "threw " + e);
        }
    }

    /** An element is written where the truth has a number, and only there; or what is wrong. */
    private static String wronglyWritten(Case of, Map<String, double[]> truth, Outcome outcome) {
        for (Map.Entry<String, float[]> entry : outcome.judged().entrySet()) {
            Arg arg = of.arg(entry.getKey());
            double[] expected = truth.get(arg.name());
            for (int i = 0; i < expected.length; i++) {
                float value = entry.getValue()[i];
                boolean untouched = Placed.isPoison(value);
                String what = null;
                if (Double.isNaN(expected[i])) {
                    what = untouched ? null : "was written but must be left alone";
                } else if (untouched) {
                    what = "was not written, or read before it was";
                } else if (!Float.isFinite(value)) {
                    what = "is " + value;
                }
                if (what != null) {
                    int cols = arg.shape().cols();
                    return arg.name() + " (" + i / cols + ", " + i % cols + ") " + what;
                }
            }
        }
        return null;
    }

    private Accuracy accuracy(Case of, Map<String, double[]> truth, Outcome outcome) {
        Accuracy worst = Accuracy.PERFECT;
        try (Placed placed = new Placed(of, yardstick, Placed.Layout.DENSE)) {
            Outcome plain = placed.run();
            for (Map.Entry<String, float[]> entry : outcome.judged().entrySet()) {
                String name = entry.getKey();
                Accuracy here = Accuracy.of(
                        of.arg(name),
                        of.exact(),
                        truth.get(name),
                        plain.judged().get(name),
                        entry.getValue());
                worst = Accuracy.worse(worst, here);
            }
        }
        if (outcome.returned().isPresent()) {
            int terms = of.args().stream().mapToInt(arg -> arg.shape().size()).sum();
            double expected = truth.get(Values.RETURNED)[0];
            worst = Accuracy.worse(
                    worst, Accuracy.ofSum(expected, outcome.returned().getAsDouble(), terms));
        }
        return worst;
    }

    private String gaps(Case of, Outcome dense) {
        try (Placed placed = new Placed(of, backend, Placed.Layout.GAPS)) {
            Outcome outcome = placed.run();
            if (outcome.fault() != null) {
                return outcome.fault() + ", with gaps between rows";
            }
            String name = dense.differsFrom(outcome);
            return name == null ? null : name + " has other bytes with gaps between rows";
        }
    }

    /** Each sequence alone, and each run of sequences with one slot. */
    private String parts(Case of, Outcome whole) {
        Batch batch = of.batch();
        for (int s = 0; s < batch.sequenceCount() && batch.sequenceCount() > 1; s++) {
            int sameSlot = s;
            while (sameSlot < batch.sequenceCount() && batch.slot(sameSlot) == batch.slot(s)) {
                sameSlot++;
            }
            boolean runStarts = s == 0 || batch.slot(s - 1) != batch.slot(s);
            String fault = part(of, whole, s, s + 1, runStarts && sameSlot == s + 1);
            if (fault == null && runStarts && sameSlot > s + 1) {
                fault = part(of, whole, s, sameSlot, true);
            }
            if (fault != null) {
                return fault;
            }
        }
        return null;
    }

    private String part(Case of, Outcome whole, int from, int to, boolean allOfSlot) {
        Batch batch = of.batch();
        Case part = of.part(from, to);
        try (Placed placed = new Placed(part, backend, Placed.Layout.DENSE)) {
            Outcome alone = placed.run();
            String where = to == from + 1 ? "sequence " + from : "sequences " + from + " to " + (to - 1);
            if (alone.fault() != null) {
                return alone.fault() + ", in " + where + " alone";
            }
            for (Map.Entry<String, float[]> entry : alone.judged().entrySet()) {
                Arg arg = of.arg(entry.getKey());
                float[] all = whole.judged().get(arg.name());
                int cols = arg.shape().cols();
                float[] expected =
                        switch (arg.shape().per()) {
                            case TOKEN -> Outcome.rows(all, cols, batch.start(from), batch.start(to));
                            case TARGET ->
                                Outcome.rows(
                                        all, cols, Packed.targetsBefore(batch, from), Packed.targetsBefore(batch, to));
                            case NONE -> arg.slot() == batch.slot(from) ? (allOfSlot ? all : null) : initial(arg);
                        };
                if (expected != null && Outcome.differ(expected, entry.getValue())) {
                    return arg.name() + " has other bytes in " + where + " alone";
                }
            }
            return null;
        }
    }

    /** What an adapter's gradient holds where no sequence of the batch uses the adapter. */
    private static float[] initial(Arg arg) {
        float[] values = new float[arg.values().length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) arg.values()[i];
        }
        return values;
    }
}
