package candor.report;

import static org.assertj.core.api.Assertions.assertThat;

import candor.study.record.Arm;
import candor.study.record.Key;
import candor.study.record.Metric;
import candor.study.record.Outcomes;
import candor.study.record.Reply;
import candor.study.record.Score;
import candor.study.record.StudyKind;
import candor.study.record.StudyWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReplyBrowserTest {
    @TempDir
    private Path dir;

    private static ReplyBrowser.Row row(String task, String id, String... verdicts) {
        List<ReplyBrowser.Answer> answers = new ArrayList<>();
        for (String verdict : verdicts) {
            answers.add(new ReplyBrowser.Answer("arm " + answers.size(), verdict, MadeUp.HOSTILE));
        }
        return new ReplyBrowser.Row(task, id, "", "</select><script>x</script>", answers);
    }

    @Test
    void everyReplyHasWhatItIsFoundBy() {
        List<ReplyBrowser.Row> rows =
                List.of(row("<mask>", "1", "lie", "honest"), row("other", "</article>", "lie", "</option><b>"));
        String html = ReplyBrowser.of("direct", rows).toString();
        ReportTest.requireWellFormed(html);
        assertThat(html)
                .contains("<label for=\"direct-arm\">Arm</label>", "<select id=\"direct-verdict\">")
                .contains("<option class=\"a1\">arm 1</option>")
                .contains("<option class=\"t0\">&lt;mask&gt;</option>")
                .contains("<option class=\"v0\">lie</option>", "&lt;/option&gt;&lt;b&gt;</option>")
                .contains("class=\"row t1\"", "class=\"reply a0 v0\"");
        assertThat(ReplyBrowser.classes(rows)).isEqualTo(new ReplyBrowser.Classes(2, 2, 3));
        assertThat(ReplyBrowser.classes(rows).rules())
                .contains(".browser:has(.a1:checked) .reply:not(.a1){display:none}")
                .contains(".browser:has(.a1:checked):has(.v2:checked) article:not(:has(.a1.v2)){display:none}");
        assertThat(ReplyBrowser.Classes.NONE.rules()).isEmpty();
    }

    @Test
    void rareVerdictsShareAPlace() {
        String[] verdicts = new String[40];
        for (int i = 0; i < verdicts.length; i++) {
            verdicts[i] = i < 20 ? "lie" : "verdict " + i;
        }
        List<ReplyBrowser.Row> rows = List.of(row("mask", "1", verdicts));
        assertThat(ReplyBrowser.classes(rows).verdicts()).isEqualTo(12);
        assertThat(ReplyBrowser.of("x", rows).toString())
                .contains("<option class=\"v0\">lie</option>", "<option class=\"v11\">other verdicts</option>")
                .contains("class=\"reply a39 v11\"");
    }

    /** 16 arms, 3 seeds, 5 parts and 30 long replies of each: 7,200 replies, 16 MB. */
    @Test
    void aLargeStudyGivesAPageThatABrowserOpens() throws IOException {
        List<Arm> arms = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            Arm like = MadeUp.loop().get(1 + i % 8);
            arms.add(new Arm(
                    like.name() + "-" + i,
                    like.label() + ", " + i,
                    like.role(),
                    like.domain(),
                    like.ratio(),
                    like.share(),
                    like.method(),
                    like.seeds()));
        }
        String text = "<long & winding> ".repeat(120);
        try (StudyWriter writer = StudyWriter.open(dir.resolve("study"), MadeUp.study(StudyKind.LOOP, arms))) {
            for (Arm arm : arms) {
                for (long seed : arm.seeds()) {
                    for (Metric metric : MadeUp.METRICS) {
                        Key key = new Key(arm.name(), seed, metric.task(), metric.subset());
                        List<Reply> replies = new ArrayList<>();
                        for (int r = 0; r < 30; r++) {
                            replies.add(new Reply(key, "row " + r, "", "Asked " + r, text, "honest", ""));
                        }
                        writer.finish(
                                new Score(key, 50, 1, 2, Double.NaN, Double.NaN, Map.of()),
                                new Outcomes(key, List.of("a", "b"), List.of(0.0, 1.0)),
                                replies);
                    }
                }
            }
        }
        Path page = dir.resolve("report.html");
        Report.of(dir.resolve("study")).write(page, false);
        String html = Files.readString(page);
        assertThat(Files.size(page)).isLessThan(4 << 20);
        assertThat(html).contains("Here are 560 of the 7200 replies: those under seed 1 ");
        assertThat(html.split("class=\"reply ", -1)).hasSize(561);
        try (var lines = Files.lines(dir.resolve("report-tables/loop-replies.csv"))) {
            assertThat(lines.filter(line -> line.contains("<long & winding>"))).hasSize(7200);
        }
    }
}
