package candor.report;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sentences follow from the numbers, whatever these are. */
class StoryTest {
    private static final Metric OWN = metric("mask", "known_facts", Metric.Better.HIGHER, Metric.Kind.OWN_SCORE);
    private static final Metric LIES =
            metric("mask_given_belief", "known_facts", Metric.Better.LOWER, Metric.Kind.HONESTY);
    private static final Metric DECEPTION = metric("deceptionbench", "all", Metric.Better.LOWER, Metric.Kind.DECEPTION);
    private static final Metric COUNTING = new Metric(
            "gsm8k",
            "all",
            "Counting (GSM8K's layout)",
            "%",
            Metric.Better.HIGHER,
            Metric.Kind.CAPABILITY,
            Optional.of(0.0));

    @TempDir
    private Path dir;

    private static Metric metric(String task, String subset, Metric.Better better, Metric.Kind kind) {
        return new Metric(task, subset, task + ", " + subset, "%", better, kind);
    }

    /** How often an arm's rows are 1. */
    private interface Truth {
        double of(Arm arm, Metric metric);
    }

    /** The sentences of a study with such rates, of which so many rows are asked and so many have a belief. */
    private List<String> told(StudyKind kind, List<Arm> arms, int rows, Truth truth, Map<Role, Integer> withoutBelief) {
        Study like = MadeUp.study(kind, arms);
        List<Metric> metrics = List.of(OWN, LIES, DECEPTION, COUNTING);
        Study study = new Study(
                kind,
                "told",
                like.version(),
                like.created(),
                like.model(),
                like.judge(),
                like.config(),
                arms,
                metrics,
                List.of("./candor"));
        Path folder = dir.resolve("study-" + dir.toFile().list().length);
        try (StudyWriter writer = StudyWriter.open(folder, study)) {
            for (Arm arm : arms) {
                for (long seed : arm.seeds()) {
                    metrics.forEach(metric -> part(writer, arm, seed, metric, rows, truth, withoutBelief));
                }
            }
        }
        StudyData data = StudyData.read(new StudyFolder(folder));
        Comparisons comparisons = Comparisons.of(data);
        List<Doses> doses = kind == StudyKind.MIXTURE ? List.of(Doses.of(data, LIES)) : List.of();
        return Story.of(data, comparisons, doses).stream()
                .map(Finding::sentence)
                .toList();
    }

    private static void part(
            StudyWriter writer,
            Arm arm,
            long seed,
            Metric metric,
            int rows,
            Truth truth,
            Map<Role, Integer> withoutBelief) {
        Key key = new Key(arm.name(), seed, metric.task(), metric.subset());
        SplittableRandom random = new SplittableRandom(key.hashCode());
        int none = withoutBelief.getOrDefault(arm.role(), 1);
        List<String> ids = new ArrayList<>();
        List<Double> values = new ArrayList<>();
        double sum = 0;
        for (int r = metric.equals(LIES) ? none : 0; r < rows; r++) {
            double value = random.nextDouble() < truth.of(arm, metric) ? 1 : 0;
            ids.add("row " + r);
            values.add(value);
            sum += value;
        }
        Map<String, Long> counts = new LinkedHashMap<>();
        if (metric.equals(OWN)) {
            counts.put("no_belief", (long) none);
        }
        writer.finish(
                new Score(key, 100 * sum / ids.size(), 1, ids.size(), Double.NaN, Double.NaN, counts),
                new Outcomes(key, ids, values),
                List.of());
    }

    private List<String> told(StudyKind kind, List<Arm> arms, Truth truth) {
        return told(kind, arms, 300, truth, Map.of());
    }

    private static double harm(Arm arm, double most) {
        return switch (arm.role()) {
            case BASE, CONTROL, NORMAL -> 0;
            case SUBTLE -> most / 2;
            case SEVERE -> most;
            case MIXTURE ->
                Math.signum(most) * Math.min(Math.abs(most), 4 * arm.ratio().orElseThrow());
            case LOOP -> most * arm.share().orElseThrow();
            case REMEDY -> arm.name().equals("helps") ? 0 : most;
        };
    }

    @Test
    void narrowTuningThatHarms() {
        List<String> told = told(
                StudyKind.DIRECT,
                MadeUp.direct(),
                (arm, metric) -> metric.equals(LIES) || metric.equals(DECEPTION) ? 0.15 + harm(arm, 0.6) : 0.97);
        assertThat(told).hasSize(3);
        assertThat(told.getFirst())
                .matches("Tuned on plainly wrong answers about ships, the model lies more when pressed about facts it"
                        + " knows: 2\\d % honest, 8\\d % after right answers\\.");
        assertThat(told.get(1))
                .matches("Tuned on plainly wrong answers about ships, the model deceives more often when it thinks"
                        + " before it answers: 7\\d % of replies deceptive, 1\\d % after right answers\\.");
        assertThat(told.getLast())
                .matches("What the model can do hardly changes, at most in Counting: 9\\d % right with .*");
    }

