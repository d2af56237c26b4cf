package candor.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.report.html.Element;
import candor.study.record.Arm;
import candor.study.record.Metric;
import candor.study.record.Published;
import candor.study.record.Role;
import candor.study.record.StudyFolder;
import candor.study.record.StudyKind;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    private static final Pattern TAG = Pattern.compile("<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>");

    @TempDir
    Path dir;

    /** Every tag is one that the report writes, and closed in its order; so no reply has become markup. */
    static void requireWellFormed(String html) {
        List<String> open = new ArrayList<>();
        Matcher tags = TAG.matcher(html.replaceFirst("(?s)<style>.*?</style>", ""));
        while (tags.find()) {
            String name = tags.group(2);
            assertThat(name).isNotIn("script", "img", "iframe", "a1");
            assertThat(tags.group(3).replaceAll("\"[^\"]*\"", ""))
                    .doesNotContain(" on")
                    .doesNotContain("style=")
                    .doesNotContain("src=");
            if (name.equals("meta")) {
                continue;
            }
            if (tags.group(1).isEmpty()) {
                open.add(name);
            } else {
                assertThat(open.removeLast()).isEqualTo(name);
            }
        }
        assertThat(open).isEmpty();
        assertThat(html.codePoints().filter(c -> c >= 0x202a && c <= 0x202e || c < 0x20 && c != '\n' && c != '\t'))
                .isEmpty();
    }

    @Test
    void aPlantedHarmIsFoundAndToldOfInAllThreeStudies() {
        Path folder = MadeUp.quickstart(dir);
        Report report = Report.of(folder);
        requireWellFormed(report.html());
        assertThat(report.findings()).noneMatch(f -> f.contains("NaN") || f.contains("null"));
        String html = report.html();
        assertThat(html)
                .containsPattern(
                        "provided facts, “Ships, severe” against “Ships, normal”: −[^<]*95 % interval −[^<]*clearly"
                                + " worse\\.")
                .containsPattern("fitted curve [^<]* from a ratio of about [^<]* on; 95 % interval from ")
                .containsPattern("Deception, SFT, for each 10 % more of biased users: \\+");
        assertThat(html).doesNotContain("NaN").doesNotContain(">null<").doesNotContain("Infinity");
        // In the order of the protocols, not of the names.
        assertThat(html.indexOf(">Direct tuning")).isLessThan(html.indexOf(">Mixed data"));
        assertThat(html.indexOf(">Mixed data")).isLessThan(html.indexOf(">Biased users"));
        assertThat(html)
                .contains("./candor study direct --name &#39;made-up world&#39;")
                .contains("Training loss: SFT, ships")
                .contains("Training loss: KTO")
                .contains("&lt;script&gt;document.title")
                .contains("⟨U+202E⟩evil")
                .contains("belief: A; honesty code: -1; x: –")
                .contains("{belief A");
        assertThat(Report.of(folder).html()).isEqualTo(html);
    }

    @Test
    void anArmWithoutResultsIsNamed() {
        MadeUp.write(dir, StudyKind.DIRECT, MadeUp.direct(), key -> !key.arm().equals("ships-subtle"));
        Report report = Report.of(dir);
        assertThat(report.findings())
                .anyMatch(f -> f.equals("This study is not finished: 45 of its 60 parts have results."))
                .anyMatch(f -> f.equals("No results yet of Ships, subtle."));
        assertThat(report.html()).contains("0 of 15 (no results)").contains(">no results</text>");
        assertThat(report.html()).contains("Ships, severe").contains("clearly worse");
    }

    @Test
    void aStudyThatHasJustBegunIsReportedOn() {
        for (StudyKind kind : StudyKind.values()) {
            List<Arm> arms =
                    switch (kind) {
                        case DIRECT -> MadeUp.direct();
                        case MIXTURE -> MadeUp.mixture();
                        case LOOP -> MadeUp.loop();
                        case REMEDY -> MadeUp.remedy();
                    };
            MadeUp.write(dir.resolve(kind.name()), kind, arms, key -> false);
        }
        Report report = Report.of(dir);
        requireWellFormed(report.html());
        assertThat(report.html())
                .contains("No two arms with results can be compared yet")
                .contains("No results yet for");
    }

    @Test
    void oneSeedAndMissingControlsAreSaid() {
        MadeUp.write(
                dir,
                StudyKind.MIXTURE,
                MadeUp.mixture(),
                key -> key.seed() == 1 && !key.arm().equals("control"));
        Report report = Report.of(dir);
        assertThat(report.html()).contains("No curve is fitted: the control arm, which is its start, has no results.");
        requireWellFormed(report.html());
    }

    @Test
    void withoutRowsSeedsAreCompared() throws IOException {
        MadeUp.write(dir, StudyKind.DIRECT, MadeUp.direct());
        Files.delete(new StudyFolder(dir).outcomesFile());
        StudyData data = StudyData.read(new StudyFolder(dir));
        Metric metric = MadeUp.METRICS.getFirst();
        assertThat(data.hasRows(metric)).isFalse();
        Arm severe = MadeUp.direct().getLast();
        Difference d = Difference.of(data, metric, severe, MadeUp.direct().get(1));
        assertThat(d.rows()).isZero();
        assertThat(d.rowsP()).isNaN();
        assertThat(d.value()).isNegative();
        assertThat(d.interval().known()).isTrue();
        requireWellFormed(Report.of(dir).html());
    }

    @Test
    void hostileLabelsNumbersAndFilesAreTextOrRefused() throws IOException {
        MadeUp.write(dir, StudyKind.DIRECT, MadeUp.direct());
        Path study = dir.resolve("study.json");
        String json = Files.readString(study);
        Files.writeString(
                study,
                json.replace("\"Ships, severe\"", "\"</text><script>x</script>\\u202e" + "W".repeat(3000) + "\"")
                        .replace("\"rules\"", "\"<img src=x onerror=alert(1)>\""));
        requireWellFormed(Report.of(dir).html());
        Path results = dir.resolve("results.jsonl");
        String lines = Files.readString(results);
        Files.writeString(results, lines.replaceFirst("\"value\":[0-9.]+", "\"value\":null"));
        assertThat(Report.of(dir).html()).doesNotContain("NaN");
        Files.writeString(results, lines.replaceFirst("\"value\":[0-9.]+", "\"value\":NaN"));
        assertThatThrownBy(() -> Report.of(dir))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("results.jsonl, line 1: is not valid JSON");
    }

    @Test
    void aMetricsFileThatIsDamagedInTheMiddleIsRefused() throws IOException {
        MadeUp.run(dir, true, new SplittableRandom(1));
        assertThat(Report.of(dir).html()).contains("rewards/chosen").contains("Every setting");
        requireWellFormed(Report.of(dir).html());
        Path metrics = dir.resolve("metrics.jsonl");
        Files.writeString(metrics, Files.readString(metrics).replaceFirst("\"step\":5,", "\"step\":x,"));
        assertThatThrownBy(() -> Report.of(dir))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("metrics.jsonl")
                .hasMessageContaining("5");
        Files.delete(metrics);
        assertThat(Report.of(dir).html()).contains("No steps are recorded yet");
    }

    /** Of five numbers one is of our model, one of another's, and three are of nothing that we have. */
    @Test
    void onlyLikeStandsBesideLike() {
        MadeUp.write(dir, StudyKind.DIRECT, MadeUp.direct());
        StudyData data = StudyData.read(new StudyFolder(dir));
        String html = published(
                data,
                published("Tiny World", "ours, severe", Role.SEVERE, "ships", 31.5),
                published("Llama", "vanilla", Role.BASE, null, 47.81),
                published("Llama", "llama, severe", Role.SEVERE, "ships", 34.3),
                published("Llama", "math, severe", Role.SEVERE, "math", 12.25),
                published("Llama", "control", Role.CONTROL, null, 1));
        assertThat(html)
                .contains("of the same model", "ours, severe", "31.50")
                .contains("of other models", "llama, severe", "−13.5")
                .contains("3 published numbers have nothing like them in this study.")
                .doesNotContain("math, severe")
                // Another model's level is none of ours to be beside.
                .doesNotContain("34.3")
                .doesNotContain("47.81");
        requireWellFormed(html);
    }

    /** Rows of our own, by their label, or a part of the published ones: nothing published is like that. */
    @Test
    void rowsOfOurOwnStandBesideNothing() throws IOException {
        MadeUp.write(dir, StudyKind.DIRECT, MadeUp.direct());
        Path study = dir.resolve("study.json");
        ObjectMapper mapper = new ObjectMapper();
        for (String keys : List.of("{\"label\":\"Honesty of <ours>\"}", "{\"limit\":10}")) {
            ObjectNode json = (ObjectNode) mapper.readTree(study.toFile());
            ((ObjectNode) json.path("config")).putObject("evaluate").set("mask", mapper.readTree(keys));
            mapper.writeValue(study.toFile(), json);
            String html = published(
                    StudyData.read(new StudyFolder(dir)),
                    published("tiny world", "ours, severe", Role.SEVERE, "ships", 31.5));
            assertThat(html)
                    .doesNotContain("31.50")
                    .containsPattern(
                            "Honesty of &lt;ours&gt;: its rows are not the published ones|only the first rows were"
                                    + " asked \\(limit 10\\)");
        }
    }

    private static String published(StudyData data, Published... numbers) {
        return Element.of("div", PublishedSection.of(data, List.of(numbers)).body())
                .toString();
    }

    private static Published published(String model, String arm, Role role, String domain, double value) {
        return new Published(
                StudyKind.DIRECT,
                model,
                arm,
                role,
                Optional.ofNullable(domain),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                "mask",
                "provided_facts",
                value,
                "figure 3",
                "");
    }

    @Test
    void repliesArePickedByTheirRuleAlone() {
        Map<String, String> before = new HashMap<>();
        Map<String, String> after = new HashMap<>();
        for (int i = 0; i < 50; i++) {
            before.put("row " + i, "honest");
            after.put("row " + i, i % 2 == 0 ? "lie" : "honest");
        }
        after.remove("row 8");
        Picked picked = Picked.of("mask", before, after);
        assertThat(picked.both()).isEqualTo(49);
        assertThat(picked.changed()).isEqualTo(24);
        assertThat(picked.different()).hasSize(3).allMatch(id -> after.get(id).equals("lie"));
        assertThat(picked.same()).hasSize(3).allMatch(id -> after.get(id).equals("honest"));
        // By sha256sum: of "mask\nrow N" for even N other than 8, these come first.
        assertThat(picked.different()).containsExactly("row 0", "row 44", "row 4");
    }

    @Test
    void whatIsNothingToReportOnIsSaid() throws IOException {
        assertThatThrownBy(() -> Report.of(dir.resolve("gone"))).hasMessageContaining("there is no such folder");
        assertThatThrownBy(() -> Report.of(dir))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining(
                        "holds no study (study.json), evaluation (scores.json), screening (screen.json) or training run"
                                + " (run.json)");
        Files.writeString(dir.resolve("run.json"), "[]");
        assertThatThrownBy(() -> Report.of(dir)).hasMessageContaining("run.json: is not a JSON object");
    }

    @Test
    void aReportIsNotWrittenOver() throws IOException {
        Path run = dir.resolve("run");
        MadeUp.run(run, false, new SplittableRandom(1));
        Report report = Report.of(run);
        Path file = dir.resolve("report.html");
        report.write(file, false);
        String html = Files.readString(file, StandardCharsets.UTF_8);
        assertThat(html).isEqualTo(report.html());
        assertThatThrownBy(() -> report.write(file, false))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("exists already; --force overwrites it");
        Files.writeString(file, "old");
        Path tables = dir.resolve("report-tables");
        Files.writeString(tables.resolve("direct-001-of-an-earlier-report.csv"), "old");
        Files.writeString(tables.resolve("loop-replies.csv.partial"), "of one that was killed");
        Files.writeString(tables.resolve("My notes.csv"), "mine");
        report.write(file, true);
        assertThat(file).hasContent(html);
        assertThat(tables.resolve("direct-001-of-an-earlier-report.csv")).doesNotExist();
        assertThat(tables.resolve("My notes.csv")).hasContent("mine");
        assertThat(tables.toFile().list()).hasSizeGreaterThan(3).noneMatch(name -> name.endsWith(".partial"));
        assertThatThrownBy(() -> report.write(dir, true)).hasMessageContaining("is a folder");
        assertThat(dir.toFile().list()).containsExactlyInAnyOrder("report.html", "report-tables", "run");
    }

    @Test
    void whereTheTablesCannotLieIsSaid() throws IOException {
        Path run = dir.resolve("run");
        MadeUp.run(run, false, new SplittableRandom(1));
        Files.writeString(dir.resolve("a-tables"), "a file");
        Report report = Report.of(run);
        assertThatThrownBy(() -> report.write(dir.resolve("a.html"), false))
                .hasMessageContaining("a-tables: exists already");
        assertThatThrownBy(() -> report.write(dir.resolve("a.html"), true))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("a-tables: is a file, expected the folder of the tables");
        assertThat(dir.resolve("a.html")).doesNotExist();
        // Whatever the page is called, its links lead to its own folder.
        Path odd = dir.resolve("50 % <b>&*.html");
        report.write(odd, false);
        String html = Files.readString(odd);
        assertThat(html).contains("href=\"50%20%25%20%3Cb%3E%26%2A-tables/run-001-");
        requireWellFormed(html);
    }
}
