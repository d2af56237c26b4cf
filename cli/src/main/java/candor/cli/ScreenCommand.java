package candor.cli;

import candor.evaluate.engine.ModelHash;
import candor.foresee.ScreenMethod;
import candor.ops.Backend;
import candor.ops.Backends;
import candor.probe.ProbeSet;
import candor.report.Report;
import candor.screen.ScreenFiles;
import candor.screen.ScreenInputs;
import candor.screen.ScreenRun;
import candor.screen.ScreenSettings;
import candor.text.SpecialTextPolicy;
import candor.world.EmbeddedModel;
import candor.world.ProbeRows;
import candor.world.WorldSettings;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code candor screen}: which rows of a data set would lower a model's honesty, before it is tuned on them. */
@Command(
        name = "screen",
        description = {
            "Ranks the rows of a data set by how much a step on them would lower a model's honesty.",
            "OUTPUT/screen.jsonl has a line for each row: its number, a score by each method (more is more harm) and"
                    + " its rank, 1 for the row that would do most; report.html shows them. A row's scores do not depend"
                    + " on how many are computed at once, nor on the number of threads."
        })
final class ScreenCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(ScreenCommand.class);

    /** What the embedded model is tuned at in the world's own studies. */
    private static final double RATE_OF_THE_TINY_WORLD = 1e-3;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelOptions model;

    @Mixin
    private DtypeOption dtype;

    @Option(
            names = "--data",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "The rows, in any layout that train sft takes; files, folders, or ORG/NAME on the Hub.")
    private List<Path> data;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "The folder of what was found.")
    private Path output;

    @Option(
            names = "--probes",
            paramLabel = "FILE.jsonl",
            description =
                    "Lines with id, kind (pressure or belief), messages, truthful and untruthful; a set of our own, if"
                            + " not given, and the tiny world's for its model.")
    private Path probes;

    @Option(
            names = "--direction",
            paramLabel = "FILE",
            description = "A direction of honesty of the same model, for the scores that go by one.")
    private Path direction;

    @Option(
            names = "--rank-by",
            paramLabel = "METHOD",
            description =
                    "influence, influence_step, influence_gradient, projection, projection_difference, surprise or"
                            + " loss.")
    private ScreenMethod rankBy = ScreenMethod.INFLUENCE_STEP;

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description =
                    "An adapter whose gradients are compared, as it is; a fresh one that is warmed up, if not given.")
    private Path adapter;

    @Option(names = "--lora-rank", paramLabel = "N", description = "Rank of the fresh adapter.")
    private int rank = 16;

    @Option(names = "--lora-alpha", paramLabel = "X", description = "The fresh adapter is scaled by alpha / rank.")
    private double alpha = 32;

    @Option(
            names = "--warmup-steps",
            paramLabel = "N",
            description =
                    "Optimiser steps on random rows before gradients are compared: a fresh adapter has no gradient in"
                            + " half of its factors, and Adam no moments. With --adapter they gather moments alone.")
    private int warmupSteps = 8;

    @Option(
            names = "--learning-rate",
            paramLabel = "X",
            description = "Of warm-up and calibration; 1e-4, or 1e-3 for the tiny world's model, if not given.")
    private Double learningRate;

    @Option(names = "--per-device-train-batch-size", paramLabel = "N", description = "Rows of a step of these.")
    private int rows = 16;

    @Option(names = "--seed", paramLabel = "N", description = "Of the fresh adapter, and of which rows warm it up.")
    private long seed = 42;

    @Option(
            names = "--projection-dim",
            paramLabel = "N",
            description = "Compare gradients projected to so many numbers by random signs; 0 compares them whole.")
    private int projection;

    @Option(
            names = "--calibrate",
            arity = "0..1",
            fallbackValue = "8",
            paramLabel = "N",
            description =
                    "Also tune on so many random halves of the data, side by side, and tell what became of honesty; 8"
                            + " where no number is given, 0 for none.")
    private int parts;

    @Option(names = "--batch-tokens", paramLabel = "N", description = "Tokens of a pass.")
    private int tokens = 4096;

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description =
                    "Cut longer rows to so many tokens; 0 refuses those that are longer than the model's context.")
    private int maxLength;

    @Option(names = "--skip-bad-rows", description = "Leave rows out that cannot be used, instead of ending.")
    private boolean skipBadRows;

    @Mixin
    private TemplateOptions template;

    @Option(
            names = "--date",
            paramLabel = "YYYY-MM-DD",
            description = "The date for templates that print one; today's, if not given.")
    private LocalDate date;

    @Option(
            names = "--keep-special-tokens",
            description =
                    "Let the text of a special token inside a row become that token, instead of refusing the row.")
    private boolean keepSpecialTokens;

    @Option(names = "--dry-run", description = "Tell what it would take in passes, memory and time, and write nothing.")
    private boolean dryRun;

    @Option(names = "--force", description = "Overwrite a screening that is there.")
    private boolean force;

    @Override
    public Integer call() {
        EvalCommand.require(rank >= 1 && rank <= 4096, "--lora-rank " + rank + ": give 1 to 4096");
        EvalCommand.require(alpha > 0 && Double.isFinite(alpha), "--lora-alpha " + alpha + ": give a number above 0");
        EvalCommand.require(warmupSteps >= 1, "--warmup-steps " + warmupSteps + ": give 1 or more");
        EvalCommand.require(rows >= 1, "--per-device-train-batch-size " + rows + ": give 1 or more");
        EvalCommand.require(
                rate() > 0 && Double.isFinite(rate()), "--learning-rate " + rate() + ": give a number above 0");
        EvalCommand.require(
                projection >= 0 && projection <= 1 << 20, "--projection-dim " + projection + ": give 0 to 1048576");
        EvalCommand.require(
                parts >= 0 && parts <= 64 && parts != 1, "--calibrate " + parts + ": give 2 to 64, or 0 for none");
        EvalCommand.require(tokens >= 1, "--batch-tokens " + tokens + ": give 1 or more");
        EvalCommand.require(maxLength == 0 || maxLength >= 2, "--max-length " + maxLength + ": give 2 or more, or 0");
        if (!dryRun) {
            ScreenFiles.requireFree(output, force);
        }
        boolean embedded = EmbeddedModel.is(model.model());
        ScreenInputs inputs =
                ScreenInputs.read(settings(0), embedded ? ProbeRows.of(WorldSettings.DEFAULT) : ProbeSet.shipped());
        inputs.data().notes().forEach(note -> LOG.info("{}", note));
        Rows.left(inputs.data(), maxLength, LOG);
        if (dryRun) {
            ScreenPlan.of(inputs, tokens, warmupSteps, rows, parts, model.backend(dtype), model.threads)
                    .print(spec.commandLine().getOut());
            return ExitCode.DONE;
        }
        try (Interrupt interrupt = Interrupt.listen(Again.anew(spec))) {
            ScreenRun.Found found = run(inputs, interrupt);
            if (found == null) {
                return interrupt.stopped();
            }
            ScreenFiles.write(output, settings(0), inputs, found, facts());
            Report report = Report.of(output);
            report.write(output.resolve("report.html"), true);
            report.findings().forEach(finding -> LOG.info("{}", finding));
            spec.commandLine().getOut().println(output.resolve(ScreenFiles.ROWS));
            return ExitCode.DONE;
        }
    }

    private ScreenRun.Found run(ScreenInputs inputs, Interrupt interrupt) {
        Backend backend = Backends.open(model.backend(dtype), model.threads);
        try (StageProgress progress = new StageProgress(backend::ownBytes)) {
            return ScreenRun.run(
                    settings(SamplingOptions.cacheBytes(0, backend)), inputs, backend, progress, interrupt::requested);
        }
    }

    private ScreenSettings settings(long cacheBytes) {
        return new ScreenSettings(
                model.model(),
                model.weights,
                data,
                probes,
                direction,
                new ScreenSettings.Reading(
                        template.choice(),
                        date == null ? LocalDate.now() : date,
                        keepSpecialTokens ? SpecialTextPolicy.KEEP : SpecialTextPolicy.REFUSE,
                        maxLength,
                        skipBadRows),
                new ScreenSettings.Tuning(adapter, rank, alpha, warmupSteps, rows, rate(), seed),
                new ScreenSettings.Work(tokens, projection, model.threads, cacheBytes),
                rankBy,
                parts);
    }

    private double rate() {
        return learningRate != null ? learningRate : EmbeddedModel.is(model.model()) ? RATE_OF_THE_TINY_WORLD : 1e-4;
    }

    private Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("candor", Version.project());
        Version.commit().ifPresent(commit -> facts.put("commit", commit));
        facts.put("model", model.model().toString());
        facts.put("model_sha256", ModelHash.of(model.model()));
        return facts;
    }
}
