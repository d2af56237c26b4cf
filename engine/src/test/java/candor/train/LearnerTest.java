package candor.train;

import static org.assertj.core.api.Assertions.assertThat;

import candor.comm.Communicator;
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
import candor.model.Projection;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.DecoratedBackend;
import candor.ops.cpu.CpuBackend;
import candor.ops.op.Embed;
import candor.ops.op.Op;
import candor.tensor.Tensor;
import candor.train.objective.Kto;
import candor.train.objective.Objective;
import candor.train.optimiser.AdamW;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The step without a folder: rows in memory, and what a caller keeps of the reference. */
class LearnerTest {
    private static final int ROWS = 4;

    private static Dataset rows() {
        Random random = new Random(3);
        List<EncodedRow> rows = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            int length = 5 + row;
            boolean[] target = new boolean[length];
            Arrays.fill(target, 2, length, true);
            rows.add(new EncodedRow(row, random.ints(length, 0, 500).toArray(), target, 2, row % 2 == 0));
        }
        return Dataset.of(rows);
    }

    /** @param passes tokens of each, in turn */
    private record Trained(List<Number> losses, float[] parameters, List<Integer> passes) {}

    private static Trained train(References known) {
        return train(known, StepPasses.Free.ANY);
    }

    private static Trained train(References known, StepPasses.Free free) {
        Objective objective = new Kto(0.1, 1, 1, KlPairing.TRL);
        List<Integer> tokens = new ArrayList<>();
        try (Backend ops = new DecoratedBackend(new CpuBackend(1)) {
                    @Override
                    public void run(Op op) {
                        if (op instanceof Embed embed) {
                            tokens.add(embed.rows());
                        }
                        super.run(op);
                    }
                };
                Weights weights = Weights.load(GoldenRuns.golden("qwen3").resolve("model"));
                CausalLm model = new CausalLm(ops, weights, Recompute.NONE, 32)) {
            LoraConfig lora = new LoraConfig(4, 8, false, EnumSet.allOf(Projection.class));
            Adapter adapter = Adapter.trained(Memory.of(ops), new AdapterLayout(weights.config(), lora))
                    .initialise(1);
            AdapterBank bank = new AdapterBank(weights.config(), 1);
            bank.set(0, adapter);
            Learner learner = new Learner(
                    ops,
                    new Learner.Trained(
                            adapter.parameters(),
                            adapter.gradients(),
                            adapter.parameters().cols(),
                            new Slots(0, Batch.BASE)),
                    rows(),
                    new Learner.Rules(
                            objective,
                            new Batcher.Settings(new Batcher.MicroBatches.Rows(ROWS), 1, false, 1),
                            new AdamW.Settings(0.9, 0.999, 1e-8, 0, 1),
                            0,
                            step -> 0.01),
                    known);
            StepPasses passes = new StepPasses(model, bank, Communicator.ALONE, free, Together.NONE);
            List<Number> losses = new ArrayList<>();
            for (int step = 0; step < 3; step++) {
                Learner.Learnt learnt = passes.step(List.of(learner)).getFirst();
                assertThat(learnt.fault()).isNull();
                losses.add(learnt.metrics().get("loss"));
            }
            Tensor parameters = adapter.parameters();
            float[] values = new float[parameters.cols()];
            ops.download(values, parameters);
            return new Trained(losses, values, tokens);
        }
    }

    @Test
    void whatIsKeptOfTheReferenceChangesNothing() {
        ReferenceCache kept = ReferenceCache.inMemory();
        Trained with = train(kept);
        Trained without = train(References.NONE);
        assertThat(kept.size()).as("each row and its pair").isEqualTo(2 * ROWS);
        assertThat(with.losses).isEqualTo(without.losses);
        assertThat(with.losses.getFirst().doubleValue()).isEqualTo(0.5);
        assertThat(with.losses.getLast().doubleValue()).isLessThan(0.5);
        assertThat(with.parameters).isEqualTo(without.parameters);
    }

    /** Rows of 5 to 8 tokens: twelve sequences are asked for, of 78 tokens, then four with gradients, of 26. */
    @Test
    void passesWithoutGradientsAreCutToTheirTokensAndChangeNothing() {
        Trained whole = train(References.NONE);
        assertThat(whole.passes.subList(0, 2)).containsExactly(78, 26);
        Trained cut = train(References.NONE, new StepPasses.Free(20, Integer.MAX_VALUE));
        int asked = cut.passes.indexOf(26);
        List<Integer> pieces = cut.passes.subList(0, asked);
        assertThat(pieces).hasSizeGreaterThan(3).allMatch(tokens -> tokens <= 20);
        assertThat(pieces.stream().mapToInt(tokens -> tokens).sum()).isEqualTo(78);
        assertThat(cut.losses).isEqualTo(whole.losses);
        assertThat(cut.parameters).isEqualTo(whole.parameters);
        assertThat(train(References.NONE, new StepPasses.Free(1, Integer.MAX_VALUE))
                        .passes
                        .indexOf(26))
                .as("each by itself")
                .isEqualTo(12);
    }

    /** Of a row of n tokens the last n - 2 are targets: two of the rows have eleven at most, three no fewer than twelve. */
    @Test
    void passesWithoutGradientsAreCutToTheirTargets() {
        Trained whole = train(References.NONE);
        Trained cut = train(References.NONE, new StepPasses.Free(Integer.MAX_VALUE, 11));
        int asked = cut.passes.indexOf(26);
        assertThat(asked).isGreaterThanOrEqualTo(6);
        assertThat(cut.passes.subList(0, asked).stream()
                        .mapToInt(tokens -> tokens)
                        .sum())
                .isEqualTo(78);
        assertThat(cut.losses).isEqualTo(whole.losses);
        assertThat(cut.parameters).isEqualTo(whole.parameters);
    }
}
