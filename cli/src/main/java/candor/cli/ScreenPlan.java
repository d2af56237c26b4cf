package candor.cli;

import candor.foresee.Screening;
import candor.lora.AdapterBank;
import candor.lora.AdapterLayout;
import candor.model.CausalLm;
import candor.model.Projection;
import candor.model.Recomputation;
import candor.model.Recompute;
import candor.ops.Backend;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.ops.Needs;
import candor.ops.weight.PlainForm;
import candor.probe.EncodedProbe;
import candor.probe.ProbeKind;
import candor.screen.ScreenInputs;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a screening takes, told before it starts: passes, memory, and time by what a moment's measurement says. */
final class ScreenPlan {
    private static final int SEQUENCES = 64;

    private final ScreenInputs inputs;
    private final int passTokens;
    private final int rows;
    private final int parts;
    private final int threads;
    private final BackendDescriptor backend;
    private final long rowTokens;
    private final long trained;
    private final long scored;

    private ScreenPlan(
            ScreenInputs inputs,
            int passTokens,
            int warmUpSteps,
            int rows,
            int parts,
            BackendDescriptor backend,
            int threads) {
        this.inputs = inputs;
        this.passTokens = passTokens;
        this.rows = rows;
        this.parts = parts;
        this.backend = backend;
        this.threads = threads;
        rowTokens = Arrays.stream(inputs.data().lengths()).asLongStream().sum();
        double mean = (double) rowTokens / inputs.data().size();
        long pairs = 0;
        long pressed = 0;
        for (EncodedProbe probe : inputs.encodedProbes()) {
            long tokens = probe.truthful().length() + probe.untruthful().length();
            pairs += tokens;
            pressed += probe.kind() == ProbeKind.PRESSURE ? tokens : 0;
        }
        trained = rowTokens + Math.round((double) warmUpSteps * rows * mean) + pressed + parts * rowTokens / 2;
        // Each row, its last reply, and the model's own; with a direction, both of these once more.
        scored = rowTokens * (inputs.direction() == null ? 3 : 5) + (parts == 0 ? 0 : (parts + 1) * pairs);
    }

    static ScreenPlan of(
            ScreenInputs inputs,
            int passTokens,
            int warmUpSteps,
            int rows,
            int parts,
            BackendDescriptor backend,
            int threads) {
        return new ScreenPlan(inputs, passTokens, warmUpSteps, rows, parts, backend, threads);
    }

    void print(PrintWriter out) {
        out.printf(
                Locale.ROOT, "%-24s %,d of %,d tokens%n", "rows", inputs.data().size(), rowTokens);
        out.printf(Locale.ROOT, "%-24s %,d%n", "probes", inputs.encodedProbes().size());
        out.printf(Locale.ROOT, "%-24s %,d tokens%n", "forward and backward", trained);
        out.printf(Locale.ROOT, "%-24s %,d tokens%n", "forward alone", scored);
        out.printf(
                Locale.ROOT, "%-24s %,d%n", "replies of its own", inputs.data().size());
        Needs needs = needs();
        out.printf("memory%n");
        needs.bytes().forEach((kind, bytes) -> out.printf("  %-22s %12s%n", kind, mebibytes(bytes)));
        out.printf("  %-22s %12s%n", "in all", mebibytes(needs.total()));
        time(out);
    }

    private Needs needs() {
        AdapterBank bank = AdapterBank.shapes(inputs.model(), List.of(inputs.shape()));
        long row = new AdapterLayout(inputs.shape()).bytes();
        int cores = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
        long widest = 0;
        for (Projection projection : Projection.values()) {
            widest = Math.max(widest, (long) projection.inputs(inputs.model()) + projection.outputs(inputs.model()));
        }
        Map<String, Long> bytes = new LinkedHashMap<>();
        bytes.put(
                "weights",
                inputs.model()
                        .weightBytes(
                                backend.copiesWeights()
                                        ? PlainForm.of(backend.activations())
                                        : inputs.model().form()));
        // Parameters, gradient, two moments; the gradient of honesty and the steps on the host. Calibration's beside
        // it.
        bytes.put("adapter and gradients", (6L + 4L * parts) * row);
        int longest = Screening.positions(
                inputs.data(), inputs.encodedProbes(), inputs.model().maxPositionEmbeddings());
        int tokens = (int) Math.min(Integer.MAX_VALUE, Math.max(Math.max(passTokens, longest), stepTokens()));
        bytes.put(
                "activations",
                CausalLm.trainingBytes(
                                backend.activations(),
                                inputs.model(),
                                bank,
                                tokens,
                                tokens,
                                Recomputation.all(
                                        Recompute.SELECTIVE, inputs.model().layers()))
                        .workspace());
        bytes.put(
                "rows' gradients",
                Float.BYTES
                        * ((long) tokens * widest + 3L * cores * inputs.shape().rank() * widest));
        return new Needs(bytes);
    }

    /** Tokens of the largest step: one of the warm-up, or those of all parts of a calibration, which share a pass. */
    private long stepTokens() {
        int[] sorted = inputs.data().lengths();
        Arrays.sort(sorted);
        long tokens = Arrays.stream(sorted)
                .skip(Math.max(0, sorted.length - rows))
                .asLongStream()
                .sum();
        return tokens * Math.max(1, parts);
    }

    private void time(PrintWriter out) {
        int mean = (int) Math.max(2, rowTokens / inputs.data().size());
        try (Backend opened = Backends.open(backend, threads)) {
            Rates rates = Probe.measure(
                    opened,
                    new Probe.Work(
                            inputs.model(),
                            inputs.shape(),
                            Recomputation.all(
                                    Recompute.SELECTIVE, inputs.model().layers()),
                            mean,
                            passTokens,
                            SEQUENCES));
            long replies = inputs.data().size() * (long) mean;
            double seconds = rates.training(trained, scored)
                    + replies * rates.prompt()
                    + (double) replies / SEQUENCES * rates.decode();
            out.printf(
                    Locale.ROOT,
                    "%-24s about %s, and what the processor takes to sum the rows' gradients%n",
                    "time",
                    Rates.time(seconds));
        }
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%,d MiB", Math.ceilDiv(bytes, 1L << 20));
    }
}
