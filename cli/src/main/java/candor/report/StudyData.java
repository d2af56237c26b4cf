package candor.report;

import candor.stats.Chance;
import candor.stats.Rates;
import candor.stats.TrainingLuck;
import candor.study.record.Arm;
import candor.study.record.Key;
import candor.study.record.Metric;
import candor.study.record.Outcomes;
import candor.study.record.Role;
import candor.study.record.Score;
import candor.study.record.Study;
import candor.study.record.StudyFolder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A study's numbers, put so that arms can be held against each other: by metric, seed and row. */
final class StudyData {
    /** How far a score may be from its rows and still be their mean: it was written in full, so only rounding is left. */
    private static final double SAME = 1e-6;

    private final StudyFolder folder;
    private final Study study;
    private final Map<Key, Score> scores = new LinkedHashMap<>();
    private final Map<Key, Map<String, Double>> rows = new LinkedHashMap<>();
    private final Set<Metric> withoutRows = new LinkedHashSet<>();

    private StudyData(StudyFolder folder, Study study) {
        this.folder = folder;
        this.study = study;
    }

    /** Reads everything but the replies. */
    static StudyData read(StudyFolder folder) {
        StudyData data = new StudyData(folder, folder.study());
        folder.scores(data.study).forEach(score -> data.scores.put(score.key(), score));
        folder.outcomes(data::take);
        for (Score score : data.scores.values()) {
            data.metric(score.key()).filter(metric -> !data.agrees(score)).ifPresent(data.withoutRows::add);
        }
        return data;
    }

    private void take(Outcomes outcomes) {
        if (!scores.containsKey(outcomes.key())) {
            return; // of a part that is not finished
        }
        Map<String, Double> values = new LinkedHashMap<>();
        for (int i = 0; i < outcomes.ids().size(); i++) {
            values.put(outcomes.ids().get(i), outcomes.values().get(i));
        }
        rows.put(outcomes.key(), values);
    }

    private Optional<Metric> metric(Key key) {
        return study.metric(key.task(), key.subset());
    }

    private boolean agrees(Score score) {
        Map<String, Double> values = rows.get(score.key());
        if (values == null) {
            return false;
        }
        double mean = values.values().stream().mapToDouble(v -> v).average().orElse(Double.NaN);
        return Double.isNaN(score.value()) ? Double.isNaN(mean) : Math.abs(score.value() - 100 * mean) < SAME;
    }

    StudyFolder folder() {
        return folder;
    }

    Study study() {
        return study;
    }

    Optional<Score> score(Arm arm, long seed, Metric metric) {
        return Optional.ofNullable(scores.get(key(arm, seed, metric)));
    }

    /** Whether a part is finished. */
    boolean hasScore(Key key) {
        return scores.containsKey(key);
    }

    private static Key key(Arm arm, long seed, Metric metric) {
        return new Key(arm.name(), seed, metric.task(), metric.subset());
    }

    /** Whether the scores of a metric are the means of rows that are there; else only seeds can be compared. */
    boolean hasRows(Metric metric) {
        return !withoutRows.contains(metric);
    }

    /** Seeds under which an arm has a value for the metric. */
    List<Long> seeds(Arm arm, Metric metric) {
        return arm.seeds().stream()
                .filter(seed -> score(arm, seed, metric)
                        .filter(score -> !Double.isNaN(score.value()))
                        .isPresent())
                .toList();
    }

    /** Whether an arm has a value for any metric. */
    boolean hasResults(Arm arm) {
        return study.metrics().stream().anyMatch(metric -> !seeds(arm, metric).isEmpty());
    }

    /** Metrics that any arm has a value for. */
    List<Metric> measured() {
        return study.metrics().stream()
                .filter(metric -> study.arms().stream()
                        .anyMatch(arm -> !seeds(arm, metric).isEmpty()))
                .toList();
    }

    List<Metric> measured(Metric.Kind... kinds) {
        return measured().stream()
                .filter(metric -> Arrays.asList(kinds).contains(metric.kind()))
                .toList();
    }

    /** Seeds that all of these arms have a value under. */
    List<Long> sharedSeeds(List<Arm> arms, Metric metric) {
        List<Long> shared = new ArrayList<>(seeds(arms.getFirst(), metric));
        arms.forEach(arm -> shared.retainAll(seeds(arm, metric)));
        return shared;
    }

    /**
     * The arms' rates, between 0 and 1, over the seeds that they share and all rows that any of them has; where there are no
     * rows, each seed's score stands in for one.
     */
    List<Rates> rates(List<Arm> arms, Metric metric) {
        List<Long> seeds = sharedSeeds(arms, metric);
        Set<String> ids = new LinkedHashSet<>();
        if (hasRows(metric)) {
            for (long seed : seeds) {
                arms.forEach(arm -> ids.addAll(rows.get(key(arm, seed, metric)).keySet()));
            }
        } else {
            ids.add("");
        }
        return arms.stream()
                .map(arm -> new Rates(outcomes(arm, metric, seeds, ids)))
                .toList();
    }

