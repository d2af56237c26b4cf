package candor.cli;

import candor.BadInput;
import candor.data.read.Fingerprint;
import candor.evaluate.AnswerCache;
import candor.evaluate.EvaluationFiles;
import candor.evaluate.Evaluator;
import candor.evaluate.Respondent;
import candor.evaluate.Result;
import candor.evaluate.Scores;
import candor.evaluate.Task;
import candor.evaluate.engine.EngineRespondent;
import candor.evaluate.judge.Judge;
import candor.evaluate.stats.Bootstrap;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One evaluation from the options to the files. */
final class EvalRun {
    private static final Logger LOG = LoggerFactory.getLogger(EvalRun.class);

    private EvalRun() {}

    /**
     * Evaluates, writes the files, prints the scores.
     *
     * @param judging null for a task that needs no judge
     */
    static <R extends Task.Row> int run(Task<R> task, EvalOptions options, JudgeOptions judging) {
        task.notes().forEach(note -> LOG.warn("{}: {}", task.name(), note));
        if (judging != null) {
            judging.requireNamed();
        }
        EvaluationFiles.createFolder(options.output());
        AnswerCache cache = AnswerCache.in(options.cache());
        Bootstrap bootstrap = options.bootstrap();
        try (Judge judge = judging == null ? null : judging.open(options, cache);
                Respondent model = EngineRespondent.open(options.engine());
                Interrupt interrupt = Interrupt.listen()) {
            ObjectNode asked = asked(task, options, model, judge);
            requireSame(options, asked);
            EvaluationFiles.write(options.output().resolve(EvaluationFiles.RUN), asked);
            List<Result> results = new Evaluator<>(
                            task,
                            options.limit(),
                            options.seeds(),
                            model,
                            judge,
                            cache,
                            EvalProgress.logging(),
                            interrupt::requested)
                    .run();
            List<Scores.Score> scores = Scores.of(results, task.measures(), bootstrap);
            EvaluationFiles.writeResults(options.output(), results);
            EvaluationFiles.writeScores(
                    options.output(),
                    task,
                    judge == null ? null : judge.settings(),
                    options.answering(),
                    options.seeds(),
                    bootstrap,
                    scores);
            print(scores);
        }
        return ExitCode.DONE;
    }

    /** What identifies an evaluation: its folder never mixes two. */
    private static ObjectNode asked(Task<?> task, EvalOptions options, Respondent model, Judge judge) {
        ObjectNode run = JsonNodeFactory.instance
                .objectNode()
                .put("candor", Version.project())
                .put("task", task.name())
                .put("version", task.version());
        run.set("settings", task.settings());
        run.set("judge", judge == null ? null : judge.settings());
        run.set("answering", options.answering());
        run.put("model", options.model().toString());
        ArrayNode subjects = run.putArray("subjects");
        model.subjects()
                .forEach(subject ->
                        subjects.addObject().put("name", subject.name()).put("fingerprint", subject.fingerprint()));
        ArrayNode data = run.putArray("data");
        for (Path file : options.data()) {
            Fingerprint fingerprint = Fingerprint.of(file);
            data.addObject()
                    .put("file", fingerprint.file())
                    .put("bytes", fingerprint.bytes())
                    .put("sha256", fingerprint.sha256());
        }
        ArrayNode seeds = run.putArray("seeds");
        options.seeds().forEach(seeds::add);
        if (options.limit() < Integer.MAX_VALUE) {
            run.put("limit", options.limit());
        }
        return run;
    }

    private static void requireSame(EvalOptions options, ObjectNode asked) {
        Path file = options.output().resolve(EvaluationFiles.RUN);
        if (options.force() || !Files.exists(file)) {
            return;
        }
        JsonNode before;
        try {
            before = new ObjectMapper().readTree(file.toFile());
        } catch (IOException e) {
            throw new BadInput(
                    file + ": cannot be read (" + e.getMessage() + "); choose another --output, or --force", e);
        }
        // Compared as texts of the same mapper: a number read back may be of another Java type.
        if (!before.toString().equals(asked.toString())) {
            throw new BadInput(options.output() + ": holds another evaluation (" + EvaluationFiles.RUN
                    + " differs); choose another --output, or --force to write over it");
        }
    }

    private static void print(List<Scores.Score> scores) {
        String row = "%-20s %-28s %-24s %9s %7s %9s  %s%n";
        System.out.printf(Locale.ROOT, row, "subject", "subset", "measure", "value", "n", "std.err.", "95 % interval");
        for (Scores.Score score : scores) {
            var estimate = score.estimate();
            System.out.printf(
                    Locale.ROOT,
                    row,
                    score.subject(),
                    score.subset(),
                    score.measure().name(),
                    number(estimate.value()),
                    estimate.n(),
                    number(estimate.standardError()),
                    number(estimate.interval().low()) + " to "
                            + number(estimate.interval().high()));
        }
    }

    static String number(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.2f", value);
    }
}
