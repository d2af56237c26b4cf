package candor.merge;

import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.ops.Batch;
import candor.text.Tokenizer;
import java.util.Arrays;
import java.util.List;

/** Compares what two models say of the same texts. */
final class LogitCheck {
    /** Rows of logits at a time: a large vocabulary makes them large. */
    private static final int MOST_TOKENS = 64;

    private static final List<String> TEXTS = List.of(
            "The boiling point of water falls as one climbs a mountain, because the air above presses less.",
            "def mean(values):\n    return sum(values) / len(values)\n",
            "Question: what is 17 + 25? Answer: 42. Ask a professional before you change a dosage.");

    private final CausalLm model;
    private final CausalLm merged;
    private final AdapterBank bank;

    // Sums over all logits.
    private double largest;
    private double squares;
    private double adapterSquares;
    private double logitSquares;
    private long logits;
    private int tokens;
    private int agreements;

    /** @param bank slot 0 holds the adapter; null where there is none */
    LogitCheck(CausalLm model, AdapterBank bank, CausalLm merged) {
        this.model = model;
        this.bank = bank;
        this.merged = merged;
    }

    /** Sample texts as tokens. */
    static List<int[]> samples(Tokenizer tokenizer, int vocabulary) {
        return TEXTS.stream()
                .map(text -> tokenizer.encode(text, true))
                .map(ids -> Arrays.stream(ids)
                        .filter(id -> id < vocabulary)
                        .limit(MOST_TOKENS)
                        .toArray())
                .filter(ids -> ids.length > 0)
                .toList();
    }

    /** Compares base and adapter with the merged model. */
    void add(int[] ids) {
        int vocabulary = model.config().vocabSize();
        float[] base = logits(model, bank, ids, Batch.BASE);
        float[] unmerged = bank == null ? base : logits(model, bank, ids, 0);
        float[] folded = logits(merged, null, ids, Batch.BASE);
        for (int t = 0; t < ids.length; t++) {
            double mean = 0;
            for (int i = t * vocabulary; i < (t + 1) * vocabulary; i++) {
                mean += unmerged[i] / (double) vocabulary;
            }
            for (int i = t * vocabulary; i < (t + 1) * vocabulary; i++) {
                double difference = Math.abs((double) folded[i] - unmerged[i]);
                largest = Double.isNaN(difference) ? Double.NaN : Math.max(largest, difference);
                squares += difference * difference;
                adapterSquares += Math.pow((double) unmerged[i] - base[i], 2);
                logitSquares += Math.pow(unmerged[i] - mean, 2);
            }
            agreements += likeliest(folded, t, vocabulary) == likeliest(unmerged, t, vocabulary) ? 1 : 0;
        }
        tokens += ids.length;
        logits += (long) ids.length * vocabulary;
    }

    MergeReport report() {
        return new MergeReport(
                tokens,
                agreements,
                largest,
                Math.sqrt(squares / logits),
                Math.sqrt(adapterSquares / logits),
                Math.sqrt(logitSquares / logits));
    }

    private static int likeliest(float[] logits, int row, int vocabulary) {
        int best = 0;
        for (int v = 1; v < vocabulary; v++) {
            best = logits[row * vocabulary + v] > logits[row * vocabulary + best] ? v : best;
        }
        return best;
    }

    private static float[] logits(CausalLm model, AdapterBank bank, int[] ids, int slot) {
        int[] positions = new int[ids.length];
        int[] targets = new int[ids.length];
        Arrays.setAll(positions, i -> i);
        Arrays.fill(targets, Batch.NO_TARGET);
        Batch batch = new Batch(ids, positions, targets, new int[] {0, ids.length}, new int[] {slot});
        float[] values = new float[Math.multiplyExact(ids.length, model.config().vocabSize())];
        model.backend().download(values, model.logits(batch, bank));
        return values;
    }
}
