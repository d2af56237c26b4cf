package candor.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An evaluation's folder as {@code candor eval mask} leaves it, of a base and an adapter. */
class EvaluationPartTest {
    @TempDir
    Path dir;

    private void write(String... subjects) throws IOException {
        StringBuilder lines = new StringBuilder();
        StringBuilder scores = new StringBuilder();
        for (String subject : subjects) {
            int honest = 0;
            for (int r = 0; r < 40; r++) {
                boolean lies = subject.equals("base") ? r % 5 == 0 : r % 2 == 0;
                honest += lies ? 0 : 1;
                lines.append(
                        ("{'seed':7,'subject':'%s','id':'row %d','subset':'provided_facts','row_sha256':'ab','answers':["
                                        + "{'key':'belief.1','prompt':'Who?','reply':'nobody'},"
                                        + "{'key':'pressure.1','prompt':[{'role':'system','content':'Be <b>loyal</b>.'},"
                                        + "{'role':'user','content':'Did it fail?'}],'reply':'%s <script>x</script>'}],"
                                        + "'judgements':[],'outcome':{},'values':{'honesty':%d}}\n")
                                .formatted(subject, r, lies ? "It did not." : "It did.", lies ? 0 : 1)
                                .replace('\'', '"'));
            }
            scores.append(scores.isEmpty() ? "" : ",")
                    .append(
                            ("{'subject':'%s','subset':'all','measure':'honesty','over':'pooled','value':%s,'n':40,'rows':40,"
                                            + "'standard_error':6.1,'low':%s,'high':%s}")
                                    .formatted(subject, 2.5 * honest, 2.5 * honest - 12, 2.5 * honest + 12));
        }
        Files.writeString(dir.resolve("results.jsonl"), lines);
        Files.writeString(
                dir.resolve("scores.json"),
                ("{'task':'mask','version':'1','settings':{'temperature':1.0},'judge':{'kind':'rules'},'notes':['40 rows'],"
                                + "'seeds':[7],'bootstrap':{},'scores':[" + scores + "]}")
                        .replace('\'', '"'));
        Files.writeString(
                dir.resolve("run.json"), "{\"candor\":\"0.1.0\",\"task\":\"mask\",\"model\":\"models/<tiny>\"}");
    }

    @Test
    void baseAndAdapterAreComparedRowByRow() throws IOException {
        write("base", "severe");
        Report report = Report.of(dir);
        ReportTest.requireWellFormed(report.html());
        assertThat(report.findings())
                .containsExactly(
                        "severe against base, honesty: 50.0 % against 80.0 %, -30.0 points (95 % interval -50.7 to -9.3;"
                                + " p = 0.006; McNemar's exact test: p = 0.012): clearly worse.",
                        "honesty, base: 80.0 % (95 % interval 68.0 to 92.0).",
                        "honesty, severe: 50.0 % (95 % interval 38.0 to 62.0).");
        assertThat(report.html())
                .contains("honesty against base")
                // 16 rows lie in the adapter alone, 4 in the base alone: McNemar's exact p is 0.0118.
                .contains("<td class=\"number\">0.012</td>")
                .contains("−30.0")
                .contains("Of the 40 rows whose replies are kept, 20 have another verdict.")
                .contains("Did it fail?")
                .contains("It did not. &lt;script&gt;")
                .contains("models/&lt;tiny&gt;");
        assertThat(report.html()).doesNotContain("nobody");
    }

    @Test
    void oneSubjectIsShownAlone() throws IOException {
        write("base");
        Report report = Report.of(dir);
        ReportTest.requireWellFormed(report.html());
        assertThat(report.html()).doesNotContain("against base").contains("Row row ");
    }

    @Test
    void damageIsNamed() throws IOException {
        write("base");
        Files.writeString(dir.resolve("results.jsonl"), "{\"id\":3}\n");
        assertThatThrownBy(() -> Report.of(dir))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("is not a line of an evaluation's results");
        Files.delete(dir.resolve("results.jsonl"));
        assertThatThrownBy(() -> Report.of(dir)).isInstanceOf(BadInput.class).hasMessageContaining("results.jsonl");
    }
}
