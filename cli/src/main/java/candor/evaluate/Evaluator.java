package candor.evaluate;

import candor.BadInput;
import candor.evaluate.ask.Answer;
import candor.evaluate.ask.AnswerCache;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Respondent;
import candor.evaluate.ask.Stopped;
import candor.evaluate.ask.Subject;
import candor.evaluate.judge.Judge;
import candor.evaluate.judge.Judgement;
import candor.evaluate.judge.Judgements;
import candor.evaluate.judge.Question;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Runs a task: the model answers, the judge judges, rows come to their outcomes. Answers are kept as they come, so that
 * {@link #run} a second time, or after a stop, asks only what is missing.
 *
 * @param <R> the task's rows
 */
public final class Evaluator<R extends Task.Row> {
    /** Told how far it is. */
    public interface Progress {
        void at(String stage, int done, int of);

        /** The model has said so many tokens. */
        default void said(int tokens) {}
    }

    private final Task<R> task;
    private final List<R> rows;
    private final List<Pass> passes;
    private final CachedModel model;
    private final Judge judge;
    private final Progress progress;
    private final Judge.Watch watch;

    /**
     * Every row once.
     *
     * @param subject one of {@link Respondent#subjects}
     * @param name what its results are called
     */
    public record Pass(long seed, int subject, String name) {}

    /**
     * An evaluation of every subject under every seed.
     *
     * @param limit at most so many rows of each subset, the first of the data; 0 for all
     * @param seeds each evaluates every row once
     * @param stop asked after every answer; once it is true the run ends with what it has kept
     */
    public Evaluator(
            Task<R> task,
            int limit,
            List<Long> seeds,
            Respondent model,
            Judge judge,
            AnswerCache cache,
            Progress progress,
            BooleanSupplier stop) {
        this(
                task,
                Limit.firstOfEach(task.rows(), limit),
                passes(seeds, model.subjects()),
                model,
                judge,
                cache,
                progress,
                stop);
        requireSeedsToMatter(seeds);
    }

    /**
     * An evaluation of the passes that are named, in their order: adapters that were each trained with a seed of their own, say.
     *
     * @param rows of the task
     */
    public Evaluator(
            Task<R> task,
            List<R> rows,
            List<Pass> passes,
            Respondent model,
            Judge judge,
            AnswerCache cache,
            Progress progress,
            BooleanSupplier stop) {
        this.task = task;
        this.rows = List.copyOf(rows);
        this.passes = List.copyOf(passes);
        this.judge = judge;
        this.progress = progress;
        this.watch = new Judge.Watch() {
            @Override
            public void judged(int done, int of) {
                progress.at("judging", done, of);
            }

            @Override
            public boolean stopped() {
                return stop.getAsBoolean();
            }
        };
        this.model = new CachedModel(model, cache, progress, stop, task.shorter());
    }

    private static List<Pass> passes(List<Long> seeds, List<Subject> subjects) {
        List<Pass> passes = new ArrayList<>();
        for (long seed : seeds) {
            for (int subject = 0; subject < subjects.size(); subject++) {
                passes.add(new Pass(seed, subject, subjects.get(subject).name()));
            }
        }
        return passes;
    }

    private void requireSeedsToMatter(List<Long> seeds) {
        boolean drawn = rows.stream()
                .flatMap(row -> task.asks(row).stream())
                .anyMatch(ask -> ask instanceof Ask.Generate generate
                        && generate.sampling().temperature() > 0);
        if (seeds.size() > 1 && !drawn) {
            throw new BadInput(
                    seeds.size()
                            + " seeds are given, but nothing is drawn at temperature 0: every one would give the same",
                    "name one {seed}, or set a {temperature}");
        }
    }

    private record Unit<R>(Pass pass, R row) {}

    /** Evaluates everything; the results stand in the order of passes (seeds, then subjects) and rows. */
    public List<Result> run() {
        List<Unit<R>> units = new ArrayList<>();
        for (Pass pass : passes) {
            for (R row : rows) {
                units.add(new Unit<>(pass, row));
            }
        }
        List<List<Ask>> asks = new ArrayList<>();
        List<Respondent.Request> requests = new ArrayList<>();
        for (Unit<R> unit : units) {
            List<Ask> ofUnit = task.asks(unit.row()).stream()
                    .map(ask -> Seeds.apply(ask, unit.pass().seed(), unit.row().id()))
                    .toList();
            asks.add(ofUnit);
            ofUnit.forEach(ask -> requests.add(
                    new Respondent.Request(unit.pass().subject(), unit.row().id(), ask)));
        }
        List<Answer> given = model.answer(requests);
        model.rest();

        List<Answers> answers = new ArrayList<>();
        List<List<Question>> questions = new ArrayList<>();
        int next = 0;
        for (int u = 0; u < units.size(); u++) {
            Map<String, Answer> byKey = new LinkedHashMap<>();
            for (Ask ask : asks.get(u)) {
                byKey.put(ask.key(), given.get(next++));
            }
            answers.add(new Answers(byKey));
            questions.add(task.questions(units.get(u).row(), answers.get(u)));
        }
        List<Judgements> judgements = judge(questions);

        List<Result> results = new ArrayList<>();
        for (int u = 0; u < units.size(); u++) {
            if (watch.stopped()) {
                throw new Stopped(); // an outcome may run a program for seconds
            }
            Unit<R> unit = units.get(u);
            Outcome outcome = task.outcome(unit.row(), answers.get(u), judgements.get(u));
            results.add(new Result(
                    unit.pass().seed(),
                    unit.pass().name(),
                    unit.row().id(),
                    unit.row().subset(),
                    unit.row().data().hash(),
                    asks.get(u),
                    answers.get(u),
                    questions.get(u),
                    judgements.get(u),
                    outcome));
            progress.at("scoring", u + 1, units.size());
        }
        return results;
    }

    private List<Judgements> judge(List<List<Question>> questions) {
        List<Question> all = questions.stream().flatMap(List::stream).toList();
        List<Judgement> given = all.isEmpty() ? List.of() : judge.judge(all, watch);
        List<Judgements> judgements = new ArrayList<>();
        int next = 0;
        for (List<Question> ofUnit : questions) {
            Map<String, Judgement> byKey = new LinkedHashMap<>();
            for (Question question : ofUnit) {
                byKey.put(question.key(), given.get(next++));
            }
            judgements.add(new Judgements(byKey));
        }
        return judgements;
    }
}
