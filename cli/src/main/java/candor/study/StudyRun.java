package candor.study;

import candor.BadInput;
import candor.evaluate.ask.Stopped;
import candor.evaluate.engine.ModelHash;
import candor.evaluate.judge.JudgeSettings;
import candor.io.HubSnapshot;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.ops.Room;
import candor.study.record.Metric;
import candor.study.record.ModelInfo;
import candor.study.record.Score;
import candor.study.record.Study;
import candor.study.record.StudyFolder;
import candor.study.record.StudyWriter;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * A study from its settings to its results: data, training by groups, evaluation, records. Every stage keeps what it did, so
 * that the same study started again, after a stop or a kill anywhere, goes on and ends with the same results.
 */
public final class StudyRun {
    /** How a start of a study ended. */
    public enum Ended {
        DONE,
        INTERRUPTED,
        /** Everything is done, but the judge failed on too many rows somewhere: {@link StudyRun#judgeFailures} says where. */
        JUDGE_FAILED
    }

    /**
     * Around a study.
     *
     * @param facts what records shall say of the program; "candor" is its version
     * @param command that repeats the study
     * @param memory that there is for this process, by backend
     * @param helpers other processes, which share in what takes long
     */
    public record Surroundings(
            Map<String, String> facts,
            List<String> command,
            Function<BackendDescriptor, Room> memory,
            StudyProgress progress,
            Helpers helpers,
            BooleanSupplier stop) {}

    private final StudyConfig config;
    private final Protocol protocol;
    private final List<Treatment> treatments;
    private final List<TrainGroup> groups;
    private final List<StudyTask<?>> tasks;
    private final Surroundings around;

    /**
     * A study, nothing done yet but that its benchmarks are read.
     *
     * @throws BadInput for settings and files that the user can mend
     */
    public StudyRun(StudyConfig config, Protocol protocol, Surroundings around) {
        this.config = config;
        this.protocol = protocol;
        this.around = around;
        treatments = List.copyOf(protocol.treatments());
        groups = TrainGroup.of(config, treatments);
        tasks = EvaluationPlan.tasks(config.model(), config.section(StudyConfig.EVALUATE));
        tasks.stream()
                .filter(StudyTask::judged)
                .forEach(task ->
                        JudgeSection.kind(JudgeSection.of(config, task.task().name())));
    }

    /** The runs, by what a process can train alone. */
    public List<TrainGroup> groups() {
        return groups;
    }

    public List<Treatment> treatments() {
        return treatments;
    }

    /** What is reported. */
    public List<Metric> metrics() {
        return tasks.stream().flatMap(task -> task.metrics().stream()).toList();
    }

    /** Everything that is not done yet. */
    public Ended run() {
        requireBackend();
        try (StudyWriter writer = StudyWriter.open(config.output(), record(), this::tooOften)) {
            evaluations().probeJudge(Evaluations.subjects(config, treatments), writer);
            prepare();
            for (TrainGroup group : groups) {
                try (GroupPlace _ = place(group)) {
                    train(group);
                }
            }
            around.progress().stage("evaluation");
            evaluations().finish(Evaluations.subjects(config, treatments), writer);
            return judgeFailures().isEmpty() ? Ended.DONE : Ended.JUDGE_FAILED;
        } catch (Stopped stopped) {
            return Ended.INTERRUPTED;
        }
    }

    private boolean tooOften(Score score) {
        String task = score.key().task().replace(Metric.GIVEN_BELIEF, "");
        return score.judgeFailed() > JudgeSection.of(config, task).get(JudgeSettings.MAX_FAILURES);
    }

    /** The parts that the judge failed on more rows of than {@code judge.max_failures} allows, as far as they are written. */
    public List<String> judgeFailures() {
        StudyFolder folder = new StudyFolder(config.output());
        return folder.scores(folder.study()).stream()
                .filter(this::tooOften)
                // A score over the rows with a belief has the same rows judged.
                .filter(score -> !score.key().task().endsWith(Metric.GIVEN_BELIEF))
                .map(score -> String.format(
                        Locale.ROOT,
                        "%s: the judge failed on %.1f %% of the rows",
                        score.key(),
                        100 * score.judgeFailed()))
                .toList();
    }

