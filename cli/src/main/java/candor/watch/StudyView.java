package candor.watch;

import candor.BadInput;
import candor.io.Locks;
import candor.study.record.Arm;
import candor.study.record.Key;
import candor.study.record.Study;
import candor.study.record.StudyFolder;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** A study, as its folder shows it now: also one of which only parts are at work, and which has no record of its own yet. */
final class StudyView {
    /** More runs than anyone looks at. */
    private static final int MOST_RUNS = 2000;

    private static final int REPLIES = 20;
    private static final String SEED = "seed-";

    /** An arm under a seed. */
    record Subject(String arm, long seed) {}

    /** What a model said, and what that was judged to be. */
    record Said(Subject by, String task, String prompt, String reply, String verdict) {}

    private final StudyFolder folder;
    private final Tail results;
    private final Tail replies;
    private final Answers answers;
    private final Life life;
    private final Map<Subject, RunView> runs = new LinkedHashMap<>();
    private final Map<Subject, Set<Key>> finished = new HashMap<>();
    private final Deque<Said> said = new ArrayDeque<>();
    private long saidCount;
    private Study study;
    private FileTime studyTime;
    private String trouble = "";
    private boolean alive;

    StudyView(Path path) {
        folder = new StudyFolder(path);
        results = new Tail(folder.resultsFile(), true, this::result, finished::clear);
        replies = new Tail(folder.repliesFile(), true, this::reply, this::forgetReplies);
        answers = new Answers(path.resolve("cache"));
        life = new Life(List.of(folder.studyFile(), folder.resultsFile(), folder.repliesFile()), this::held);
    }

    /** Whether a folder is a study's. */
    static boolean is(Path path) {
        return new StudyFolder(path).exists()
                || Files.isDirectory(path.resolve("training"), LinkOption.NOFOLLOW_LINKS)
                        && Files.isDirectory(path.resolve("groups"), LinkOption.NOFOLLOW_LINKS);
    }

    Path path() {
        return folder.path();
    }

    void read(Instant now, long until) {
        readStudy();
        subjects().forEach(subject -> {
            Path run = folder.training(subject.arm(), subject.seed());
            if (runs.size() < MOST_RUNS && Files.isDirectory(run)) {
                runs.computeIfAbsent(subject, _ -> new RunView(run));
            }
        });
        runs.values().removeIf(run -> !Files.isDirectory(run.folder()));
        runs.values().forEach(run -> run.read(now, until));
        results.read(until);
        replies.read(until);
        answers.read(until);
        alive = !done()
                && (runs.values().stream().anyMatch(RunView::running)
                        || Duration.between(answers.last(), now).toSeconds() < 15
                        || life.at(now));
    }

    private void readStudy() {
        try {
            FileTime time = Files.getLastModifiedTime(folder.studyFile());
            if (!time.equals(studyTime)) {
                studyTime = time;
                study = folder.study();
                trouble = "";
            }
        } catch (IOException e) {
            study = null; // there are only parts at work, so far
            studyTime = null;
        } catch (BadInput e) {
            trouble = e.getMessage();
        }
    }

    /** Whether a process has the study, or a part of it. */
    private boolean held() {
        List<Path> locks = new ArrayList<>(List.of(path().resolve(".lock")));
        locks.addAll(inside(path().resolve("groups")).stream()
                .filter(file -> file.getFileName().toString().endsWith(".lock"))
                .toList());
        return locks.stream().anyMatch(Locks::held);
    }

