package candor.cli;

import candor.BadInput;
import candor.comm.Communicator;
import candor.comm.SharedWork;
import candor.data.read.Fingerprint;
import candor.evaluate.Closing;
import candor.evaluate.ContextFull;
import candor.evaluate.Evaluated;
import candor.evaluate.EvaluationFiles;
import candor.evaluate.Evaluator;
import candor.evaluate.Guessed;
import candor.evaluate.JudgeFailures;
import candor.evaluate.Result;
import candor.evaluate.Scores;
import candor.evaluate.Task;
import candor.evaluate.ask.AnswerCache;
import candor.evaluate.ask.Respondent;
import candor.evaluate.ask.Stopped;
import candor.evaluate.engine.DividedRespondent;
import candor.evaluate.engine.EngineRespondent;
import candor.evaluate.inspect.InspectLog;
import candor.evaluate.judge.Judge;
import candor.io.HubSnapshot;
import candor.io.Journal;
import candor.io.JsonRecord;
import candor.stats.Interval;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One evaluation from the options to the files. */
final class EvalRun {
    private static final Logger LOG = LoggerFactory.getLogger(EvalRun.class);

    private EvalRun() {}

    /**
     * Evaluates, writes the files, prints the scores. Several processes share what the model does; the first does all else.
     *
     * @param shown   the key of the reply that people are shown first
     * @param judging null for a task that needs no judge
     */
    static <R extends Task.Row> int run(Task<R> task, String shown, EvalOptions options, JudgeOptions judging) {
        Communicator comm = Processes.joined();
        EngineRespondent.Settings settings = options.engine();
        EngineRespondent.Settings engine = settings.on(SharedWork.threads(comm, settings.threads()));
        if (!comm.leads()) {
            return help(task, options, engine, comm);
        }
        task.notes().forEach(note -> LOG.warn("{}: {}", task.name(), note));
        if (judging != null) {
            judging.requireNamed();
        }
        EvaluationFiles.createFolder(options.output());
        AnswerCache cache = AnswerCache.in(options.cache());
        try (Interrupt interrupt = Interrupt.listen(options.goOn());
                Judge judge = judging == null ? null : judging.open(options, cache, task.judgeTokens());
                Respondent model = new DividedRespondent(
                        comm, EngineRespondent.open(engine), SharedWork.ROUND * engine.sequences());
                EvalProgress progress = new EvalProgress(task.name(), model::deviceBytes)) {
            agree(comm, task, options, model);
            ObjectNode asked = asked(task, options, model, judge);
            requireSame(options, asked);
            EvaluationFiles.write(options.output().resolve(EvaluationFiles.RUN), asked);
            List<Result> results;
            try {
                results = new Evaluator<>(
                                task,
                                options.limit(),
                                options.seeds(),
                                model,
                                judge,
                                cache,
                                progress,
                                interrupt::requested)
                        .run();
            } catch (Stopped stopped) {
                model.rest(); // those that help wait for more
                return interrupt.stopped();
            }
            List<Scores.Score> scores = Scores.of(results, task.measures());
            List<JudgeFailures> failures = JudgeFailures.of(results);
            String base = options.base() ? model.subjects().getFirst().name() : null;
            Optional<String> guessed = Guessed.note(task, base, scores);
            double bound = judging == null ? JudgeFailures.DEFAULT_BOUND : judging.maxFailures();
            List<String> notes = notes(results, failures);
            EvaluationFiles.writeResults(options.output(), results);
            EvaluationFiles.writeScores(
                    options.output(),
                    task,
                    judge == null ? null : judge.settings(),
                    options.answering(),
                    options.seeds(),
                    base,
                    scores,
                    failures,
                    bound,
                    Stream.of(task.notes(), guessed.stream().toList(), notes)
                            .flatMap(List::stream)
                            .toList());
            options.inspectLog().ifPresent(log -> {
                InspectLog.Evaluation<R> evaluation =
                        new InspectLog.Evaluation<>(task, shown, asked, results, scores, aboveBound(failures, bound));
                InspectLog.write(log, evaluation, Instant.now()).forEach(file -> LOG.info("{}", file));
            });
            if (options.json()) {
                System.out.println(JsonOut.text(JsonRecord.read(options.output().resolve(EvaluationFiles.SCORES))
                        .orElseThrow()));
            } else {
                print(scores);
                guessed.ifPresent(System.out::println);
                Closing.of(Closing.comparisons(Evaluated.read(options.output()), options.bootstrap()))
                        .forEach(System.out::println);
            }
            notes.forEach(note -> LOG.warn("{}: {}", task.name(), note));
            return judged(failures, bound, options);
        }
    }

