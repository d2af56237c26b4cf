package candor.bench;

import candor.data.Batcher;
import candor.data.Dataset;
import candor.data.EncodedRow;
import candor.data.KlPairing;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.AdapterLayout;
import candor.lora.LoraConfig;
import candor.lora.Memory;
import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.model.Projection;
import candor.model.Recomputation;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.weight.PlainForm;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.train.Learner;
import candor.train.ReferenceCache;
import candor.train.References;
import candor.train.Slots;
import candor.train.StepPasses;
import candor.train.objective.Kto;
import candor.train.objective.Objective;
import candor.train.objective.Sft;
import candor.train.optimiser.AdamW;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The trainer's own step at a shape of one's choice, on random weights and rows of random tokens in memory. Every token but the
 * first of a row is a target; LoRA sits on all linear layers. Several adapters train side by side, each on rows of its own.
 */
final class StepRig implements AutoCloseable {
    /** The rank of adapters, unless one says otherwise. */
    static final int RANK = 16;

    /** Steps that the data of paired KTO makes. */
    private static final int PAIRED_STEPS = 4;

    /** Rows of a varied step for each row of other steps: most are much shorter. */
    private static final int VARIED_ROWS = 16;

    /** Micro-batches in a pass, where they share one. */
    private static final int TOGETHER = 8;

    private static final double RATE = 1e-4;

    private final Backend ops;
    private final Weights weights;
    private final CausalLm model;
    private final int adapters;
    private final AdapterBank bank;
    private final StepPasses passes;
    private final int batch;
    private final int length;
    private List<Learner> sft;
    private List<Learner> kto;
    private List<Learner> ktoWithoutCache;
    private List<Learner> completion;
    private List<Learner> paired;
    private List<Learner> varied;
    private int variedTokens;
    private List<Learner> accumulated;
    private StepPasses shared;
    private int sharedTokens;

    /** @param batch rows of each adapter */
    StepRig(Backend ops, ModelConfig config, Recompute recompute, int adapters, int batch, int length) {
        this(ops, config, recompute, adapters, batch, length, RANK);
    }

    StepRig(Backend ops, ModelConfig config, Recompute recompute, int adapters, int batch, int length, int rank) {
        this.ops = ops;
        this.batch = batch;
        this.length = length;
        weights = Weights.random(config, 1, ops.activations() == DType.F32 ? config.dtype() : ops.activations());
        LoraConfig lora = new LoraConfig(rank, 2 * rank, false, EnumSet.allOf(Projection.class));
        AdapterLayout layout = new AdapterLayout(config, lora);
        this.adapters = adapters;
        bank = new AdapterBank(config, TOGETHER * adapters);
        for (int slot = 0; slot < adapters; slot++) {
            bank.set(slot, Adapter.trained(Memory.of(ops), layout).initialise(slot));
        }
        model = new CausalLm(ops, weights, recomputation(recompute), length);
        passes = new StepPasses(model, bank);
    }

    /** As the trainer plans: where a device has memory left and layers keep all that they have, the head keeps its logits. */
    private Recomputation recomputation(Recompute recompute) {
        ModelConfig config = weights.config();
        Recomputation layers = Recomputation.all(recompute, config.layers());
        if (recompute != Recompute.NONE || !ops.descriptor().copiesWeights()) {
            return layers;
        }
        int tokens = positions();
        CausalLm.PassBytes bytes =
                CausalLm.trainingBytes(ops.activations(), config, bank, tokens, tokens, layers.keepingLogits());
        long taken = config.weightBytes(PlainForm.of(ops.activations())) + bytes.workspace();
        return taken < ops.freeBytes().orElse(0) / 10 * 9 ? layers.keepingLogits() : layers;
    }

    /**
     * Rows of random tokens, every second one desirable; the first half is the prompt, but is learnt, too.
     *
     * @param seed draws the tokens
     */
    static Dataset rows(int vocabSize, int batch, int length, long seed) {
        return rows(vocabSize, IntStream.generate(() -> length).limit(batch).toArray(), true, seed);
    }

    /** @param all whether the prompt is learnt, too; else completions alone are */
    private static Dataset rows(int vocabSize, int[] lengths, boolean all, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<EncodedRow> rows = new ArrayList<>();
        for (int length : lengths) {
            int[] ids = random.ints(length, 0, vocabSize).toArray();
            boolean[] target = new boolean[length];
            Arrays.fill(target, all ? 0 : length / 2, length, true);
            rows.add(new EncodedRow(rows.size(), ids, target, length / 2, rows.size() % 2 == 0));
        }
        return Dataset.of(rows);
    }

    /** All rows are one micro-batch of each step, in their order. */
    static Learner.Rules rules(Objective objective, int batch) {
        return rules(objective, new Batcher.MicroBatches.Rows(batch), 1);
    }

    private static Learner.Rules rules(Objective objective, Batcher.MicroBatches microBatches, int accumulated) {
        return new Learner.Rules(
                objective,
                new Batcher.Settings(microBatches, accumulated, false, 1),
                new AdamW.Settings(0.9, 0.999, 1e-8, 0.01, 1),
                0,
                step -> RATE);
    }

    /** Partners stay the same, so that all of the reference is known from the second step on. */
    private static Objective objective() {
        return new Kto(0.1, 1, 1, KlPairing.TRL);
    }

    private List<Learner> learners(Objective objective, List<References> known) {
        return learners(
                slot -> rows(weights.config().vocabSize(), batch, length, slot), rules(objective, batch), known);
    }