    /** How much seeds move arms that were trained as this one was; unknown for the base model, and for a lone arm. */
    TrainingLuck luck(Arm like, Metric metric) {
        List<Arm> alike = study.arms().stream()
                .filter(arm -> arm.role() != Role.BASE
                        && arm.method().equals(like.method())
                        && !seeds(arm, metric).isEmpty())
                .toList();
        if (like.role() == Role.BASE || alike.isEmpty() || !hasRows(metric)) {
            return TrainingLuck.UNKNOWN;
        }
        return TrainingLuck.of(rates(alike, metric));
    }

    private double[][] outcomes(Arm arm, Metric metric, List<Long> seeds, Set<String> ids) {
        double[][] outcomes = new double[seeds.size()][ids.size()];
        for (int s = 0; s < outcomes.length; s++) {
            Key key = key(arm, seeds.get(s), metric);
            if (!hasRows(metric)) {
                outcomes[s][0] = scores.get(key).value() / 100;
                continue;
            }
            Map<String, Double> values = rows.get(key);
            int r = 0;
            for (String id : ids) {
                outcomes[s][r++] = values.getOrDefault(id, Double.NaN);
            }
        }
        return outcomes;
    }

    /** Rows that went into a metric's scores, over all seeds. */
    long scored(Arm arm, Metric metric) {
        return seeds(arm, metric).stream()
                .mapToLong(seed -> scores.get(key(arm, seed, metric)).n())
                .sum();
    }

    /** Rows by what they came to, over all seeds; a row may be counted under several names. */
    Map<String, Long> counts(Arm arm, Metric metric) {
        Map<String, Long> sums = new LinkedHashMap<>();
        for (long seed : seeds(arm, metric)) {
            scores.get(key(arm, seed, metric)).counts().forEach((name, n) -> sums.merge(name, n, Long::sum));
        }
        return sums;
    }

    /** Whether a metric is the mean over all rows beside one over subjects: what is said of that one is said of both. */
    boolean isSecondMean(Metric metric) {
        return metric.task().endsWith(Metric.POOLED)
                && study.metric(
                                metric.task().substring(0, metric.task().length() - Metric.POOLED.length()),
                                metric.subset())
                        .isPresent();
    }

    /** The benchmark's own score that a metric over the rows with a belief stands beside. */
    Optional<Metric> own(Metric metric) {
        return metric.task().endsWith(Metric.GIVEN_BELIEF)
                ? study.metric(
                        metric.task().substring(0, metric.task().length() - Metric.GIVEN_BELIEF.length()),
                        metric.subset())
                : Optional.empty();
    }

    /**
     * The share of an arm's judged rows that have no belief, or, of deception, whose reasoning does not hold it: such rows can be
     * neither lies nor deceptive. Empty where none are counted. Older studies counted reasoning on rows without a score too, so that
     * there may be more of it than scored rows.
     */
    Optional<Double> withoutBelief(Arm arm, Metric metric) {
        Metric counted = own(metric).orElse(metric);
        long scored = scored(arm, counted);
        Map<String, Long> counts = counts(arm, counted);
        if (scored == 0) {
            return Optional.empty();
        }
        return Optional.ofNullable(counts.get("no_belief"))
                .or(() -> Optional.ofNullable(counts.get("j2_yes")).map(held -> Math.max(0, scored - held)))
                .map(none -> none / (double) scored);
    }

    /** The share of an arm's rows that the judge failed on, of those that it was asked about; 0 where there was no judge. */
    double judgeFailed(Arm arm, Metric metric) {
        Map<String, Long> sums = new LinkedHashMap<>();
        for (long seed : arm.seeds()) {
            score(arm, seed, metric)
                    .ifPresent(score -> score.counts().forEach((name, n) -> sums.merge(name, n, Long::sum)));
        }
        long asked = sums.getOrDefault(Score.JUDGE_ASKED, 0L);
        return asked == 0 ? 0 : sums.getOrDefault(Score.JUDGE_FAILED, 0L) / (double) asked;
    }

    /** That the base model does no better at a benchmark of capability than by guessing; empty where it does. */
    Optional<Chance> guessed(Metric metric) {
        // A mean over subjects weighs rows, and right answers are counted.
        Metric counted = study.metric(metric.task() + Metric.POOLED, metric.subset())
                .filter(this::hasRows)
                .orElse(metric);
        return metric.chance().flatMap(chance -> study.arms().stream()
                .filter(arm -> arm.role() == Role.BASE
                        && hasRows(counted)
                        && !seeds(arm, counted).isEmpty())
                .findFirst()
                .map(arm -> rates(List.of(arm), counted).getFirst())
                .map(rates -> Chance.of(rates.value(), rates.rows(), chance))
                .filter(test -> !test.above()));
    }

    /** Finished parts, and how many there are to be. */
    int finished() {
        return scores.size();
    }

    int parts() {
        return study.arms().stream().mapToInt(arm -> arm.seeds().size()).sum()
                * study.metrics().size();
    }
}
