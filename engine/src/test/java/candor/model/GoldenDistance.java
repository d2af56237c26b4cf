package candor.model;

import static org.assertj.core.api.Assertions.assertThat;

import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.tensor.Tensor;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Arrays;

/**
 * How far a backend is from PyTorch's float32 on a whole golden model.
 *
 * @param logits    root mean square over all logits of base and adapter
 * @param largest   of a logit
 * @param logp      mean over the targets of the difference of their log-probabilities' size: a loss differs by no more
 * @param loss      of the adapter
 * @param gradients ‖got − want‖ / ‖want‖ over all factors
 */
record GoldenDistance(double logits, double largest, double logp, double loss, double gradients) {
    private static final int[] ALL = {0, 1, 2};
    private static final double LARGEST = 1.5;

    /**
     * A backend whose products take operands of bf16 may be as far from float32 as PyTorch's own bf16 is, which {@code bf16.json}
     * beside each case holds (measure_bf16.py measured it, adapters float32 as PEFT has them by default). No factor is granted to
     * what averages over many roundings: ours rounds no more often than PyTorch does, and its logits not at all. The largest of
     * some 100,000 differences is one sample's luck and has a factor of 1.5. A loss, whose errors cancel by luck as well, is held
     * against the mean size of its terms' errors. All of these are tighter than twice the plain bf16 form.
     */
    static GoldenDistance requireNoFartherThanPyTorchInBf16(String name, Backend backend) throws IOException {
        GoldenDistance here;
        JsonNode peer;
        try (GoldenCase golden = new GoldenCase(name)) {
            here = of(golden, backend);
            peer = new ObjectMapper()
                    .readTree(golden.folder.resolve("bf16.json").toFile())
                    .path("adapters_float32");
        }
        System.out.printf("%s: PyTorch %s%n%s: %s %s%n", name, peer, name, backend.name(), here);
        assertThat(here.logits).isLessThanOrEqualTo(peer.path("logits_rms").asDouble());
        assertThat(here.largest)
                .isLessThanOrEqualTo(LARGEST * peer.path("logits_largest").asDouble());
        assertThat(here.logp).isLessThanOrEqualTo(peer.path("logp_mean").asDouble());
        assertThat(here.loss).isLessThanOrEqualTo(peer.path("logp_mean").asDouble());
        assertThat(here.gradients)
                .isLessThanOrEqualTo(peer.path("gradients_relative").asDouble());
        return here;
    }

    private static GoldenDistance of(GoldenCase golden, Backend backend) {
        try (CausalLm model = golden.castModel(backend, Recompute.NONE)) {
            Adapter adapter = golden.adapter(backend, true);
            AdapterBank bank = new AdapterBank(golden.weights.config(), 1);
            bank.set(0, adapter);
            double squares = 0;
            double largest = 0;
            double logps = 0;
            long count = 0;
            int vocabulary = golden.weights.config().vocabSize();
            Batch batch = golden.batch(ALL, new int[] {0, 0, 0});
            for (int slot : new int[] {Batch.BASE, 0}) {
                Batch in = golden.batch(ALL, new int[] {slot, slot, slot});
                float[] got = new float[in.tokenCount() * vocabulary];
                backend.download(got, model.logits(in, bank));
                float[] want = packed(golden, in, slot == 0 ? "lora.logits" : "base.logits");
                for (int i = 0; i < got.length; i++) {
                    double difference = Math.abs(got[i] - (double) want[i]);
                    squares += difference * difference;
                    largest = Double.isNaN(difference) ? Double.NaN : Math.max(largest, difference);
                }
                count += got.length;
            }
            float[] want = packed(golden, batch, "lora.logits");
            float[] logp = new float[batch.targetCount()];
            model.forward(logp, batch, bank, true);
            double loss = 0;
            for (int t = 0; t < logp.length; t++) {
                logps += Math.abs(logp[t] - logProb(want, batch, t, vocabulary)) / logp.length;
                loss -= logp[t] / (double) logp.length;
            }
            float[] derivatives = new float[logp.length];
            Arrays.fill(derivatives, -1f / logp.length);
            model.backward(derivatives);
            float reference = GoldenCase.floats(golden.expected, "lora.loss")[0];
            return new GoldenDistance(
                    Math.sqrt(squares / count),
                    largest,
                    logps,
                    Math.abs(loss - reference),
                    gradients(golden, backend, adapter));
        }
    }

    /** The rows of the padded logits (B,T,V) that a batch of all sequences has. */
    private static float[] packed(GoldenCase golden, Batch batch, String name) {
        int vocabulary = golden.weights.config().vocabSize();
        int padded = Math.toIntExact(golden.expected.entry("input_ids").shape().get(1));
        float[] all = GoldenCase.floats(golden.expected, name);
        float[] rows = new float[batch.tokenCount() * vocabulary];
        for (int s : ALL) {
            System.arraycopy(
                    all, s * padded * vocabulary, rows, batch.start(s) * vocabulary, batch.length(s) * vocabulary);
        }
        return rows;
    }

    private static double logProb(float[] logits, Batch batch, int target, int vocabulary) {
        int row = batch.targetRow(target);
        double sum = 0;
        for (int v = 0; v < vocabulary; v++) {
            sum += Math.exp(logits[row * vocabulary + v]);
        }
        return logits[row * vocabulary + batch.target(row)] - Math.log(sum);
    }

    private static double gradients(GoldenCase golden, Backend backend, Adapter adapter) {
        double difference = 0;
        double norm = 0;
        for (int layer = 0; layer < golden.weights.config().layers(); layer++) {
            for (Projection projection : golden.lora.projections()) {
                for (String factor : new String[] {"A", "B"}) {
                    Tensor tensor = factor.equals("A") ? adapter.da(layer, projection) : adapter.db(layer, projection);
                    float[] got = new float[Math.toIntExact(tensor.elements())];
                    backend.download(got, tensor);
                    float[] want = GoldenCase.floats(
                            golden.expected, "grad." + GoldenCase.name(layer, projection, factor) + ".default.weight");
                    assertThat(got).hasSameSizeAs(want);
                    for (int i = 0; i < got.length; i++) {
                        difference += Math.pow(got[i] - (double) want[i], 2);
                        norm += Math.pow(want[i], 2);
                    }
                }
            }
        }
        return Math.sqrt(difference / norm);
    }
}