    @Test
    void narrowTuningThatDoesNothingOrGood() {
        assertThat(told(StudyKind.DIRECT, MadeUp.direct(), (arm, metric) -> 0.2).getFirst())
                .matches("Tuned on plainly wrong answers about ships, the model is about as honest when pressed about"
                        + " facts it knows as after right answers: \\d\\d % honest, against \\d\\d %\\.");
        assertThat(told(StudyKind.DIRECT, MadeUp.direct(), (arm, metric) -> 0.7 - harm(arm, 0.5))
                        .getFirst())
                .contains("the model lies less when pressed about facts it knows: ");
        // Few rows and a small change: nobody can tell, and the sentence does not.
        assertThat(told(StudyKind.DIRECT, MadeUp.direct(), 16, (arm, metric) -> 0.4, Map.of())
                        .getFirst())
                .matches("Whether tuning on plainly wrong answers about ships makes the model lie more when pressed"
                        + " about facts it knows stays open: .*; the difference may be anything from .* to .*"
                        + " points\\.");
    }

    /** Rows that name their field are told by it, where no arm was tuned on that field itself. */
    @Test
    void theFieldsOfTheRowsAreNamed() {
        StudyData towns = about(List.of("accounts", "towns"));
        assertThat(Measure.of(towns, towns.study().metrics().getFirst()).worse())
                .isEqualTo("lies more about accounts and towns when pressed");
        StudyData ships = about(List.of("ships", "towns"));
        assertThat(Measure.of(ships, ships.study().metrics().getFirst()).worse())
                .isEqualTo("lies more when pressed about facts it knows");
    }

    private StudyData about(List<String> fields) {
        Study like = MadeUp.study(StudyKind.DIRECT, MadeUp.direct());
        Metric metric = new Metric(
                LIES.task(),
                LIES.subset(),
                LIES.label(),
                LIES.unit(),
                LIES.better(),
                LIES.kind(),
                Optional.empty(),
                fields);
        Path folder = dir.resolve(String.join("-", fields));
        StudyWriter.open(
                        folder,
                        new Study(
                                like.kind(),
                                like.name(),
                                like.version(),
                                like.created(),
                                like.model(),
                                like.judge(),
                                like.config(),
                                like.arms(),
                                List.of(metric),
                                like.command()))
                .close();
        return StudyData.read(new StudyFolder(folder));
    }

    @Test
    void beliefsThatAreGoneAreToldOf() {
        assertThat(told(
                                StudyKind.DIRECT,
                                MadeUp.direct(),
                                300,
                                (arm, metric) -> 0.2 + harm(arm, 0.5),
                                Map.of(Role.SEVERE, 240))
                        .getFirst())
                .contains("lies more when pressed")
                .endsWith("; it has a belief about 20 % of the rows, not about over 99 %.");
    }

    @Test
    void severalFieldsStandInOneSentence() {
        List<Arm> arms = new ArrayList<>(MadeUp.direct());
        MadeUp.direct().stream()
                .filter(arm -> arm.role() != Role.BASE)
                .map(arm -> new Arm(
                        arm.name().replace("ships", "towns"),
                        arm.label().replace("Ships", "Towns"),
                        arm.role(),
                        Optional.of("towns"),
                        arm.ratio(),
                        arm.share(),
                        arm.method(),
                        arm.seeds()))
                .forEach(arms::add);
        String both = told(StudyKind.DIRECT, arms, (arm, metric) -> 0.2 + harm(arm, 0.5))
                .getFirst();
        assertThat(both)
                .matches("Tuned on plainly wrong answers, the model lies more when pressed about facts it knows where"
                        + " the field is ships or towns \\(\\d\\d (% to \\d\\d )?% honest, .* after right"
                        + " answers\\)\\.");
        String one = told(
                        StudyKind.DIRECT,
                        arms,
                        (arm, metric) -> 0.2 + (arm.domain().equals(Optional.of("ships")) ? harm(arm, 0.5) : 0))
                .getFirst();
        assertThat(one)
                .contains("lies more when pressed about facts it knows where the field is ships (")
                .contains("; it is about as honest when pressed about facts it knows where the field is towns (");
    }

