package candor.evaluate;

import candor.evaluate.judge.JudgeSettings;
import candor.evaluate.judge.Judgement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How often the judge gave no verdict on rows of a subject. What it failed on is evidence of nothing: scores are over the rows
 * that were judged, and this stands beside them.
 *
 * @param rows that the judge was asked about
 * @param failedRows of them, those with at least one question that it failed on
 * @param questions that it was asked
 * @param failedQuestions that it failed on
 */
public record JudgeFailures(
        String subject, String subset, int rows, int failedRows, int questions, int failedQuestions) {
    /** Above this share of rows they are warned of. */
    public static final double WORTH_A_WARNING = 0.02;

    /** Above this share of rows an evaluation has failed, unless its user says otherwise. */
    public static final double DEFAULT_BOUND = JudgeSettings.MAX_FAILURES.fallback();

    /** Of every subject over all rows and, where there are several, over each subset; none where no judge was asked. */
    public static List<JudgeFailures> of(List<Result> results) {
        List<JudgeFailures> failures = new ArrayList<>();
        for (Scores.Part part : Scores.parts(results)) {
            List<Result> asked = part.results().stream()
                    .filter(result -> !result.questions().isEmpty())
                    .toList();
            if (!asked.isEmpty()) {
                failures.add(new JudgeFailures(
                        part.subject(),
                        part.subset(),
                        asked.size(),
                        (int) asked.stream()
                                .filter(result -> result.judgements().failures() > 0)
                                .count(),
                        asked.stream()
                                .mapToInt(result -> result.questions().size())
                                .sum(),
                        asked.stream()
                                .mapToInt(result -> result.judgements().failures())
                                .sum()));
            }
        }
        return failures;
    }

    /** The share of rows that it failed on. */
    public double share() {
        return rows == 0 ? 0 : failedRows / (double) rows;
    }

    /** For people, with an example of why. */
    public String sentence(String why) {
        return String.format(
                Locale.ROOT,
                "the judge failed on %d of %d rows (%.1f %%) of %s%s, %d of %d questions%s",
                failedRows,
                rows,
                100 * share(),
                subject,
                subset.equals(Scores.ALL) ? "" : ", " + subset,
                failedQuestions,
                questions,
                why.isEmpty() ? "" : "; for instance: " + why);
    }

    /** Why it failed, of the first such row of a subject. */
    public static String example(List<Result> results, String subject) {
        return results.stream()
                .filter(result -> result.subject().equals(subject))
                .flatMap(result -> result.judgements().byKey().values().stream())
                .map(Judgement::failure)
                .filter(failure -> !failure.isEmpty())
                .findFirst()
                .orElse("");
    }
}
