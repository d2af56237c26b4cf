package candor.watch;

import candor.BadInput;
import candor.evaluate.EvaluationFiles;
import candor.io.JsonRecord;
import candor.report.html.Element;
import candor.train.log.StepLog;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
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
    /** Those that changed last go on the page. */
    private static final int MOST_VIEWS = 40;

    /** Entries of a folder that are looked at. */
    private static final int MOST_ENTRIES = 50_000;

    private record Aged(Path folder, Instant time) {}

    private enum Kind {
        RUN,
        STUDY,
        EVALUATION
    }

    /** Something that goes on the page, and when it last changed. */
    private record Found(Path path, Kind kind, Instant time) {}

    /** Files that change while somebody is at work. */
    private static final List<String> CHANGING = List.of(
            RunView.RECORD, StepLog.FILE, "study.json", "results.jsonl", "training", "groups", "cache", "evaluation");

    private final Path folder;
    private final InstantSource clock;
    private final Map<Path, RunView> runs = new LinkedHashMap<>();
    private final Map<Path, StudyView> studies = new LinkedHashMap<>();
    private final Map<Path, EvaluationView> evaluations = new LinkedHashMap<>();
    /** What folders are, once they are something: they do not become something else. */
    private final Map<Path, Kind> kinds = new HashMap<>();

    private int visited;
    /** Whether there is more than goes on the page. */
    private boolean left;

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
        List<Path> order = choose();
        studies.values().forEach(study -> study.read(now, until));
        runs.values().forEach(run -> run.read(now, until));
        evaluations.values().forEach(evaluation -> evaluation.read(until));
        List<Part> made = new ArrayList<>();
        for (boolean alive : new boolean[] {true, false}) {
            for (Path path : order) {
                StudyView study = studies.get(path);
                RunView run = runs.get(path);
                EvaluationView evaluation = evaluations.get(path);
                if (study != null && study.alive() == alive) {
                    made.addAll(StudyParts.of(study, name(path), now));
                } else if (run != null && run.running() == alive) {
                    made.addAll(RunParts.of(run, name(path), now));
                } else if (evaluation != null && !alive) {
                    made.add(evaluation(evaluation, name(path), now));
                }
            }
        }
        if (made.isEmpty()) {
            made.add(Part.of("nothing", nothing()));
        } else if (left) {
            made.add(Part.of(
                    "more",
                    Element.of(
                            "p",
                            "There is more in this folder than goes on a page: this is what changed last. Watch one of"
                                    + " the folders in it to see more.")));
        }
        return List.copyOf(made);
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

    /** What goes on the page, what changed last first. Views of what does not are forgotten. */
    private List<Path> choose() {
        visited = 0;
        List<Found> found = new ArrayList<>();
        find(folder, 0, found);
        found.sort(Comparator.comparing(Found::time).reversed().thenComparing(Found::path));
        left = visited > MOST_FOLDERS || found.size() > MOST_VIEWS;
        List<Path> order = new ArrayList<>();
        for (Found each : found.subList(0, Math.min(MOST_VIEWS, found.size()))) {
            order.add(each.path());
            switch (each.kind()) {
                case RUN -> runs.computeIfAbsent(each.path(), RunView::new);
                case STUDY -> studies.computeIfAbsent(each.path(), StudyView::new);
                case EVALUATION -> evaluations.computeIfAbsent(each.path(), EvaluationView::new);
            }
        }
        runs.keySet().retainAll(order);
        studies.keySet().retainAll(order);
        evaluations.keySet().retainAll(order);
        kinds.keySet().retainAll(found.stream().map(Found::path).collect(Collectors.toSet()));
        return order;
    }

    /** Links to folders are not followed. */
    private void find(Path path, int depth, List<Found> found) {
        if (++visited > MOST_FOLDERS || !Files.isDirectory(path)) {
            return;
        }
        Kind kind = kinds.get(path);
        if (kind == null) {
            kind = kind(path);
        }
        if (kind != null) {
            kinds.put(path, kind);
            found.add(new Found(path, kind, changed(path)));
        } else if (depth < DEPTH) {
            for (Path inside : folders(path)) {
                find(inside, depth + 1, found);
            }
        }
    }

    private static Instant changed(Path path) {
        return new Life(CHANGING.stream().map(path::resolve).toList(), () -> false).last();
    }

    /** Null for a folder that is nothing yet. */
    private static Kind kind(Path path) {
        if (StudyView.is(path)) {
            return Kind.STUDY;
        }
        Optional<ObjectNode> record = record(path);
        if (record.filter(each -> each.has("task")).isPresent()
                || Files.isRegularFile(path.resolve(EvaluationFiles.SCORES))) {
            return Kind.EVALUATION;
        }
        return record.filter(each -> each.has("config")).isPresent() || Files.isRegularFile(path.resolve(StepLog.FILE))
                ? Kind.RUN
                : null;
    }

    private static Optional<ObjectNode> record(Path path) {
        try {
            return JsonRecord.read(path.resolve(RunView.RECORD));
        } catch (BadInput e) {
            return Optional.empty(); // somebody else's
        }
    }

    /** The folders in it, those first in which something came or went last. */
    private static List<Path> folders(Path path) {
        if (!Files.isDirectory(path)) {
            return List.of();
        }
        try (Stream<Path> inside = Files.list(path)) {
            return inside.limit(MOST_ENTRIES)
                    .filter(each -> Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS))
                    .map(each -> new Aged(each, new Life(List.of(each), () -> false).last()))
                    .sorted(Comparator.comparing(Aged::time).reversed().thenComparing(Aged::folder))
                    .limit(MOST_FOLDERS)
                    .map(Aged::folder)
                    .toList();
        } catch (IOException | UncheckedIOException e) {
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