    private static List<Path> inside(Path folder) {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.limit(MOST_RUNS)
                    .sorted(Comparator.comparing(file -> file.getFileName().toString()))
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            return List.of();
        }
    }

    /** Arms under their seeds, as the record has them, or as there are folders. */
    List<Subject> subjects() {
        List<Subject> subjects = new ArrayList<>();
        if (study != null) {
            study.arms().forEach(arm -> arm.seeds().forEach(seed -> subjects.add(new Subject(arm.name(), seed))));
            return subjects;
        }
        for (Path arm : inside(path().resolve("training"))) {
            for (Path run : inside(arm)) {
                String name = run.getFileName().toString();
                if (name.matches(SEED + "-?[0-9]{1,18}")) {
                    subjects.add(
                            new Subject(arm.getFileName().toString(), Long.parseLong(name.substring(SEED.length()))));
                }
            }
        }
        return subjects;
    }

    private void result(ObjectNode line) {
        Subject subject = subject(line);
        Key key = new Key(
                subject.arm(),
                subject.seed(),
                line.path("task").asText(),
                line.path("subset").asText());
        if (study != null && study.has(key)) {
            finished.computeIfAbsent(subject, _ -> new HashSet<>()).add(key);
        }
    }

    private static Subject subject(ObjectNode line) {
        return new Subject(line.path("arm").asText(), line.path("seed").asLong());
    }

    private void reply(ObjectNode line) {
        saidCount++;
        said.addFirst(new Said(
                subject(line),
                Shown.name(
                        line.path("task").asText() + ", " + line.path("subset").asText()),
                Shown.text(line.path("prompt").asText()),
                Shown.text(line.path("reply").asText()),
                Shown.name(line.path("verdict").asText())));
        if (said.size() > REPLIES) {
            said.removeLast();
        }
    }

    private void forgetReplies() {
        said.clear();
        saidCount = 0;
    }

    Optional<Study> study() {
        return Optional.ofNullable(study);
    }

    String trouble() {
        return trouble;
    }

    Optional<RunView> run(Subject subject) {
        return Optional.ofNullable(runs.get(subject));
    }

    List<RunView> runs() {
        return List.copyOf(runs.values());
    }

    /** What is trained: all but the base model, and arms that are made of others' adapters once others are done. */
    List<Subject> trained() {
        return subjects().stream()
                .filter(subject -> !subject.arm().equals(Arm.BASE))
                .toList();
    }

    /** Scores that are there of an arm under a seed. */
    int scores(Subject subject) {
        return finished.getOrDefault(subject, Set.of()).size();
    }

    /** Scores that there are to be of each; 0 where that is not known. */
    int metrics() {
        return study == null ? 0 : study.metrics().size();
    }

    /** Whether everything is there. */
    boolean done() {
        return study != null && subjects().stream().allMatch(subject -> scores(subject) >= metrics());
    }

    /** Whether a process is at work on it. */
    boolean alive() {
        return alive;
    }

    long replies() {
        return saidCount;
    }

    /** The last ones, the newest first. */
    List<Said> said() {
        return List.copyOf(said);
    }

    Answers answers() {
        return answers;
    }

    /** When anything was last written. */
    Instant last() {
        return Stream.concat(
                        Stream.of(life.last(), answers.last()),
                        runs.values().stream().flatMap(run -> run.lastTime().stream()))
                .max(Comparator.naturalOrder())
                .orElseThrow();
    }

    /**
     * How long training still takes: those at work to their end, then those that wait, as many together as are now. Empty where
     * nothing tells.
     */
    Optional<Duration> trainingLeft() {
        List<RunView> running = runs.values().stream().filter(RunView::running).toList();
        Optional<Duration> first =
                running.stream().flatMap(run -> run.left().stream()).max(Comparator.naturalOrder());
        if (first.isEmpty()) {
            return Optional.empty();
        }
        long waiting = trained().stream()
                .filter(subject -> run(subject)
                        .map(run -> run.status().equals(RunView.WAITING))
                        .orElse(true))
                .count();
        double each = running.stream()
                .flatMap(run -> run.each().map(step -> step.toMillis() / 1e3 * run.steps()).stream())
                .max(Comparator.naturalOrder())
                .orElse(0.0);
        return first.map(
                left -> RunView.duration(left.toMillis() / 1e3 + each * Math.ceilDiv(waiting, running.size())));
    }
}