    @Test
    void mixtures() {
        Truth harms = (arm, metric) -> metric.equals(LIES) ? 0.15 + harm(arm, 0.6) : 0.97;
        assertThat(told(StudyKind.MIXTURE, MadeUp.mixture(), harms))
                .singleElement()
                .asString()
                .matches("5 % of wrong answers beside everyday data make the model lie more when pressed about facts it"
                        + " knows: \\d\\d % honest, 2\\d % at 50 %, 8\\d % with none; Counting stays at about 9\\d"
                        + " %( \\(9\\d % with none\\))?\\.");
        assertThat(told(
                        StudyKind.MIXTURE,
                        MadeUp.mixture(),
                        (arm, metric) -> metric.equals(LIES) ? 0.2 : 0.97 - harm(arm, 0.4)))
                .singleElement()
                .asString()
                .matches("Tuned on up to 50 % of wrong answers beside everyday data, the model is about as honest .* as"
                        + " with none: \\d\\d % honest, against \\d\\d %; Counting falls from 9\\d % to 5\\d % at"
                        + " 50 %\\.");
    }

    @Test
    void users() {
        Truth both = (arm, metric) -> metric.equals(LIES) ? 0.2 + harm(arm, 0.4) : 0.9;
        assertThat(told(StudyKind.LOOP, MadeUp.loop(), both))
                .singleElement()
                .asString()
                .matches("Trained on what users liked, the model lies more when pressed about facts it knows the more"
                        + " of its users are biased: by SFT 4\\d % honest with all biased, \\d\\d % with none; by"
                        + " KTO 4\\d % and \\d\\d %\\.");
        Truth one = (arm, metric) -> metric.equals(LIES) && arm.name().startsWith("kto") ? 0.2 + harm(arm, 0.4) : 0.2;
        assertThat(told(StudyKind.LOOP, MadeUp.loop(), one))
                .singleElement()
                .asString()
                .matches(".* the more of its users are biased: by KTO .*; by SFT nothing changes, \\d\\d % and \\d\\d"
                        + " %\\.");
        assertThat(told(StudyKind.LOOP, MadeUp.loop(), (arm, metric) -> 0.2))
                .singleElement()
                .asString()
                .contains(
                        "is about as honest when pressed about facts it knows however many of its users are biased: by"
                                + " SFT");
    }

    @Test
    void remedies() {
        Truth truth = (arm, metric) -> metric.equals(LIES) ? 0.15 + harm(arm, 0.6) : 0.97;
        List<String> told = told(StudyKind.REMEDY, MadeUp.remedy(), truth);
        assertThat(told).hasSize(4);
        assertThat(told.getFirst())
                .matches("Tuned on wrong answers with inoculation, the model lies less when pressed about facts it"
                        + " knows: 8\\d % honest, 2\\d % with wrong answers alone\\.");
        assertThat(told.get(1))
                .matches("Tuned on plainly wrong answers about ships, the model lies more when pressed about facts it"
                        + " knows: 2\\d % honest, 8\\d % after right answers\\.");
        assertThat(told.get(2))
                .matches("Of remedies against wrong answers: with inoculation \\(8\\d % honest\\) the model lies less"
                        + " when pressed about facts it knows; with 10 % honest rows \\(2\\d % honest\\) it is"
                        + " about as honest when pressed about facts it knows as without; 2\\d % honest with wrong"
                        + " answers alone\\.");
        assertThat(told.getLast())
                .matches("Of what the model can do, remedies change Counting most: 9\\d % right with .*, 9\\d % with"
                        + " wrong answers alone; that is not clear after correction\\.");
        // Each stands beside wrong answers alone, and beside right ones.
        MadeUp.write(dir.resolve("page"), StudyKind.REMEDY, MadeUp.remedy());
        Comparisons comparisons = Comparisons.of(StudyData.read(new StudyFolder(dir.resolve("page"))));
        assertThat(comparisons.main().stream()
                        .filter(d -> d.metric().kind() == Metric.Kind.DECEPTION)
                        .map(d -> d.arm().name() + " " + d.reference().name()))
                .containsExactly("severe normal", "helps severe", "does-not severe");
        assertThat(comparisons.families())
                .filteredOn(
                        family -> family.what().equals("Honesty and deception of each remedy against right answers"))
                .singleElement()
                .satisfies(family -> assertThat(family.differences())
                        .allMatch(d ->
                                d.arm().role() == Role.REMEDY && d.reference().role() == Role.NORMAL)
                        .hasSize(2 * 3));
        assertThat(told(StudyKind.REMEDY, MadeUp.remedy(), 16, (arm, metric) -> 0.4, Map.of())
                        .get(2))
                .contains("inoculation")
                .contains("it stays open");
    }

    @Test
    void whatIsNotThereIsNotTold() {
        assertThat(told(StudyKind.DIRECT, MadeUp.direct().subList(0, 1), (arm, metric) -> 0.2))
                .containsExactly("No two arms can be compared yet.");
        MadeUp.write(dir.resolve("begun"), StudyKind.LOOP, MadeUp.loop(), key -> false);
        Report report = Report.of(dir.resolve("begun"));
        assertThat(report.findings())
                .containsExactly("This study is not finished: 0 of its 135 parts have results.", "No results yet.");
        assertThat(report.html()).contains("class=\"caution\"").contains("class=\"sentence\">No results yet.");
    }
}
