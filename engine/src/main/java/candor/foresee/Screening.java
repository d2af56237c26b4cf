package candor.foresee;

import candor.BadInput;
import candor.data.Dataset;
import candor.data.EncodedRow;
import candor.data.Packing;
import candor.generate.Generator;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.ops.Batch;
import candor.probe.Direction;
import candor.probe.EncodedProbe;
import candor.probe.ProbeKind;
import candor.probe.Projections;
import candor.probe.ReplyReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Scores every row of a data set by what it would do to honesty, before anything is tuned on it: {@link ScreenMethod} lists the
 * ways. A row's scores are the same whatever else shares a pass, and for any number of threads.
 */
public final class Screening {
    /**
     * How much is done at once, and how gradients are compared.
     *
     * @param tokensAtOnce tokens of a pass; a longer row has a pass of its own
     * @param generator    how the model's own replies are made
     * @param projection   see {@link Influence}; or null
     */
    public record Settings(WarmUp warmUp, int tokensAtOnce, Generator.Settings generator, SignProjection projection) {}

    /** Hears how it goes. */
    @FunctionalInterface
    public interface Listener {
        /** A stage has so many of its rows, or steps, behind it. */
        void at(String stage, int done, int all);
    }

    private static final int SLOT = 0;

    /** Cells of the rows of a pass that are in memory at once, where gradients are projected: 256 MiB of them. */
    private static final long MOST_CELLS = 1L << 25;

    /** Projected vectors of a row: of its gradient, and of its step. */
    private static final int VECTORS = 2;

    private final RowGradients backend;
    private final CausalLm model;
    private final AdapterBank bank;
    private final Settings settings;
    private final Listener listener;
    private final BooleanSupplier stop;

    /**
     * Makes one.
     *
     * @param backend that the model computes on
     * @param bank    with the adapter that gradients are of, in slot 0: one that is trained, which a warm-up moves
     * @param stop    asked between passes
     */
    public Screening(
            RowGradients backend,
            CausalLm model,
            AdapterBank bank,
            Settings settings,
            Listener listener,
            BooleanSupplier stop) {
        this.backend = backend;
        this.model = model;
        this.bank = bank;
        this.settings = settings;
        this.listener = listener;
        this.stop = stop;
    }

    /** Tokens of the longest sequence that comes, for rows of a data set and probes, in a context of so many. */
    public static int positions(Dataset data, List<EncodedProbe> probes, int context) {
        int longest = 2;
        for (int row = 0; row < data.size(); row++) {
            EncodedRow whole = data.row(row);
            longest = Math.max(longest, Math.max(whole.length(), OwnReplies.longest(LastReply.of(whole), context)));
        }
        for (EncodedProbe probe : probes) {
            longest = Math.max(
                    longest,
                    Math.max(probe.truthful().length(), probe.untruthful().length()));
        }
        return longest;
    }

    /**
     * Scores all rows.
     *
     * @param probes    of which those under pressure are what honesty is
     * @param direction of honesty, or null, which leaves out both methods that go by it
     * @param endTokens that end a reply
     * @return by method, a score for each row; null where it was stopped
     * @throws BadInput for a score that is not finite
     */
    public Map<ScreenMethod, double[]> run(
            Dataset data, List<EncodedProbe> probes, Direction direction, List<Integer> endTokens) {
        Map<ScreenMethod, double[]> scores = new EnumMap<>(ScreenMethod.class);
        if (!influence(data, probes, scores) || !replies(data, direction, endTokens, scores)) {
            return null;
        }
        scores.forEach((method, each) -> requireFinite(data, method, each));
        return scores;
    }

    /** A rank among numbers that are none would say nothing. */
    private static void requireFinite(Dataset data, ScreenMethod method, double[] scores) {
        for (int row = 0; row < scores.length; row++) {
            if (!Double.isFinite(scores[row])) {
                throw new BadInput(
                        data.origin(row) + ": its score by " + method.column() + " is " + scores[row]
                                + ", not a finite number",
                        "lower {learning_rate}, or look for such numbers in the model's weights");
            }
        }
    }

