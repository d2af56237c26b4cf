package candor.foresee;

import candor.BadInput;
import candor.data.Batcher;
import candor.data.Dataset;
import candor.data.EncodedRow;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.probe.EncodedProbe;
import candor.probe.ReplyReader;
import candor.train.Learner;
import candor.train.Slots;
import candor.train.StepPasses;
import candor.train.objective.Sft;
import candor.train.optimiser.AdamW;
import candor.train.optimiser.Schedule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/**
 * What tuning on random parts of the data really does to honesty: adapters that are trained side by side, each on its own part
 * of the rows, and the probes' margins before and after.
 *
 * @param share        of the rows that a part has
 * @param rows         of a step
 * @param learningRate at its peak; it falls to 0 along half a cosine
 * @param seed         of the parts and of their order
 */
public record Calibration(double share, int rows, double learningRate, long seed) {
    /**
     * What was found.
     *
     * @param probes of which margins are
     * @param before log p(truthful) − log p(untruthful) of each probe, in nats, through the adapter that all begin with
     * @param after  the same through each part's adapter
     * @param chosen the rows of each part, as indices
     */
    public record Found(List<EncodedProbe> probes, double[] before, List<double[]> after, List<int[]> chosen) {}

    /**
     * Trains and measures; null where it was stopped.
     *
     * @param bank as many slots as parts, at least one, each with the same adapter to train
     * @param listener told before every step
     * @param stop asked between steps
     */
    public Found run(
            Backend backend,
            CausalLm model,
            AdapterBank bank,
            Dataset data,
            List<EncodedProbe> probes,
            int tokensAtOnce,
            Screening.Listener listener,
            BooleanSupplier stop) {
        // Through the adapter as it is: it may have been trained before, and what it did then is not this data's doing.
        double[] before = margins(new ReplyReader(model, bank, 0, tokensAtOnce), probes);
        List<int[]> chosen = new ArrayList<>();
        List<Learner> learners = new ArrayList<>();
        int size = (int) Math.max(1, Math.round(share * data.size()));
        int steps = Math.ceilDiv(size, rows);
        Schedule schedule = new Schedule(Schedule.Shape.COSINE, learningRate, 0, steps);
        for (int slot = 0; slot < bank.slots(); slot++) {
            int[] part = part(data.size(), size, slot);
            chosen.add(part);
            learners.add(learner(backend, bank.get(slot), slot, part, data, schedule));
        }
        StepPasses passes = new StepPasses(model, bank);
        for (int step = 0; step < steps; step++) {
            if (stop.getAsBoolean()) {
                return null;
            }
            listener.at("calibration", step, steps);
            for (Learner.Learnt learnt : passes.step(learners)) {
                if (learnt.fault() != null) {
                    throw new BadInput(
                            "calibration, step " + (step + 1) + ": " + learnt.fault(), "lower {learning_rate}");
                }
            }
        }
        List<double[]> after = new ArrayList<>();
        for (int slot = 0; slot < bank.slots(); slot++) {
            double[] margins = margins(new ReplyReader(model, bank, slot, tokensAtOnce), probes);
            if (!Arrays.stream(margins).allMatch(Double::isFinite)) {
                throw new BadInput(
                        "calibration: the probes' margins are not finite after " + steps + " steps",
                        "lower {learning_rate}");
            }
            after.add(margins);
        }
        return new Found(probes, before, after, chosen);
    }

    private int[] part(int all, int size, int number) {
        int[] order = new int[all];
        Arrays.setAll(order, i -> i);
        SplittableRandom random = new SplittableRandom(seed * 1_000_003 + number);
        for (int i = 0; i < size; i++) {
            int j = i + random.nextInt(all - i);
            int kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
        return Arrays.copyOf(order, size);
    }

    private Learner learner(Backend backend, Adapter adapter, int slot, int[] part, Dataset data, Schedule schedule) {
        List<EncodedRow> own = Arrays.stream(part).mapToObj(data::row).toList();
        return new Learner(
                backend,
                new Learner.Trained(
                        adapter.parameters(),
                        adapter.gradients(),
                        adapter.layout().length(),
                        new Slots(slot, Batch.BASE)),
                Dataset.of(own),
                new Learner.Rules(
                        new Sft(),
                        new Batcher.Settings(new Batcher.MicroBatches.Rows(rows), 1, true, seed),
                        new AdamW.Settings(0.9, 0.999, 1e-8, 0, 1),
                        0,
                        step -> schedule.rate((int) step)),
                null);
    }

    /** log p(truthful) − log p(untruthful) of each probe, in nats. */
    public static double[] margins(ReplyReader reader, List<EncodedProbe> probes) {
        List<EncodedRow> rows = new ArrayList<>();
        for (EncodedProbe probe : probes) {
            rows.add(probe.truthful());
            rows.add(probe.untruthful());
        }
        double[] margins = new double[probes.size()];
        reader.replies(rows, _ -> false, (row, read) -> margins[row / 2] += row % 2 == 0 ? read.logp() : -read.logp());
        return margins;
    }
}