    /**
     * A part that a process does alone, beside others that do other parts: trains a group and lets it answer, so that
     * {@link #run} afterwards finds everything there. The first group has the base model with it. A group that is
     * finished ends at once; one that another process is at is waited for.
     *
     * @param number of the group, from 1
     */
    public Ended runGroup(int number) {
        if (number < 1 || number > groups.size()) {
            throw new BadInput("--only-group " + number + ": the study has the groups 1 to " + groups.size());
        }
        TrainGroup group = groups.get(number - 1);
        String settings = settings(group);
        try (GroupPlace place = place(group)) {
            if (GroupPlace.isDone(config.output(), group, settings)) {
                return Ended.DONE;
            }
            prepare();
            train(group);
            around.progress().stage("answers");
            evaluations()
                    .answer(Evaluations.subjects(config, treatments).stream()
                            .filter(subject -> subject.run() == null
                                    ? number == 1
                                    : group.runs().contains(subject.run()))
                            .toList());
            place.finish(settings);
            return Ended.DONE;
        } catch (Stopped stopped) {
            return Ended.INTERRUPTED;
        }
    }

    /** Data alone; what groups that run beside one another must find there. */
    public Ended prepareOnly() {
        try {
            prepare();
            return Ended.DONE;
        } catch (Stopped stopped) {
            return Ended.INTERRUPTED;
        }
    }

    /** What it would take; a protocol writes the data for that to the study's folder, which should be a passing one. */
    public StudyPlan plan() {
        protocol.sketch(workplace(new StudyFolder(config.output()).data()));
        return StudyPlan.of(config, treatments, groups, tasks, around.memory().apply(config.backend()));
    }

    private void prepare() {
        around.progress().stage("data");
        protocol.prepare(workplace(new StudyFolder(config.output()).data()));
    }

    private Workplace workplace(Path data) {
        return new Workplace(config, data, around.progress(), around.helpers(), around.stop());
    }

    /** The numbers of the groups that {@link #runGroup} has not finished under these settings. */
    public List<Integer> unfinishedGroups() {
        return groups.stream()
                .filter(group -> !GroupPlace.isDone(config.output(), group, settings(group)))
                .map(TrainGroup::number)
                .toList();
    }

    /** What a group's results follow from, as its mark has it; the model is compared when the results are collected. */
    private String settings(TrainGroup group) {
        ObjectNode settings = StudyRecords.identity(config, tasks);
        ArrayNode runs = settings.putArray("runs");
        group.runs().forEach(run -> runs.add(run.arm() + " seed " + run.seed()));
        return settings + "\n";
    }

    private GroupPlace place(TrainGroup group) {
        return GroupPlace.take(workplace(new StudyFolder(config.output()).data()), group);
    }

    private void train(TrainGroup group) {
        around.progress().stage("training");
        tellTrained(group);
        new Training(config, around).train(group, groups.size(), around.memory());
        if (around.stop().getAsBoolean()) {
            throw new Stopped();
        }
    }

    /** Groups go one after another, in the order of arms. */
    private void tellTrained(TrainGroup next) {
        List<TrainRun> runs =
                groups.stream().flatMap(group -> group.runs().stream()).toList();
        List<TrainRun> behind = groups.subList(0, next.number() - 1).stream()
                .flatMap(group -> group.runs().stream())
                .toList();
        List<TrainRun> left = runs.subList(behind.size(), runs.size());
        long arms = runs.stream().map(TrainRun::arm).distinct().count();
        long unfinished = left.stream().map(TrainRun::arm).distinct().count();
        around.progress().trained((int) (arms - unfinished), (int) arms, behind.size(), runs.size());
    }

    private Evaluations evaluations() {
        return new Evaluations(config, tasks, around.progress(), around.helpers(), around.stop());
    }

    /**
     * A new study records its backend and is held to it from then on: one that this machine lacks must not get that far.
     * Where the groups' processes have done everything, collecting needs none.
     */
    private void requireBackend() {
        if (Files.notExists(new StudyFolder(config.output()).studyFile())
                && !unfinishedGroups().isEmpty()) {
            Backends.open(config.backend(), config.threads()).close();
        }
    }

    /** What stands in study.json. */
    private Study record() {
        ObjectNode settings = StudyRecords.identity(config, tasks);
        ObjectNode judge = (ObjectNode) settings.remove(StudyConfig.JUDGE);
        return new Study(
                config.kind(),
                config.name(),
                around.facts().getOrDefault("candor", "unknown"),
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                new ModelInfo(
                        HubSnapshot.of(config.model())
                                .map(HubSnapshot::repository)
                                .orElseGet(() -> String.valueOf(config.model()
                                        .toAbsolutePath()
                                        .normalize()
                                        .getFileName())),
                        config.model().toString(),
                        ModelHash.of(config.model())),
                judge == null ? settings.objectNode() : judge,
                settings,
                treatments.stream().map(Treatment::arm).toList(),
                metrics(),
                around.command());
    }
}
