package candor.watch;

import candor.BadInput;
import candor.evaluate.EvaluationFiles;
import candor.io.JsonRecord;
import candor.report.html.Element;
import candor.train.log.StepLog;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What is at work in a folder: a run, an evaluation, a study, or several of them in it and in the folders in it. It need not be
 * there yet.
 */
public final class Board {
    /** However many look on, the files are read this often. */
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(900);

    /** A look reads no longer than this: what is left of a very long file comes with the next ones. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(600);

    private static final int DEPTH = 3;
    private static final int MOST_FOLDERS = 3000;
    private static final int MOST_VIEWS = 40;

    private final Path folder;
    private final InstantSource clock;
    private final Map<Path, RunView> runs = new LinkedHashMap<>();
    private final Map<Path, StudyView> studies = new LinkedHashMap<>();
    private final Map<Path, EvaluationView> evaluations = new LinkedHashMap<>();
    private int visited;
    private long looked;
    private List<Part> parts;

    /** @param folder that may not be there yet */
    public Board(Path folder) {
        this(folder, InstantSource.system());
    }

    /** By a clock of one's own. */
    Board(Path folder, InstantSource clock) {
        this.folder = folder;
        this.clock = clock;
    }

    /** The parts of the page as things are now. */
    synchronized List<Part> parts() {
        long now = System.nanoTime();
        if (parts == null || now - looked >= PAUSE_NANOS) {
            parts = look();
            looked = System.nanoTime();
        }
        return parts;
    }

    String title() {
        Path given = folder.normalize();
        return Shown.name(given.toString().isEmpty() ? name(folder) : given.toString());
    }

    /** Looks now, however short ago that was done. */
    synchronized List<Part> look() {
        Instant now = clock.instant();
        long until = System.nanoTime() + LOOK_NANOS;
        visited = 0;
        studies.keySet().removeIf(path -> !StudyView.is(path));
        runs.keySet().removeIf(path -> !Files.isDirectory(path));
        evaluations.keySet().removeIf(path -> !Files.isDirectory(path));
        find(folder, 0);
        studies.values().forEach(study -> study.read(now, until));
        runs.values().forEach(run -> run.read(now, until));
        evaluations.values().forEach(evaluation -> evaluation.read(until));
        List<Part> made = new ArrayList<>();
        for (boolean alive : new boolean[] {true, false}) {
            studies.forEach((path, study) -> {
                if (study.alive() == alive) {
                    made.addAll(StudyParts.of(study, name(path), now));
                }
            });
            runs.forEach((path, run) -> {
                if (run.running() == alive) {
                    made.addAll(RunParts.of(run, name(path), now));
                }
            });
        }
        evaluations.forEach((path, evaluation) -> made.add(evaluation(evaluation, name(path), now)));
        if (made.isEmpty()) {
            made.add(Part.of("nothing", nothing()));
        } else if (visited > MOST_FOLDERS || views() >= MOST_VIEWS) {
            made.add(Part.of(
                    "more",
                    Element.of(
                            "p", "There is more in this folder than goes on a page; watch one of the folders in it.")));
        }
        return List.copyOf(made);
    }

    private int views() {
        return runs.size() + studies.size() + evaluations.size();
    }

    private Element nothing() {
        return Element.of(
                "p",
                Files.isDirectory(folder)
                        ? "No run, evaluation or study has begun in this folder. The page shows it when one does."
                        : Files.exists(folder)
                                ? "This is a file, expected a folder."
                                : "There is no such folder yet. The page shows what is in it when there is.");
    }

    /** Finds what is new; links to folders are not followed. */
    private void find(Path path, int depth) {
        if (++visited > MOST_FOLDERS
                || views() >= MOST_VIEWS
                || runs.containsKey(path)
                || studies.containsKey(path)
                || evaluations.containsKey(path)) {
            return;
        }
        if (StudyView.is(path)) {
            studies.put(path, new StudyView(path));
            return;
        }
        Optional<ObjectNode> record = record(path);
        if (record.filter(each -> each.has("task")).isPresent()
                || Files.isRegularFile(path.resolve(EvaluationFiles.SCORES))) {
            evaluations.put(path, new EvaluationView(path));
            return;
        }
        if (record.filter(each -> each.has("config")).isPresent() || Files.isRegularFile(path.resolve(StepLog.FILE))) {
            runs.put(path, new RunView(path));
            return;
        }
        if (depth < DEPTH) {
            for (Path inside : folders(path)) {
                find(inside, depth + 1);
            }
        }
    }

    private static Optional<ObjectNode> record(Path path) {
        try {
            return JsonRecord.read(path.resolve(RunView.RECORD));
        } catch (BadInput e) {
            return Optional.empty(); // somebody else's
        }
    }

    private static List<Path> folders(Path path) {
        if (!Files.isDirectory(path)) {
            return List.of();
        }
        try (Stream<Path> inside = Files.list(path)) {
            return inside.filter(each -> Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS))
                    .limit(MOST_FOLDERS)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    /** The path below the folder that is watched, or the name of that. */
    private String name(Path path) {
        String below = folder.relativize(path).toString();
        Path last = folder.toAbsolutePath().normalize().getFileName();
        return below.isEmpty() ? (last == null ? folder.toString() : last.toString()) : below;
    }

    private static Part evaluation(EvaluationView evaluation, String name, Instant now) {
        Element list = Element.of("dl").cls("numbers");
        RunParts.number(list, "answers so far", Shown.whole(evaluation.answers().count()));
        if (evaluation.last().isAfter(Instant.EPOCH)) {
            RunParts.number(list, "last answer", Shown.ago(evaluation.last(), now));
        }
        Element section = Element.of(
                        "section",
                        Element.of(
                                "h2",
                                "Evaluation: " + Shown.name(evaluation.task()) + ", " + Shown.name(name),
                                " ",
                                RunParts.badge(evaluation.done() ? RunView.DONE : "not done")),
                        list)
                .cls("watched");
        if (!evaluation.done() && !evaluation.answers().texts().isEmpty()) {
            StudyParts.answers(section, evaluation.answers());
        }
        return Part.of(Part.id("evaluation", evaluation.folder()), section);
    }
}
