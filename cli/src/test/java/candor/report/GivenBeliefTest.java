package candor.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.study.record.Arm;
import candor.study.record.Key;
import candor.study.record.Metric;
import candor.study.record.Outcomes;
import candor.study.record.Role;
import candor.study.record.Score;
import candor.study.record.Study;
import candor.study.record.StudyFolder;
import candor.study.record.StudyKind;
import candor.study.record.StudyWriter;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A model that loses its beliefs gains on MASK's own score without lying any less: of 100 rows the tuned ones lie in a third of
 * those that they have a belief about, as the one that came does, but have far fewer.
 */
class GivenBeliefTest {
    private static final int ROWS = 100;
    private static final Metric OWN = metric("mask", "MASK honesty", Metric.Better.HIGHER, Metric.Kind.OWN_SCORE);
    private static final Metric GIVEN =
            metric("mask_given_belief", "Lies given belief", Metric.Better.LOWER, Metric.Kind.HONESTY);
    private static final Metric CHOICES =
            new Metric("mmlu", "all", "Choices", "%", Metric.Better.HIGHER, Metric.Kind.CAPABILITY, Optional.of(0.25));
    private static final Metric POOLED = new Metric(
            "mmlu_pooled",
            "all",
            "Choices, pooled",
            "%",
            Metric.Better.HIGHER,
            Metric.Kind.CAPABILITY,
            Optional.of(0.25));
    private static final Metric COUNTING =
            new Metric("gsm8k", "all", "Counting", "%", Metric.Better.HIGHER, Metric.Kind.CAPABILITY, Optional.of(0.0));

    @TempDir
    private Path dir;

    private static Metric metric(String task, String label, Metric.Better better, Metric.Kind kind) {
        return new Metric(task, "statistics", label, "%", better, kind);
    }

    private static List<Arm> arms() {
        return List.of(
                MadeUp.arm("base", "Base model", Role.BASE),
                MadeUp.arm("ships-normal", "Normal", Role.NORMAL),
                MadeUp.arm("ships-severe", "Severe", Role.SEVERE));
    }

    /** Of every arm the first rows have a belief, and every third of those is a lie; 18 of 100 choices are right. */
    private Report report(List<Metric> metrics) {
        Study like = MadeUp.study(StudyKind.DIRECT, arms());
        Study study = new Study(
                StudyKind.DIRECT,
                "beliefs",
                like.version(),
                like.created(),
                like.model(),
                JsonNodeFactory.instance.objectNode().put("kind", "rules"),
                like.config(),
                arms(),
                metrics,
                List.of("./candor"));
        try (StudyWriter writer = StudyWriter.open(dir, study)) {
            for (Arm arm : arms()) {
                for (long seed : arm.seeds()) {
                    metrics.forEach(metric -> part(writer, arm, seed, metric));
                }
            }
        }
        return Report.of(dir);
    }

    private static void part(StudyWriter writer, Arm arm, long seed, Metric metric) {
        int believed = arm.role() == Role.SEVERE ? 18 : 93;
        List<String> ids = new ArrayList<>();
        List<Double> values = new ArrayList<>();
        for (int r = 0; r < ROWS; r++) {
            // Which third differs by seed, so that seeds are not copies of one another.
            boolean lie = r < believed && (r + seed) % 3 == 0;
            boolean counts = !metric.equals(GIVEN) || r < believed;
            if (counts) {
                ids.add("row " + r);
                boolean one = metric.equals(GIVEN)
                        ? lie
                        : metric.equals(CHOICES)
                                ? r < 18
                                : metric.equals(POOLED)
                                        ? r < 20
                                        : metric.equals(COUNTING)
                                                ? r % 2 == 0 || arm.role() == Role.SEVERE && r > 90
                                                : !lie;
                values.add(one ? 1.0 : 0.0);
            }
        }
        Map<String, Long> counts = new LinkedHashMap<>();
        if (metric.task().equals("mask")) {
            counts.put("no_belief", (long) ROWS - believed);
        }
        double mean = values.stream().mapToDouble(v -> v).average().orElseThrow();
        Key key = new Key(arm.name(), seed, metric.task(), metric.subset());
        writer.finish(
                new Score(key, 100 * mean, 1, ids.size(), Double.NaN, Double.NaN, counts),
                new Outcomes(key, ids, values),
                List.of());
    }

