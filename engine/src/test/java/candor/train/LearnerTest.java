package candor.train;

import static org.assertj.core.api.Assertions.assertThat;

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
import candor.ops.Batch;
import candor.ops.cpu.CpuBackend;
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

    private record Trained(List<Number> losses, float[] parameters) {}

    private static Trained train(References known) {
        Objective objective = new Kto(0.1, 1, 1, KlPairing.TRL);
        try (CpuBackend ops = new CpuBackend(1);
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
            StepPasses passes = new StepPasses(model, bank);
            List<Number> losses = new ArrayList<>();
            for (int step = 0; step < 3; step++) {
                Learner.Learnt learnt = passes.step(List.of(learner)).getFirst();
                assertThat(learnt.fault()).isNull();
                losses.add(learnt.metrics().get("loss"));
            }
            Tensor parameters = adapter.parameters();
            float[] values = new float[parameters.cols()];
            ops.download(values, parameters);
            return new Trained(losses, values);
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
}
