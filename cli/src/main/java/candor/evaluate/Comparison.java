package candor.evaluate;

import candor.BadInput;
import candor.stats.Bootstrap;
import candor.stats.Cell;
import candor.stats.McNemar;
import candor.stats.Mean;
import candor.stats.Paired;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Two evaluations of the same rows, held against each other row by row.
 *
 * @param onlyA rows that only the first has
 * @param onlyB rows that only the second has
 * @param headline the measure that verdicts go by
 * @param unjudged where the judge failed too often for any verdict, that it did
 * @param lines a line for every subset and measure, those of the headline first
 */
public record Comparison(
        String subjectA,
        String subjectB,
        int onlyA,
        int onlyB,
        List<String> notes,
        Task.Headline headline,
        Optional<String> unjudged,
        List<Line> lines) {
    /**
     * One measure over one subset.
     *
     * @param paired in percent and points
     * @param matched whether every row has a value on both sides or on none
     * @param mcNemar a table a seed, over the rows that have a yes or no on both sides; empty for other values
     */
    public record Line(String subset, String measure, Paired paired, boolean matched, Map<Long, McNemar> mcNemar) {
        /** McNemar's exact test, where one seed gives one table and every row with a part in the measure is in it. */
        public Optional<Double> exactP() {
            return matched && mcNemar.size() == 1
                    ? mcNemar.values().stream().map(McNemar::exactP).findFirst()
                    : Optional.empty();
        }
    }

    /** One row under one seed. */
    private record Key(String id, long seed) {}

    /** Compares a subject of one evaluation with a subject of another, or of the same. */
    public static Comparison of(Evaluated a, String subjectA, Evaluated b, String subjectB, Bootstrap bootstrap) {
        if (!a.task().equals(b.task()) || !a.version().equals(b.version())) {
            throw new BadInput(a.folder() + " is of " + a.task() + " version " + a.version() + ", " + b.folder()
                    + " of " + b.task() + " version " + b.version() + ": only rows of the same task compare");
        }
        List<String> notes = new ArrayList<>();
        if (!a.judge().equals(b.judge())) {
            notes.add("the judges differ: a difference may be theirs");
        }
        if (!a.settings().equals(b.settings())) {
            notes.add("the tasks' settings differ: a difference may be theirs");
        }
        Map<Key, Evaluated.Line> rowsA = rows(a, subjectA);
        Map<Key, Evaluated.Line> rowsB = rows(b, subjectB);
        Set<Key> shared = new LinkedHashSet<>(rowsA.keySet());
        shared.retainAll(rowsB.keySet());
        if (shared.isEmpty()) {
            throw new BadInput(a.folder() + " and " + b.folder() + " share no row under the same seed");
        }
        for (Key key : shared) {
            if (!rowsA.get(key).rowHash().equals(rowsB.get(key).rowHash())) {
                throw new BadInput("row " + key.id() + " has other content in " + a.folder() + " than in " + b.folder()
                        + ": evaluate both on the same data");
            }
        }
        Set<String> subsets = new LinkedHashSet<>(List.of(Scores.ALL));
        shared.forEach(key -> subsets.add(rowsA.get(key).subset()));
        Set<String> measures = new LinkedHashSet<>(List.of(a.headline().measure()));
        Set<String> others = new TreeSet<>();
        shared.forEach(key -> others.addAll(rowsA.get(key).values().keySet()));
        measures.addAll(others);
        List<Line> lines = new ArrayList<>();
        for (String measure : measures) {
            for (String subset : subsets.size() == 2 ? List.of(Scores.ALL) : subsets) {
                List<Key> part = shared.stream()
                        .filter(key -> subset.equals(Scores.ALL)
                                || rowsA.get(key).subset().equals(subset))
                        .toList();
                Mean mean = subset.equals(Scores.ALL) && a.macro().contains(measure) ? Mean.MACRO : Mean.POOLED;
                List<Cell> cellsA = cells(part, rowsA, measure);
                List<Cell> cellsB = cells(part, rowsB, measure);
                if (cellsA.stream().anyMatch(cell -> cell.count() > 0)
                        && cellsB.stream().anyMatch(cell -> cell.count() > 0)) {
                    lines.add(new Line(
                            subset,
                            measure,
                            Paired.of(cellsA, cellsB, mean, bootstrap).times(100),
                            matched(cellsA, cellsB),
                            tables(part, rowsA, rowsB, measure)));
                }
            }
        }
        return new Comparison(
                subjectA,
                subjectB,
                rowsA.size() - shared.size(),
                rowsB.size() - shared.size(),
                notes,
                a.headline(),
                unjudged(a, subjectA).or(() -> unjudged(b, subjectB)),
                lines);
    }

    private static Optional<String> unjudged(Evaluated evaluated, String subject) {
        return evaluated.failures().stream()
                .filter(failures -> failures.subject().equals(subject)
                        && failures.subset().equals(Scores.ALL)
                        && failures.share() > evaluated.maxFailures())
                .findFirst()
                .map(failures -> failures.sentence(""));
    }

    /** The lines of the measure that verdicts go by. */
    public List<Line> headlines() {
        return lines.stream()
                .filter(line -> line.measure().equals(headline.measure()))
                .toList();
    }

    /** That of them over all rows; empty where one side has no value. */
    public Optional<Line> whole() {
        return line(headline.measure());
    }

    private Optional<Line> line(String measure) {
        return lines.stream()
                .filter(line -> line.measure().equals(measure) && line.subset().equals(Scores.ALL))
                .findFirst();
    }

    /**
     * What a reader must know of the beliefs on either side: MASK's own score counts rows without one as honest, and only reasoning
     * that holds it can be deceptive.
     */
    Optional<String> beliefs() {
        if (headline.measure().equals("deceptive")) {
            return line("j2_yes")
                    .map(held -> String.format(
                            Locale.ROOT,
                            "  rows whose reasoning holds the belief: %.1f %% against %.1f %%. Only those can be deceptive.",
                            held.paired().b(),
                            held.paired().a()));
        }
        return line("no_belief").flatMap(none -> line("honesty")
                .map(own -> String.format(
                        Locale.ROOT,
                        "  rows without a belief: %.1f %% against %.1f %%. MASK's own score counts them as honest: honesty"
                                + " %.1f against %.1f.",
                        none.paired().b(),
                        none.paired().a(),
                        own.paired().b(),
                        own.paired().a())));
    }

    private static Map<Key, Evaluated.Line> rows(Evaluated evaluated, String subject) {
        Map<Key, Evaluated.Line> rows = new LinkedHashMap<>();
        for (Evaluated.Line line : evaluated.lines()) {
            if (line.subject().equals(subject) && rows.put(new Key(line.id(), line.seed()), line) != null) {
                throw new BadInput(evaluated.folder() + ": row " + line.id() + " of " + subject + " appears twice");
            }
        }
        if (rows.isEmpty()) {
            throw new BadInput(
                    evaluated.folder() + ": nothing about " + subject + "; there are " + evaluated.subjects());
        }
        return rows;
    }

    private static List<Cell> cells(List<Key> keys, Map<Key, Evaluated.Line> rows, String measure) {
        Map<String, Cell> cells = new LinkedHashMap<>();
        for (Key key : keys) {
            Evaluated.Line line = rows.get(key);
            Cell cell = cells.computeIfAbsent(key.id(), id -> new Cell(line.subset(), 0, 0));
            Double value = line.values().get(measure);
            cells.put(key.id(), value == null ? cell : cell.and(value));
        }
        return List.copyOf(cells.values());
    }

    private static Map<Long, McNemar> tables(
            List<Key> keys, Map<Key, Evaluated.Line> rowsA, Map<Key, Evaluated.Line> rowsB, String measure) {
        Map<Long, int[]> counts = new LinkedHashMap<>();
        for (Key key : keys) {
            Double a = rowsA.get(key).values().get(measure);
            Double b = rowsB.get(key).values().get(measure);
            if (a != null && b != null) {
                if (!isYesOrNo(a) || !isYesOrNo(b)) {
                    return Map.of();
                }
                counts.computeIfAbsent(key.seed(), seed -> new int[4])[(a == 1 ? 0 : 2) + (b == 1 ? 0 : 1)]++;
            }
        }
        Map<Long, McNemar> tables = new LinkedHashMap<>();
        counts.forEach((seed, n) -> tables.put(seed, new McNemar(n[0], n[1], n[2], n[3])));
        return tables;
    }

    private static boolean matched(List<Cell> a, List<Cell> b) {
        return IntStream.range(0, a.size())
                .allMatch(i -> a.get(i).count() == b.get(i).count());
    }

    private static boolean isYesOrNo(double value) {
        return value == 0 || value == 1;
    }

    /** The comparison as a file. */
    public ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("subject_a", subjectA)
                .put("subject_b", subjectB)
                .put("rows_only_in_a", onlyA)
                .put("rows_only_in_b", onlyB);
        json.putObject("headline").put("measure", headline.measure()).put("better", headline.better());
        ArrayNode noted = json.putArray("notes");
        notes.forEach(noted::add);
        ArrayNode list = json.putArray("comparisons");
        for (Line line : lines) {
            Paired paired = line.paired();
            ObjectNode one = list.addObject().put("subset", line.subset()).put("measure", line.measure());
            EvaluationFiles.put(one, "a", paired.a());
            EvaluationFiles.put(one, "b", paired.b());
            EvaluationFiles.put(one, "difference", paired.difference().value());
            one.put("rows", paired.rows());
            EvaluationFiles.put(one, "standard_error", paired.difference().standardError());
            EvaluationFiles.put(one, "low", paired.difference().interval().low());
            EvaluationFiles.put(one, "high", paired.difference().interval().high());
            EvaluationFiles.put(one, "p", paired.difference().p());
            EvaluationFiles.put(one, "bootstrap_p", paired.bootstrapP());
            ArrayNode tests = one.putArray("mcnemar");
            line.mcNemar().forEach((seed, table) -> tests.addObject()
                    .put("seed", seed)
                    .put("both", table.both())
                    .put("only_a", table.onlyA())
                    .put("only_b", table.onlyB())
                    .put("neither", table.neither())
                    .put("exact_p", table.exactP())
                    .put("chi_squared", table.chiSquared())
                    .put("chi_squared_p", table.chiSquaredP()));
        }
        return json;
    }
}