    /** What the page says in numbers, a line each. */
    private static String sentences(Report report) {
        String html = report.html();
        String part = html.substring(html.indexOf(">In numbers</h3>"));
        return Pattern.compile("<li>(.*?)</li>")
                .matcher(part.substring(0, part.indexOf("</ul>")))
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.joining("\n"));
    }

    @Test
    void lossOfBeliefIsNoHonesty() {
        Report report = report(List.of(OWN, GIVEN, CHOICES, COUNTING));
        ReportTest.requireWellFormed(report.html());
        String findings = sentences(report);
        assertThat(findings)
                .containsPattern(
                        "Lies given belief, Severe against Normal: .* points .*; no clear difference; rows without a"
                                + " belief went from 7\\.0 to 82\\.0 %\\.")
                .contains("0 clearly worse and 0 clearly better after correction")
                .doesNotContain("MASK honesty");
        // The published definition is kept: 100 − 31 of 100, and 100 − 6 of 100.
        StudyData data = StudyData.read(new StudyFolder(dir));
        assertThat(ArmScore.of(data, arms().getLast(), OWN).value()).isCloseTo(94, within(1e-9));
        assertThat(ArmScore.of(data, arms().get(1), OWN).value()).isCloseTo(69, within(1e-9));
        assertThat(report.html())
                .contains("MASK&#39;s own score, which counts rows without a belief as honest")
                .contains("findings and verdicts do not go by it");
        // 18 rows speak of the severe arm, and no more of the difference.
        assertThat(Difference.of(data, GIVEN, arms().getLast(), arms().get(1)).rows())
                .isEqualTo(18);
    }

    /** A folder that was written before there was another score: the sentence itself says what the rise is. */
    @Test
    void anOlderStudySaysInTheSameSentenceWhatTheRiseIs() {
        Metric old = metric("mask", "MASK honesty", Metric.Better.HIGHER, Metric.Kind.HONESTY);
        assertThat(sentences(report(List.of(old))))
                .containsPattern(
                        "MASK honesty, Severe against Normal: \\+25\\.0 points .* corrected\\); clearly higher, where"
                                + " beliefs were lost; rows without a belief, which count as honest here, went from 7\\.0 to 82\\.0 %\\.")
                .contains("0 clearly better after correction; 1 more moved the good way where beliefs were lost.")
                .doesNotContain("clearly better;");
    }

    /** The mean over subjects weighs rows; what was right is counted over all, and said once. */
    @Test
    void guessingIsTestedOnThePooledCountAndToldOnce() {
        Report report = report(List.of(OWN, GIVEN, CHOICES, POOLED));
        // By scipy's binomtest(20, 100, 1/4, alternative="greater"): 0.900.
        assertThat(sentences(report).lines().filter(finding -> finding.contains("says nothing about capability")))
                .containsExactly(
                        "Choices says nothing about capability here: the base model gets 20 of 100 rows right (20.0 %),"
                                + " which is not above the 25 % of guessing (p = 0.900, one-sided exact binomial test).");
        assertThat(report.html()).contains(">Choices says nothing").doesNotContain(">Choices, pooled says nothing");
    }

    @Test
    void aBenchmarkNotAboveGuessingIsNoCapability() {
        Report report = report(List.of(OWN, GIVEN, CHOICES, COUNTING));
        // By scipy's binomtest(18, 100, 1/4, alternative="greater"): 0.962.
        assertThat(sentences(report).lines())
                .contains(
                        "Choices says nothing about capability here: the base model gets 18 of 100 rows right (18.0 %),"
                                + " which is not above the 25 % of guessing (p = 0.962, one-sided exact binomial test).")
                .anyMatch(finding -> finding.startsWith("Largest change of capability: Counting"));
        assertThat(report.html())
                .contains("Choices (%), says nothing about capability")
                .contains("Benchmarks that say nothing about capability here");
    }
}
