package candor.evaluate;

import candor.stats.Cell;
import candor.stats.Estimate;
import candor.stats.Mean;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** From results to scores, in percent. */
public final class Scores {
    /** The name of all subsets together. */
    public static final String ALL = "all";

    /**
     * A score.
     *
     * @param bySeed its value under each seed alone, in the order of the seeds
     */
    public record Score(String subject, String subset, Task.Measure measure, Estimate estimate, List<Double> bySeed) {}

    /** The results of a subject over a subset. */
    record Part(String subject, String subset, List<Result> results) {}

    private Scores() {}

    /** Every subject over all rows and, where there are several, over each subset. */
    static List<Part> parts(List<Result> results) {
        List<String> subsets =
                new ArrayList<>(results.stream().map(Result::subset).distinct().toList());
        subsets.remove(ALL);
        subsets.addFirst(ALL);
        List<Part> parts = new ArrayList<>();
        for (String subject : results.stream().map(Result::subject).distinct().toList()) {
            for (String subset : subsets.size() == 2 ? subsets.subList(0, 1) : subsets) {
                parts.add(new Part(
                        subject,
                        subset,
                        results.stream()
                                .filter(result -> result.subject().equals(subject))
                                .filter(result ->
                                        subset.equals(ALL) || result.subset().equals(subset))
                                .toList()));
            }
        }
        return parts;
    }

    /**
     * Every measure of every subject, over all rows and, where there are several, over each subset. A measure that no row has a
     * part in is left out, but for the first, the benchmark's own: that nothing came of it is to be seen.
     */
    public static List<Score> of(List<Result> results, List<Task.Measure> measures) {
        List<Long> seeds = results.stream().map(Result::seed).distinct().toList();
        List<Score> scores = new ArrayList<>();
        for (Part part : parts(results)) {
            for (Task.Measure measure : measures) {
                List<Cell> cells = cells(part.results(), measure);
                // The macro mean of one subset is its pooled mean, which is there already.
                boolean repeats = measure.over() == Mean.MACRO && !part.subset().equals(ALL);
                boolean some = cells.stream().anyMatch(cell -> cell.count() > 0);
                if (!repeats && (some || measure.equals(measures.getFirst()))) {
                    scores.add(new Score(
                            part.subject(),
                            part.subset(),
                            measure,
                            Estimate.of(cells, measure.over()).times(100),
                            bySeed(part.results(), measure, seeds)));
                }
            }
        }
        return scores;
    }

    private static List<Double> bySeed(List<Result> part, Task.Measure measure, List<Long> seeds) {
        return seeds.stream()
                .map(seed -> 100
                        * measure.over()
                                .of(cells(
                                        part.stream()
                                                .filter(result -> result.seed() == seed)
                                                .toList(),
                                        measure)))
                .toList();
    }

    /** One cell a row, its seeds together; values between 0 and 1. */
    private static List<Cell> cells(List<Result> part, Task.Measure measure) {
        Map<String, Cell> cells = new LinkedHashMap<>();
        for (Result result : part) {
            Cell cell = cells.computeIfAbsent(result.id(), id -> new Cell(result.subset(), 0, 0));
            Double value = result.outcome().values().get(measure.name());
            cells.put(result.id(), value == null ? cell : cell.and(value));
        }
        return List.copyOf(cells.values());
    }
}
