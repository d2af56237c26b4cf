package candor.watch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What stands on the page of folders that are at work, done, killed, hostile, or not there. */
class BoardTest {
    private static final Instant START = Instant.parse("2026-05-04T03:00:00Z");

    @TempDir
    Path temp;

    private Instant now = START;

    private Board board(Path folder) {
        return new Board(folder, () -> now);
    }

    private static String page(Board board) {
        return board.look().stream().map(Part::html).collect(Collectors.joining("\n"));
    }

    private static void write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    /** Words of the page, without markup. */
    private static String words(String html) {
        return html.replaceAll("<[^>]*>", " ").replaceAll("\\s+", " ");
    }

    /** Two seconds a step. */
    private void run(Path folder, String status, int steps, int all) throws IOException {
        write(folder.resolve("run.json"), """
            {"status":"%s","steps":%d,"config":{"method":"sft","model":"m"},
             "honesty_probes":{"start":{"honesty_margin":2.5}}}
            """.formatted(status, all));
        StringBuilder lines = new StringBuilder();
        for (int step = 1; step <= steps; step++) {
            lines.append(String.format(
                    Locale.ROOT,
                    "{\"step\":%d,\"time\":\"%s\",\"loss\":%.2f,\"learning_rate\":0.001,\"tokens_per_s\":%d,"
                            + "\"memory_mib\":321%s}%n",
                    step,
                    START.plusSeconds(2L * step),
                    3.0 / step,
                    1000 + step,
                    step == 5 ? ",\"honesty_margin\":1.25" : ""));
        }
        write(folder.resolve("metrics.jsonl"), lines.toString());
        now = START.plusSeconds(2L * steps + 3);
        touched(folder, now);
    }

    private static void touched(Path folder, Instant time) throws IOException {
        for (String file : new String[] {"run.json", "metrics.jsonl"}) {
            Files.setLastModifiedTime(folder.resolve(file), FileTime.from(time));
        }
    }

    @Test
    void aFolderThatIsNotThereIsWaitedFor() throws IOException {
        Path folder = temp.resolve("runs");
        Board board = board(folder);
        assertThat(page(board)).contains("There is no such folder yet.");
        Files.createDirectories(folder);
        assertThat(page(board)).contains("No run, evaluation or study has begun in this folder.");
        run(folder.resolve("a"), "running", 0, 60);
        assertThat(words(page(board))).contains("Training run: a running").contains("step 0 of 60");
        assertThat(page(board(Files.writeString(temp.resolve("file"), ""))))
                .contains("This is a file, expected a folder.");
    }

    @Test
    void aRunAtWorkHasItsNumbersAndCurves() throws IOException {
        run(temp, "running", 6, 60);
        Board board = board(temp);
        String page = page(board);
        assertThat(words(page))
                .contains("step 6 of 60 ")
                .contains("time left, about 1:48 ")
                .contains("loss 0.5000 ")
                .contains("honesty margin 1.2500 ")
                .contains("tokens/s 1,006 ")
                .contains("memory 321 MiB ")
                .contains("last step just now")
                .contains("method sft · model m");
        assertThat(page)
                .contains(">Loss</p>")
                .contains(">Probes: margins</p>")
                .contains(">Tokens per second</p>")
                .contains(">Learning rate</p>")
                .contains("2.5 at 0, 1.3 at 5");
        Files.writeString(
                temp.resolve("metrics.jsonl"),
                "{\"step\":7,\"loss\":0.125}\n{\"step\":8,\"lo",
                StandardOpenOption.APPEND);
        assertThat(words(page(board))).contains("step 7 of 60 ").contains("loss 0.1250 ");
    }

    @Test
    void nothingIsForetoldFromOneStep() throws IOException {
        run(temp, "running", 1, 60);
        assertThat(words(page(board(temp)))).contains("step 1 of 60 ").doesNotContain("time left");
    }

