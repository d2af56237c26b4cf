package candor.study;

import candor.evaluate.Evaluator;
import candor.evaluate.Result;
import candor.evaluate.Task;
import candor.evaluate.ask.AnswerCache;
import candor.evaluate.ask.Respondent;
import candor.evaluate.engine.EngineRespondent.NamedAdapter;
import candor.evaluate.judge.Judge;
import candor.lora.AdapterFolder;
import candor.probe.Steering;
import candor.study.record.Key;
import candor.study.record.StudyWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * The stage of evaluation: all adapters of a study, and the base model, answer every benchmark in batched generation;
 * the adapter of seed s draws its replies with seed s.
 */
final class Evaluations {
    private final StudyConfig config;
    private final List<StudyTask<?>> tasks;
    private final StudyProgress progress;
    private final Helpers helpers;
    private final BooleanSupplier stop;

    Evaluations(
            StudyConfig config,
            List<StudyTask<?>> tasks,
            StudyProgress progress,
            Helpers helpers,
            BooleanSupplier stop) {
        this.config = config;
        this.tasks = tasks;
        this.progress = progress;
        this.helpers = helpers;
        this.stop = stop;
    }

    /**
     * Who is evaluated: an arm under a seed.
     *
     * @param run     whose adapter it is, or is made of; null for the base model
     * @param steered how it is made of that, or null
     */
    record Subject(String arm, long seed, TrainRun run, Treatment.Steered steered) {
        /** How the model is steered while it answers as this one, or null. */
        Steering steering() {
            return steered == null || steered.folded() ? null : steered.steering();
        }
    }

    /** The subjects of treatments, in their order. */
    static List<Subject> subjects(StudyConfig config, List<Treatment> treatments) {
        List<Subject> subjects = new ArrayList<>();
        for (Treatment treatment : treatments) {
            for (long seed : treatment.arm().seeds()) {
                String arm = treatment.arm().name();
                Treatment.Steered steered = treatment.steered().orElse(null);
                Treatment trained = steered == null ? treatment : named(steered.from(), treatments);
                TrainRun run = trained.training().isEmpty()
                        ? null
                        : new TrainRun(
                                trained, seed, config.runFolder(trained.arm().name(), seed));
                subjects.add(new Subject(arm, seed, run, steered));
            }
        }
        return subjects;
    }

    private static Treatment named(String arm, List<Treatment> treatments) {
        return treatments.stream()
                .filter(each -> each.arm().name().equals(arm))
                .findFirst()
                .orElseThrow();
    }

    /** Answers and judgements of these subjects go to the cache, and nowhere else: another process makes the results. */
    void answer(List<Subject> subjects) {
        run(subjects, null);
    }

    /** Evaluates whatever the writer has not finished, and finishes it. */
    void finish(List<Subject> subjects, StudyWriter writer) {
        run(subjects, writer);
    }

    /**
     * Looks whether the judge can be had, where something is left for it: before training, not behind it.
     *
     * @param writer null where it is not known what is finished
     */
    void probeJudge(List<Subject> subjects, StudyWriter writer) {
        tasks.stream()
                .filter(task -> task.judged()
                        && (writer == null
                                || !unfinished(task, subjects, writer).isEmpty()))
                .map(task -> JudgeSection.of(config, task.task().name()))
                .forEach(JudgeSection::probe);
    }

    private void run(List<Subject> subjects, StudyWriter writer) {
        AnswerCache cache = AnswerCache.in(config.cache());
        int most = config.section(StudyConfig.EVALUATE)
                .get(EvaluationPlan.ADAPTERS_AT_ONCE)
                .intValue();
        try (Judges judges = new Judges(config, cache, helpers)) {
            Map<List<Subject>, List<StudyTask<?>>> open = new LinkedHashMap<>();
            for (List<Subject> part : parts(subjects, most)) {
                List<StudyTask<?>> left = tasks.stream()
                        .filter(task -> writer == null
                                || !unfinished(task, part, writer).isEmpty())
                        .toList();
                if (!left.isEmpty()) {
                    open.put(part, left);
                }
            }
            int all = open.values().stream().mapToInt(List::size).sum();
            int done = 0;
            for (Map.Entry<List<Subject>, List<StudyTask<?>>> part : open.entrySet()) {
                try (Opened opened = open(part.getKey())) {
                    for (StudyTask<?> task : part.getValue()) {
                        progress.evaluated(done, all);
                        evaluate(task, part.getKey(), opened, judges.of(task), cache, writer);
                        done++;
                    }
                }
            }
        }
    }