    private List<Learner> learners(IntFunction<Dataset> rows, Learner.Rules rules, List<References> known) {
        List<Learner> learners = new ArrayList<>();
        for (int slot = 0; slot < adapters; slot++) {
            Adapter adapter = bank.get(slot);
            List<Integer> twins = twins(slot);
            List<Tensor> gradients = IntStream.concat(
                            IntStream.of(slot), twins.stream().mapToInt(twin -> twin))
                    .mapToObj(each -> bank.get(each).gradients())
                    .toList();
            learners.add(new Learner(
                    ops,
                    new Learner.Trained(
                            adapter.parameters(),
                            gradients,
                            adapter.parameters().cols(),
                            new Slots(slot, Batch.BASE, twins)),
                    rows.apply(slot),
                    rules,
                    known.get(slot)));
        }
        return learners;
    }

    /** Those that there are of a slot: they are made when micro-batches share a pass. */
    private List<Integer> twins(int slot) {
        return IntStream.range(1, TOGETHER)
                .map(before -> before * adapters + slot)
                .filter(twin -> bank.get(twin) != null)
                .boxed()
                .toList();
    }

    private List<References> each(References known) {
        return Collections.nCopies(adapters, known);
    }

    /** Bytes of activations and gradients. */
    long workspaceBytes() {
        return model.workspaceBytes();
    }

    /** Packed positions of a step: for KTO, of the policy's own rows. */
    int positions() {
        return adapters * batch * length;
    }

    /** Tokens of a step on varied rows. */
    int variedPositions() {
        return adapters * IntStream.of(variedLengths()).sum();
    }

    private int[] variedLengths() {
        return RowLengths.upTo(length, VARIED_ROWS * batch);
    }

    /** Forward, backward, clipping, AdamW; the loss. */
    double sft() {
        sft = sft == null ? learners(new Sft(), each(null)) : sft;
        return step(passes, sft);
    }

    /** The KL baseline by a pass without gradients, then as SFT; what the reference says is kept from the first step on. */
    double kto() {
        if (kto == null) {
            kto = learners(objective(), each(ReferenceCache.inMemory()));
            step(passes, kto);
        }
        return step(passes, kto);
    }

    /** The same where nothing of the reference is kept. */
    double ktoWithoutCache() {
        ktoWithoutCache = ktoWithoutCache == null ? learners(objective(), each(References.NONE)) : ktoWithoutCache;
        return step(passes, ktoWithoutCache);
    }

    /** As SFT, where the second half of each row alone is learnt. */
    double completion() {
        if (completion == null) {
            int[] lengths = IntStream.generate(() -> length).limit(batch).toArray();
            completion = learners(
                    slot -> rows(weights.config().vocabSize(), lengths, false, slot),
                    rules(new Sft(), batch),
                    each(null));
        }
        return step(passes, completion);
    }

    /**
     * KTO whose partners are drawn from data of {@value #PAIRED_STEPS} steps, so that a step's pairs hold completions of others; what
     * the reference says of all of it is known before the first step that is returned.
     */
    double paired() {
        if (paired == null) {
            paired = learners(
                    slot -> rows(weights.config().vocabSize(), PAIRED_STEPS * batch, length, slot),
                    rules(new Kto(0.1, 1, 1, KlPairing.DATA), batch),
                    each(ReferenceCache.inMemory()));
            for (int step = 0; step < PAIRED_STEPS; step++) {
                step(passes, paired);
            }
        }
        return step(passes, paired);
    }

    /**
     * SFT on rows of many lengths ({@link RowLengths}), the longest as long as this rig's: a step takes {@value #VARIED_ROWS} times
     * its rows, in passes packed to so many tokens.
     *
     * @param tokens of a pass, at least the longest row's
     */
    double varied(int tokens) {
        if (varied == null || tokens != variedTokens) {
            int[] lengths = variedLengths();
            variedTokens = tokens;
            varied = learners(
                    slot -> rows(weights.config().vocabSize(), lengths, true, slot),
                    rules(
                            new Sft(),
                            new Batcher.MicroBatches.Tokens(tokens, Batcher.MicroBatches.Tokens.DEFAULT_WINDOW),
                            lengths.length),
                    each(null));
        }
        return step(passes, varied);
    }

    /**
     * SFT on the same rows, each of which is a micro-batch.
     *
     * @param tokens of those that share a pass, at most; 0 where none do
     */
    double accumulated(int tokens) {
        if (accumulated == null) {
            for (int slot = adapters; slot < bank.slots(); slot++) {
                bank.set(slot, bank.get(slot % adapters).twin());
            }
            int[] lengths = variedLengths();
            accumulated = learners(
                    slot -> rows(weights.config().vocabSize(), lengths, true, slot),
                    rules(new Sft(), new Batcher.MicroBatches.Rows(1), lengths.length),
                    each(null));
        }
        if (shared == null || tokens != sharedTokens) {
            sharedTokens = tokens;
            shared = new StepPasses(model, bank, TOGETHER, tokens);
        }
        return step(shared, accumulated);
    }

    /** One step of learners side by side; the mean of their losses. */
    static double step(StepPasses passes, List<Learner> learners) {
        double loss = 0;
        for (Learner.Learnt learnt : passes.step(learners)) {
            if (learnt.fault() != null) {
                throw new IllegalStateException(learnt.fault());
            }
            loss += learnt.metrics().get("loss").doubleValue() / learners.size();
        }
        return loss;
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
