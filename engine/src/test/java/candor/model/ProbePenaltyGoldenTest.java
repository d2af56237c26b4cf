package candor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.GoldenFolders;
import candor.data.Batcher;
import candor.data.Dataset;
import candor.data.EncodedRow;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.AdapterShape;
import candor.ops.Batch;
import candor.ops.cpu.CpuBackend;
import candor.tensor.Tensor;
import candor.train.Learner;
import candor.train.Probing;
import candor.train.ReferenceCache;
import candor.train.Slots;
import candor.train.StepPasses;
import candor.train.objective.ProbePenalty;
import candor.train.objective.Sft;
import candor.train.optimiser.AdamW;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A step with a penalty on probes against PyTorch in float64: the step of penalty/make_penalty_goldens.py, its loss and its gradients. */
class ProbePenaltyGoldenTest {
    private static final double WEIGHT = 1000;

    private static EncodedRow row(GoldenCase golden, int sequence) {
        int[] labels = golden.labels[sequence];
        boolean[] target = new boolean[labels.length];
        int prompt = labels.length;
        for (int t = labels.length - 1; t > 0; t--) {
            target[t] = labels[t] != GoldenCase.IGNORED;
            prompt = target[t] ? t : prompt;
        }
        return new EncodedRow(0, golden.tokens[sequence], target, prompt, null);
    }

    @ParameterizedTest
    @CsvSource({
        "llama3,MARGIN",
        "llama3,REPLIES",
        "qwen2,MARGIN",
        "qwen2,REPLIES",
        "qwen3,REPLIES",
        "mistral,MARGIN",
        "gemma3,REPLIES"
    })
    void lossAndGradientsOfAStep(String name, ProbePenalty.On on) throws IOException {
        JsonNode expected = new ObjectMapper()
                .readTree(
                        GoldenFolders.folder("penalty").resolve("penalty.json").toFile())
                .path(name)
                .path(on.name().toLowerCase(Locale.ROOT));
        try (GoldenCase golden = new GoldenCase(name);
                CpuBackend backend = new CpuBackend(2);
                CausalLm model = new CausalLm(backend, golden.weights, Recompute.NONE, 64)) {
            Adapter adapter = golden.adapter(backend, true);
            AdapterBank bank = new AdapterBank(golden.weights.config(), 1);
            bank.set(0, adapter);
            EncodedRow first = row(golden, 0);
            EncodedRow second = row(golden, 1);
            EncodedRow third = row(golden, 2);
            Probing probing = new Probing(
                    new ProbePenalty(WEIGHT, on), List.of("a", "b"), List.of(first, second, second, third), 2);
            Learner learner = new Learner(
                    backend,
                    new Learner.Trained(
                            adapter.parameters(),
                            adapter.gradients(),
                            adapter.parameters().cols(),
                            new Slots(0, Batch.BASE)),
                    Dataset.of(List.of(third)),
                    new Learner.Rules(
                            new Sft(),
                            new Batcher.Settings(new Batcher.MicroBatches.Rows(1), 1, false, 1),
                            new AdamW.Settings(0.9, 0.999, 1e-8, 0, 0),
                            0,
                            step -> 0,
                            probing),
                    ReferenceCache.inMemory());
            Learner.Learnt learnt =
                    new StepPasses(model, bank).step(List.of(learner)).getFirst();
            assertThat(learnt.fault()).isNull();
            for (String metric : List.of("loss", ProbePenalty.METRIC, ProbePenalty.MARGIN_CHANGE)) {
                double wanted = expected.path(metric).asDouble();
                assertThat(learnt.metrics().get(metric).doubleValue())
                        .as(metric)
                        .isCloseTo(wanted, within(1e-5 + 2e-5 * Math.abs(wanted)));
            }
            gradients(adapter, expected.path("gradients"));
        }
    }

    private static void gradients(Adapter adapter, JsonNode expected) {
        double most = 0;
        int seen = 0;
        for (AdapterShape.Place place : adapter.shape().sites().keySet()) {
            for (String factor : List.of("A", "B")) {
                Tensor gradient = factor.equals("A")
                        ? adapter.da(place.layer(), place.projection())
                        : adapter.db(place.layer(), place.projection());
                JsonNode wanted = expected.path(GoldenCase.name(place.layer(), place.projection(), factor) + ".weight");
                assertThat(wanted.isArray()).as("%s", place).isTrue();
                double norm = 0;
                double product = 0;
                int at = 0;
                for (int r = 0; r < gradient.rows(); r++) {
                    for (int c = 0; c < gradient.cols(); c++) {
                        double value = gradient.get(r, c);
                        norm += value * value;
                        product += value * Math.cos(++at);
                    }
                }
                double scale = wanted.path(0).asDouble();
                most = Math.max(most, Math.abs(Math.sqrt(norm) - scale) / scale);
                most = Math.max(most, Math.abs(product - wanted.path(1).asDouble()) / scale);
                seen++;
            }
        }
        assertThat(seen).isEqualTo(expected.size());
        System.out.printf("gradients with a penalty: %.2e relative%n", most);
        assertThat(most).isLessThan(1e-4);
    }
}