    /** Answers a share of what the first process asks. */
    private static int help(Task<?> task, EvalOptions options, EngineRespondent.Settings engine, Communicator comm) {
        try (Interrupt interrupt = Interrupt.listen(options.goOn());
                Respondent model = EngineRespondent.open(engine)) {
            agree(comm, task, options, model);
            DividedRespondent.help(comm, model, interrupt::requested);
            return interrupt.requested() ? interrupt.stopped() : ExitCode.DONE;
        }
    }

    /** All processes are to ask the same of the same model, on processors that compute the same. */
    private static void agree(Communicator comm, Task<?> task, EvalOptions options, Respondent model) {
        SharedWork.agree(comm, model.arithmetic() + "; " + asked(task, options, model, null));
    }

    /** What a reader of the scores is to know. */
    private static List<String> notes(List<Result> results, List<JudgeFailures> failures) {
        List<String> notes = new ArrayList<>();
        failures.stream()
                .filter(each -> each.share() > JudgeFailures.WORTH_A_WARNING)
                .forEach(each -> notes.add(each.sentence(JudgeFailures.example(results, each.subject()))));
        ContextFull.note(results).ifPresent(notes::add);
        return notes;
    }

    /** An evaluation whose judge failed too often has failed, though what came of it is written. */
    private static int judged(List<JudgeFailures> failures, double bound, EvalOptions options) {
        Optional<String> above = aboveBound(failures, bound);
        above.ifPresent(sentence -> options.err()
                .println("error: " + sentence + "; that is above --max-judge-failures " + bound
                        + ": what was judged is in " + options.output()));
        return above.isEmpty() ? ExitCode.DONE : ExitCode.FAILED;
    }

    /** The first failure above the bound, in a sentence. */
    private static Optional<String> aboveBound(List<JudgeFailures> failures, double bound) {
        return failures.stream()
                .filter(each -> each.share() > bound)
                .findFirst()
                .map(each -> each.sentence(""));
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
        HubSnapshot.of(options.model())
                .ifPresent(hub -> run.put("repository", hub.repository()).put("commit", hub.commit()));
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
        if (options.limit() > 0) {
            run.put("limit", options.limit());
        }
        return run;
    }

    private static void requireSame(EvalOptions options, ObjectNode asked) {
        Path file = options.output().resolve(EvaluationFiles.RUN);
        if (options.force()) {
            return;
        }
        Optional<ObjectNode> before;
        try {
            before = JsonRecord.read(file);
        } catch (BadInput e) {
            throw e.butDo("choose another {output}, or overwrite it with {force}");
        }
        before.flatMap(then -> Journal.difference(then, asked)).ifPresent(difference -> {
            throw new BadInput(
                    options.output() + ": holds another evaluation (" + EvaluationFiles.RUN + ": " + difference + ")",
                    "choose another {output}, or overwrite it with {force}");
        });
    }

    /** Prints scores as a table. */
    static void print(List<Scores.Score> scores) {
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
                    interval(estimate.interval()));
        }
    }

    static String interval(Interval interval) {
        return interval.known() ? number(interval.low()) + " to " + number(interval.high()) : number(Double.NaN);
    }

    static String number(double value) {
        return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.2f", value);
    }
}