    /** Subjects that are steered alike together, at most so many adapters in each part; 0 for all in one. */
    private static List<List<Subject>> parts(List<Subject> subjects, int most) {
        Map<Optional<Steering>, List<Subject>> alike = new LinkedHashMap<>();
        for (Subject subject : subjects) {
            alike.computeIfAbsent(Optional.ofNullable(subject.steering()), _ -> new ArrayList<>())
                    .add(subject);
        }
        return alike.values().stream().flatMap(each -> cut(each, most).stream()).toList();
    }

    private static List<List<Subject>> cut(List<Subject> subjects, int most) {
        List<List<Subject>> parts = new ArrayList<>();
        List<Subject> part = new ArrayList<>();
        int adapters = 0;
        for (Subject subject : subjects) {
            if (subject.run() != null && most > 0 && adapters == most) {
                parts.add(part);
                part = new ArrayList<>();
                adapters = 0;
            }
            part.add(subject);
            adapters += subject.run() == null ? 0 : 1;
        }
        parts.add(part);
        return parts;
    }

    private static List<Key> unfinished(StudyTask<?> task, List<Subject> subjects, StudyWriter writer) {
        return subjects.stream()
                .flatMap(subject -> task.metrics().stream()
                        .map(metric -> new Key(subject.arm(), subject.seed(), metric.task(), metric.subset())))
                .filter(key -> !writer.isFinished(key))
                .toList();
    }

    /** A model with the adapters of a part, and which of its subjects each is. */
    private record Opened(Respondent model, List<Evaluator.Pass> passes) implements AutoCloseable {
        @Override
        public void close() {
            model.close();
        }
    }

    private Opened open(List<Subject> subjects) {
        boolean base = subjects.stream().anyMatch(subject -> subject.run() == null);
        List<NamedAdapter> adapters = new ArrayList<>();
        List<Evaluator.Pass> passes = new ArrayList<>();
        for (Subject subject : subjects) {
            int place = 0;
            if (subject.run() != null) {
                place = adapters.size() + (base ? 1 : 0);
                adapters.add(new NamedAdapter(subject.arm(), adapter(subject)));
            }
            passes.add(new Evaluator.Pass(subject.seed(), place, subject.arm()));
        }
        return new Opened(
                helpers.open(config.engine(config.model(), config.template(), config.decoding(), adapters, base, false)
                        .steered(subjects.getFirst().steering())),
                passes);
    }

    /** The adapter that a subject answers with; one with a direction in it is made where it is not there. */
    private Path adapter(Subject subject) {
        Path trained = subject.run().adapter();
        if (subject.steered() == null || !subject.steered().folded()) {
            return trained;
        }
        Path folded = config.runFolder(subject.arm(), subject.seed()).resolve("adapter");
        if (!AdapterFolder.isAdapter(folded)) {
            FoldedSteering.write(config.model(), trained, subject.steered().steering(), folded);
        }
        return folded;
    }

    private <R extends Task.Row> void evaluate(
            StudyTask<R> task,
            List<Subject> subjects,
            Opened opened,
            Judge judge,
            AnswerCache cache,
            StudyWriter writer) {
        String name = task.task().name();
        List<Result> results = new Evaluator<>(
                        task.task(),
                        task.rows(),
                        opened.passes(),
                        opened.model(),
                        judge,
                        cache,
                        new Evaluator.Progress() {
                            @Override
                            public void at(String stage, int done, int of) {
                                // Scoring takes no time worth telling.
                                if (!stage.equals("scoring")) {
                                    progress.device(opened.model()::deviceBytes);
                                    progress.at(name + ", " + stage, done, of);
                                }
                            }

                            @Override
                            public void said(int tokens) {
                                progress.said(tokens);
                            }
                        },
                        stop)
                .run();
        if (writer == null) {
            return;
        }
        StudyResults made = new StudyResults(task, config);
        int rows = task.rows().size();
        for (int s = 0; s < subjects.size(); s++) {
            made.finish(subjects.get(s), results.subList(s * rows, (s + 1) * rows), writer);
        }
    }
}
