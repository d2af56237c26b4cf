package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportCommandTest {
    @TempDir
    Path dir;

    private void aRun() throws IOException {
        Files.writeString(dir.resolve("run.json"), "{\"status\":\"done\",\"config\":{\"learning_rate\":1e-4}}");
        Files.writeString(dir.resolve("metrics.jsonl"), "{\"step\":1,\"loss\":2.5}\n{\"step\":2,\"loss\":2.0}\n");
    }

    @Test
    void saysWhereTheReportIs() throws IOException {
        aRun();
        Path file = dir.resolve("report.html");
        Cli made = Cli.run("report", dir.toString());
        assertThat(made.code()).isZero();
        assertThat(made.out().strip()).isEqualTo(file.toString());
        String html = Files.readString(file);
        assertThat(html).startsWith("<!doctype html>").contains("learning_rate");

        Cli again = Cli.run("report", dir.toString());
        assertThat(again.code()).isEqualTo(2);
        assertThat(again.err()).contains("exists already; --force overwrites it");
        Files.writeString(file, "old");
        assertThat(Cli.run("report", dir.toString(), "--force").code()).isZero();
        assertThat(file).hasContent(html);

        Path other = dir.resolve("other.html");
        assertThat(Cli.run("report", dir.toString(), "--output", other.toString())
                        .code())
                .isZero();
        // The same but for where its tables lie.
        assertThat(Files.readString(other).replace("other-tables/", "report-tables/"))
                .isEqualTo(html);
        for (String tables : List.of("report-tables", "other-tables")) {
            assertThat(dir.resolve(tables).resolve("run-001-loss.csv"))
                    .hasContent("Step,Metric,Value\r\n1,loss,2.5\r\n2,loss,2\r\n");
        }
    }

    @Test
    void badInputTakesOneLine() {
        Cli nothing = Cli.run("report", dir.toString());
        assertThat(nothing.code()).isEqualTo(2);
        assertThat(nothing.err().strip().lines()).hasSize(1);
        assertThat(nothing.err()).contains("holds no study");
        assertThat(Cli.run("report").code()).isEqualTo(2);
        assertThat(Cli.run("report", dir.resolve("gone").toString()).err()).contains("there is no such folder");
    }
}