    private boolean influence(Dataset data, List<EncodedProbe> probes, Map<ScreenMethod, double[]> scores) {
        float[] steps = settings.warmUp.run(backend, model, bank, SLOT, data, listener, stop);
        if (steps == null) {
            return false;
        }
        List<EncodedProbe> pressed = probes.stream()
                .filter(probe -> probe.kind() == ProbeKind.PRESSURE)
                .toList();
        float[] honesty = HonestyGradient.of(backend, model, bank, SLOT, pressed);
        Influence influence = new Influence(honesty, steps, settings.projection);
        double[] cosines = new double[data.size()];
        double[] stepProducts = new double[data.size()];
        double[] gradientProducts = new double[data.size()];
        backend.watch(bank, SLOT, influence);
        try {
            int start = 0;
            while (start < data.size()) {
                if (stop.getAsBoolean()) {
                    return false;
                }
                listener.at("gradients", start, data.size());
                List<EncodedRow> rows = together(data, start);
                influence.begin(rows.size());
                pass(rows);
                for (int i = 0; i < rows.size(); i++) {
                    Influence.Score score = influence.score(i);
                    cosines[start + i] = score.cosine();
                    stepProducts[start + i] = score.stepProduct();
                    gradientProducts[start + i] = score.gradientProduct();
                }
                start += rows.size();
            }
        } finally {
            backend.rest();
        }
        scores.put(ScreenMethod.INFLUENCE, cosines);
        scores.put(ScreenMethod.INFLUENCE_STEP, stepProducts);
        scores.put(ScreenMethod.INFLUENCE_GRADIENT, gradientProducts);
        return true;
    }

    /** The rows from one on that share a pass. */
    private List<EncodedRow> together(Dataset data, int start) {
        List<EncodedRow> rows = new ArrayList<>();
        int tokens = 0;
        for (int row = start; row < data.size(); row++) {
            EncodedRow next = data.row(row);
            if (!rows.isEmpty()
                    && (tokens + next.length() > settings.tokensAtOnce || cells(rows.size() + 1) > MOST_CELLS)) {
                break;
            }
            rows.add(next);
            tokens += next.length();
        }
        return rows;
    }

    /** Cells that so many rows need. */
    private long cells(int rows) {
        return settings.projection == null ? 0 : (long) VECTORS * rows * settings.projection.width();
    }

    /** The gradient of each row's own loss, the sum of −log p of its targets: as in a step that divides by all targets. */
    private void pass(List<EncodedRow> rows) {
        Batch batch = Packing.of(rows, SLOT);
        float[] derivatives = new float[batch.targetCount()];
        model.forward(derivatives, batch, bank, true);
        Arrays.fill(derivatives, -1);
        model.backward(derivatives);
    }

    private boolean replies(
            Dataset data, Direction direction, List<Integer> endTokens, Map<ScreenMethod, double[]> scores) {
        List<EncodedRow> rows = new ArrayList<>();
        List<EncodedRow> last = new ArrayList<>();
        for (int row = 0; row < data.size(); row++) {
            rows.add(data.row(row));
            last.add(LastReply.of(data.row(row)));
        }
        List<EncodedRow> own = OwnReplies.of(model, last, endTokens, settings.generator, listener, stop);
        if (own == null) {
            return false;
        }
        ReplyReader reader = new ReplyReader(model, null, Batch.BASE, settings.tokensAtOnce);
        listener.at("likelihoods", 0, data.size());
        scores.put(ScreenMethod.LOSS, Surprise.losses(reader, rows));
        scores.put(ScreenMethod.SURPRISE, Surprise.of(reader, last, own));
        if (direction != null) {
            listener.at("activations", 0, data.size());
            Projections projections = new Projections(reader, direction);
            double[] there = projections.atLayer(last);
            double[] before = projections.atLayer(own);
            double[] differences = new double[there.length];
            for (int row = 0; row < there.length; row++) {
                differences[row] = before[row] - there[row];
                there[row] = -there[row];
            }
            scores.put(ScreenMethod.PROJECTION, there);
            scores.put(ScreenMethod.PROJECTION_DIFFERENCE, differences);
        }
        return !stop.getAsBoolean();
    }
}