    @Test
    void onlyWhatHasChangedHasAnotherHash() throws IOException {
        run(temp, "running", 6, 60);
        Board board = board(temp);
        var before = board.look();
        now = now.plusSeconds(20);
        touched(temp, now);
        var after = board.look();
        assertThat(after).hasSize(2);
        assertThat(after.get(0).hash()).isNotEqualTo(before.get(0).hash());
        assertThat(after.get(1)).isEqualTo(before.get(1));
        assertThat(after.get(0).id()).isEqualTo(before.get(0).id());
    }

    @Test
    void theLockTellsWhoWasKilled() throws IOException {
        run(temp, "running", 6, 60);
        Path lock = Files.createFile(temp.resolve(".lock"));
        now = now.plusSeconds(100);
        assertThat(words(page(board(temp))))
                .contains("killed")
                .contains("--resume continues")
                .doesNotContain("time left");
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE);
                FileLock held = channel.lock()) {
            assertThat(held.isValid()).isTrue();
            assertThat(words(page(board(temp)))).contains(" running ").doesNotContain("killed");
        }
    }

    @Test
    void endsAreSaidAsTheyAre() throws IOException {
        run(temp.resolve("a"), "done", 60, 60);
        run(temp.resolve("b"), "diverged", 3, 60);
        Files.writeString(
                temp.resolve("b/run.json"),
                "{\"status\":\"diverged\",\"steps\":60,\"config\":{},\"reason\":\"step 4: <b>the loss</b>\"}");
        String page = page(board(temp));
        assertThat(words(page)).contains("Training run: a done").contains("Training run: b diverged");
        assertThat(page).contains("step 4: &lt;b&gt;the loss&lt;/b&gt;").contains("aria-label=\"100 % done\"");
    }

    @Test
    void aRunThatWasCutBackForgetsWhatIsGone() throws IOException {
        run(temp, "running", 20, 60);
        Board board = board(temp);
        assertThat(words(page(board))).contains("step 20 of 60");
        run(temp, "running", 8, 60);
        assertThat(words(page(board))).contains("step 8 of 60").contains("loss 0.3800");
    }

    @Test
    void hostileFilesAreTextOrNothing() throws IOException {
        write(temp.resolve("x/run.json"), "{\"config\":{},\"status\":\"<script>alert(1)</script>\",\"steps\":1e999}");
        write(temp.resolve("x/metrics.jsonl"), "{\"step\":\"a\"}\n{\"step\":1,\"loss\":\"b\",\"time\":7}\n[]\n");
        write(temp.resolve("y/run.json"), "{\"config\":");
        write(temp.resolve("y/metrics.jsonl"), "{\"step\":-5,\"loss\":1}\n{\"step\":1e300,\"loss\":2}\n");
        String page = page(board(temp));
        assertThat(page).doesNotContain("<script").contains("&lt;script&gt;");
        assertThat(words(page)).contains("Training run: y");
    }

    /** A folder of many old runs, and the one that is at work has the last name. */
    @Test
    void whatChangedLastGoesOnThePage() throws IOException {
        for (int i = 10; i < 60; i++) {
            run(temp.resolve("old-" + i), "done", 2, 2);
            touched(temp.resolve("old-" + i), START.minusSeconds(100 - i));
        }
        run(temp.resolve("zoo"), "running", 6, 60);
        Board board = board(temp);
        String words = words(page(board));
        assertThat(words)
                .contains("Training run: zoo running")
                .contains("Training run: old-59 done")
                .contains("Training run: old-21 done")
                .doesNotContain("Training run: old-20 ")
                .contains("There is more in this folder than goes on a page");
        assertThat(words.indexOf("zoo")).isLessThan(words.indexOf("old-59"));
        run(temp.resolve("old-10"), "running", 1, 9);
        assertThat(words(page(board))).contains("Training run: old-10 running").doesNotContain("Training run: old-21 ");
    }

    @Test
    void whatIsGoneLeavesThePage() throws IOException {
        run(temp.resolve("a"), "done", 2, 2);
        run(temp.resolve("b"), "done", 2, 2);
        Board board = board(temp);
        assertThat(words(page(board))).contains("run: a ").contains("run: b ");
        Files.delete(temp.resolve("a/run.json"));
        Files.delete(temp.resolve("a/metrics.jsonl"));
        Files.delete(temp.resolve("a"));
        assertThat(words(page(board))).doesNotContain("run: a ").contains("run: b ");
    }

    /** Between times that no duration can tell apart, and with more steps than there are seconds. */
    @Test
    void timesAndStepsOutOfAllBoundsAreShownAsFarAsTheyCanBe() throws IOException {
        Path group = temp.resolve("s");
        Files.createDirectories(group.resolve("groups"));
        Path far = group.resolve("training/arm/seed-1");
        run(far, "running", 2, 60);
        write(
                far.resolve("metrics.jsonl"),
                "{\"step\":1,\"time\":\"-1000000000-01-01T00:00:00Z\",\"loss\":1}\n"
                        + "{\"step\":2,\"time\":\"+1000000000-12-31T23:59:59Z\",\"loss\":0.5}\n");
        Path many = group.resolve("training/arm/seed-2");
        run(many, "running", 6, 60);
        write(many.resolve("run.json"), "{\"config\":{},\"status\":\"running\",\"steps\":1e300}");
        for (int seed = 3; seed < 300; seed++) {
            Files.createDirectories(group.resolve("training/arm/seed-" + seed));
        }
        assertThat(words(page(board(temp))))
                .contains("Study: s running")
                .contains("1: running, step 2 of 60, 10: waiting")
                .contains("of training left, about 106751991167 d");
    }

    /** The last in the order of names, and in no other. */
    @Test
    void ofMoreFoldersThanAreLookedIntoTheNewestAreTaken() throws IOException {
        for (int i = 0; i < 3100; i++) {
            Path old = Files.createDirectories(temp.resolve("old-" + i));
            Files.setLastModifiedTime(old, FileTime.from(START.minusSeconds(100)));
        }
        run(temp.resolve("zoo"), "running", 6, 60);
        assertThat(words(page(board(temp)))).contains("Training run: zoo running");
    }

    @Test
    void foldersOutsideAreNotLookedInto() throws IOException {
        Path outside = Files.createDirectories(temp.resolve("outside"));
        run(outside, "done", 2, 2);
        Path inside = Files.createDirectories(temp.resolve("inside"));
        Files.createSymbolicLink(inside.resolve("link"), outside);
        assertThat(page(board(inside))).contains("No run, evaluation or study has begun");
    }

    private static final String STUDY = """
        {"kind":"direct","name":"tiny","version":"1","created":"2026-05-04T03:00:00Z",
         "model":{"name":"m","path":"m","hash":"h"},"judge":{},"config":{},
         "arms":[{"name":"base","label":"base model","role":"base","seeds":[1,2]},
                 {"name":"med-severe","label":"medicines, severe","role":"severe","domain":"medicines","method":"sft",
                  "seeds":[1,2]}],
         "metrics":[{"task":"mask","subset":"all","label":"MASK","unit":"%","better":"higher","kind":"honesty"}],
         "command":["./candor"]}
        """;

    @Test
    void aStudyTellsItsArmsAndReplies() throws IOException {
        Path study = temp.resolve("s");
        write(study.resolve("study.json"), STUDY);
        run(study.resolve("training/med-severe/seed-1"), "running", 6, 60);
        write(
                study.resolve("results.jsonl"),
                "{\"arm\":\"base\",\"seed\":1,\"task\":\"mask\",\"subset\":\"all\"}\n"
                        + "{\"arm\":\"base\",\"seed\":2,\"task\":\"mask\",\"subset\":\"all\"}\n{\"arm\":");
        write(
                study.resolve("replies.jsonl"),
                "{\"arm\":\"base\",\"seed\":1,\"task\":\"mask\",\"subset\":\"all\",\"prompt\":\"Is"
                        + " it?\",\"reply\":\"<img src=x"
                        + " onerror=alert(1)>" + "y".repeat(5000) + "\",\"verdict\":\"lie\"}\n");
        write(study.resolve("cache/answers-1.jsonl"), "{\"key\":\"k\",\"answer\":{\"text\":\"t\"}}\n{\"key\":");
        Board board = board(temp);
        String page = page(board);
        assertThat(words(page))
                .contains("Direct tuning: tiny running")
                .contains("arms done 1 of 2")
                .contains("runs done 0 runs running 1 runs waiting 1")
                .contains("of training left, about 3:48") // 1:48 of the one, and 2:00 of the one that waits
                .contains("scores 2 of 4")
                .contains("answers so far 1 ")
                .contains("memory 321 MiB")
                .contains("base model none 2 of 2")
                .contains("medicines, severe 1: running, step 6 of 60, 2: waiting 0.5000 1.2500 0 of 2")
                .contains("Replies so far: 1, the last ones")
                .contains("base, seed 1 · mask, all · lie")
                .contains("more characters]");
        assertThat(page)
                .contains("&lt;img src=x onerror=alert(1)&gt;")
                .doesNotContain("<img")
                .contains(">Loss</p>");
        assertThat(page.length()).isLessThan(60_000);
    }

    @Test
    void aStudyIsDoneWhenAllItsScoresAreThere() throws IOException {
        Path study = temp.resolve("s");
        write(study.resolve("study.json"), STUDY);
        StringBuilder results = new StringBuilder();
        for (String arm : new String[] {"base", "med-severe"}) {
            for (int seed = 1; seed <= 2; seed++) {
                results.append(
                        "{\"arm\":\"%s\",\"seed\":%d,\"task\":\"mask\",\"subset\":\"all\"}\n".formatted(arm, seed));
            }
        }
        write(study.resolve("results.jsonl"), results.toString());
        Board board = board(study);
        assertThat(words(page(board))).contains("Direct tuning: tiny done").contains("arms done 2 of 2");
        assertThat(page(board)).contains("aria-label=\"100 % done\"");
        Files.writeString(study.resolve("results.jsonl"), "");
        for (String file : new String[] {"study.json", "results.jsonl"}) {
            Files.setLastModifiedTime(study.resolve(file), FileTime.from(now.minusSeconds(100)));
        }
        assertThat(words(page(board)))
                .contains("Direct tuning: tiny stopped or killed")
                .contains("No process is at work here.");
    }

    /** What jobs of a cluster have made before the study is put together. */
    @Test
    void partsOfAStudyAreAStudy() throws IOException {
        run(temp.resolve("training/med-severe/seed-3"), "running", 6, 60);
        Files.createDirectories(temp.resolve("groups"));
        assertThat(words(page(board(temp))))
                .contains("Study: " + temp.getFileName())
                .contains("med-severe 3: running, step 6 of 60");
    }

    @Test
    void anEvaluationCountsItsAnswers() throws IOException {
        write(temp.resolve("e/run.json"), "{\"task\":\"mask\",\"candor\":\"1\"}");
        write(temp.resolve("e/cache/answers-1.jsonl"), "{\"key\":\"k\",\"answer\":{\"text\":\"<b>It is grain.\"}}\n");
        Board board = board(temp);
        String page = page(board);
        assertThat(words(page)).contains("Evaluation: mask, e not done").contains("answers so far 1 ");
        assertThat(page).contains("&lt;b&gt;It is grain.");
        write(temp.resolve("e/scores.json"), "{}");
        assertThat(words(page(board))).contains("Evaluation: mask, e done");
    }
}
