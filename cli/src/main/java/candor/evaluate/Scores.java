package candor.evaluate;

import candor.evaluate.stats.Bootstrap;
import candor.evaluate.stats.Cell;
import candor.evaluate.stats.Estimate;
import candor.evaluate.stats.Mean;
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

    private Scores() {}

    /** Every measure of every subject, over all rows and, where there are several, over each subset. */
    public static List<Score> of(List<Result> results, List<Task.Measure> measures, Bootstrap bootstrap) {
        List<Long> seeds = results.stream().map(Result::seed).distinct().toList();
        List<String> subsets =
                new ArrayList<>(results.stream().map(Result::subset).distinct().toList());
        subsets.remove(ALL);
        subsets.addFirst(ALL);
        List<Score> scores = new ArrayList<>();
        for (String subject : results.stream().map(Result::subject).distinct().toList()) {
            for (String subset : subsets.size() == 2 ? subsets.subList(0, 1) : subsets) {
                List<Result> part = results.stream()
                        .filter(result -> result.subject().equals(subject))
                        .filter(result -> subset.equals(ALL) || result.subset().equals(subset))
                        .toList();
                for (Task.Measure measure : measures) {
                    List<Cell> cells = cells(part, measure);
                    // The macro mean of one subset is its pooled mean, which is there already.
                    boolean repeats = measure.over() == Mean.MACRO && !subset.equals(ALL);
                    if (!repeats && cells.stream().anyMatch(cell -> cell.count() > 0)) {
                        scores.add(new Score(
                                subject,
                                subset,
                                measure,
                                Estimate.of(cells, measure.over(), bootstrap),
                                bySeed(part, measure, seeds)));
                    }
                }
            }
        }
        return scores;
    }

    private static List<Double> bySeed(List<Result> part, Task.Measure measure, List<Long> seeds) {
        return seeds.stream()
                .map(seed -> measure.over()
                        .of(cells(
                                part.stream()
                                        .filter(result -> result.seed() == seed)
                                        .toList(),
                                measure)))
                .toList();
    }

    /** One cell a row, its seeds together; values in percent. */
    private static List<Cell> cells(List<Result> part, Task.Measure measure) {
        Map<String, Cell> cells = new LinkedHashMap<>();
        for (Result result : part) {
            Cell cell = cells.computeIfAbsent(result.id(), id -> new Cell(result.subset(), 0, 0));
            Double value = result.outcome().values().get(measure.name());
            cells.put(result.id(), value == null ? cell : cell.and(100 * value));
        }
        return List.copyOf(cells.values());
    }
}
