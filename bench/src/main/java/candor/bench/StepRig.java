package candor.bench;

import candor.data.KlPairing;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.AdapterLayout;
import candor.lora.LoraConfig;
import candor.lora.Memory;
import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.model.Projection;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.AdamWStep;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.train.objective.Kto;
import candor.train.objective.Objective;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A training step at a shape of one's choice, on random weights and tokens: what the trainer asks of the engine, without data
 * files. Every token but the last of a sequence is a target; LoRA sits on all linear layers. Several adapters train
 * side by side, each on rows of its own.
 */
final class StepRig implements AutoCloseable {
    /** The rank of adapters, unless one says otherwise. */
    static final int RANK = 16;

    private final Backend ops;
    private final Weights weights;
    private final CausalLm model;
    private final AdapterBank bank;
    private final Tensor[] first;
    private final Tensor[] second;
    private final Batch rows;
    private final Batch mismatched;
    private final float[] logp;
    private final float[] derivatives;
    private final Batch bareRows;
    private final Batch bareMismatched;
    private double[] reference;
    private double[] mismatchedReference;
    private long step;

    /** @param batch rows of each adapter */
    StepRig(Backend ops, ModelConfig config, Recompute recompute, int adapters, int batch, int length) {
        this(ops, config, recompute, adapters, batch, length, RANK);
    }

    StepRig(Backend ops, ModelConfig config, Recompute recompute, int adapters, int batch, int length, int rank) {
        this.ops = ops;
        weights = Weights.random(config, 1, ops.activations() == DType.F32 ? config.dtype() : ops.activations());
        model = new CausalLm(ops, weights, recompute, length);
        LoraConfig lora = new LoraConfig(rank, 2 * rank, false, EnumSet.allOf(Projection.class));
        AdapterLayout layout = new AdapterLayout(config, lora);
        bank = new AdapterBank(config, adapters);
        first = new Tensor[adapters];
        second = new Tensor[adapters];
        for (int slot = 0; slot < adapters; slot++) {
            bank.set(slot, Adapter.trained(Memory.of(ops), layout).initialise(slot));
            first[slot] = ops.allocate(DType.F32, 1, layout.length());
            second[slot] = ops.allocate(DType.F32, 1, layout.length());
        }
        int[] slots = new int[adapters * batch];
        Arrays.setAll(slots, row -> row / batch);
        int[] base = new int[slots.length];
        Arrays.fill(base, Batch.BASE);
        int[] tokens = new SplittableRandom(1)
                .ints((long) slots.length * length, 0, config.vocabSize())
                .toArray();
        rows = rows(tokens, slots, length);
        mismatched = rows(mismatched(tokens, slots.length, length), slots, length);
        logp = new float[rows.targetCount()];
        derivatives = new float[rows.targetCount()];
        bareRows = rows(tokens.clone(), base, length);
        bareMismatched = rows(mismatched(tokens, slots.length, length), base, length);
        computeReference();
    }

    /** What a run computes once and keeps: the base model's log-probabilities of both kinds of rows. */
    void computeReference() {
        reference = sums(bareRows, false);
        mismatchedReference = sums(bareMismatched, false);
    }

    static Batch rows(int[] tokens, int[] slots, int length) {
        int[] positions = new int[tokens.length];
        int[] targets = new int[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            positions[i] = i % length;
            targets[i] = positions[i] == length - 1 ? Batch.NO_TARGET : tokens[i + 1];
        }
        int[] starts = new int[slots.length + 1];
        Arrays.setAll(starts, s -> s * length);
        return new Batch(tokens, positions, targets, starts, slots);
    }

    /** The first half of a row with the second half of the row before it. */
    private static int[] mismatched(int[] tokens, int batch, int length) {
        int[] mixed = tokens.clone();
        for (int row = 0; row < batch; row++) {
            int other = Math.floorMod(row - 1, batch);
            System.arraycopy(
                    tokens, other * length + length / 2, mixed, row * length + length / 2, length - length / 2);
        }
        return mixed;
    }

    /** Bytes of activations and gradients. */
    long workspaceBytes() {
        return model.workspaceBytes();
    }

    /** Packed positions of a step: for KTO, of the policy's own rows. */
    int positions() {
        return rows.tokenCount();
    }

    /** Forward, backward, clipping, AdamW; the loss. */
    double sft() {
        model.forward(logp, rows, bank, true);
        Arrays.fill(derivatives, -1f / derivatives.length);
        model.backward(derivatives);
        update();
        double loss = 0;
        for (float value : logp) {
            loss -= value / logp.length;
        }
        return loss;
    }

    /** The KL baseline by a pass without gradients, then as SFT; reference log-probabilities are there already. */
    double kto() {
        double[] kl = sums(mismatched, false);
        List<Objective.Row> known = new ArrayList<>();
        for (int s = 0; s < kl.length; s++) {
            known.add(new Known(rows.length(s) - 1, s % 2 == 0, reference[s], kl[s] - mismatchedReference[s]));
        }
        Objective.StepLoss step = new Kto(0.1, 1, 1, KlPairing.STEP).settle(List.of(known));
        double[] policy = sums(rows, true);
        double[] slope = new double[policy.length];
        double loss = 0;
        List<Objective.Term> terms = step.judge(0, policy);
        for (int s = 0; s < policy.length; s++) {
            slope[s] = terms.get(s).derivative();
            loss += terms.get(s).loss();
        }
        for (int t = 0; t < derivatives.length; t++) {
            derivatives[t] = (float) slope[rows.targetSequence(t)];
        }
        model.backward(derivatives);
        update();
        return loss;
    }

    private record Known(int targets, boolean desirable, double reference, double mismatched)
            implements Objective.Row {}

    private double[] sums(Batch batch, boolean training) {
        model.forward(logp, batch, bank, training);
        double[] sums = new double[batch.sequenceCount()];
        for (int t = 0; t < batch.targetCount(); t++) {
            sums[batch.targetSequence(t)] += logp[t];
        }
        return sums;
    }

    private void update() {
        step++;
        for (int slot = 0; slot < bank.slots(); slot++) {
            Adapter adapter = bank.get(slot);
            double norm = Math.sqrt(ops.sumOfSquares(adapter.gradients()));
            AdamWStep now = new AdamWStep(1e-4, 0.9, 0.999, 1e-8, 0.01, Math.min(1, 1 / (norm + 1e-6)), step);
            ops.adamW(adapter.parameters(), adapter.gradients(), first[slot], second[slot], now);
            ops.zero(adapter.gradients());
        }
    }

    /** A step that computed nothing, or nonsense, has no speed. */
    void check(double loss) {
        check(loss, weights.config());
    }

    static void check(double loss, ModelConfig config) {
        double atRandom = Math.log(config.vocabSize());
        if (!(loss > 0 && loss < 1.1 * atRandom)) {
            throw new IllegalStateException("loss " + loss + ", where guessing has " + atRandom);
        }
    }

    @Override
    public void close() {
        model.close();
        weights.close();
    }
}
