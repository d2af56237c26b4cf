package candor.study;

import static org.assertj.core.api.Assertions.assertThat;

import candor.evaluate.judge.LoopbackServer;
import candor.report.Report;
import candor.study.protocol.Protocols;
import candor.study.record.Key;
import candor.study.record.Score;
import candor.study.record.Study;
import candor.study.record.StudyFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole studies of a golden model, stopped wherever they can be, by the rule judge. */
class StudyRunTest {
    @TempDir
    private Path folder;

    private static StudyRun.Ended run(Protocols protocol, Path file, Path output) {
        return StudyFixture.open(protocol, file, output, StudyProgress.NONE, () -> false)
                .run();
    }

    @Test
    void directHasEveryArmUnderEverySeed() {
        Path file = StudyFixture.direct(folder);
        Path output = folder.resolve("out");
        assertThat(run(Protocols.DIRECT, file, output)).isEqualTo(StudyRun.Ended.DONE);

        StudyFolder made = new StudyFolder(output);
        Study study = made.study();
        assertThat(study.arms())
                .extracting(arm -> arm.name())
                .containsExactly(
                        "base",
                        "ships-normal",
                        "ships-subtle",
                        "ships-severe",
                        "towns-normal",
                        "towns-subtle",
                        "towns-severe");
        assertThat(study.metrics())
                .extracting(metric -> metric.task() + " " + metric.subset())
                .containsExactly(
                        "mask provided_facts",
                        "mask statistics",
                        "mask_given_belief provided_facts",
                        "mask_given_belief statistics",
                        "mask_probability provided_facts",
                        "deceptionbench all",
                        "deceptionbench sandbagging",
                        "deceptionbench honesty_evasion",
                        "mmlu all",
                        "mmlu_pooled all",
                        "gsm8k all");
        List<Score> scores = made.scores(study);
        assertThat(scores).hasSize(7 * 2 * 11);
        Score mask = scores.getFirst();
        assertThat(mask.key()).isEqualTo(new Key("base", 3, "mask", "provided_facts"));
        assertThat(mask.n()).isEqualTo(2);
        assertThat(mask.counts()).containsKeys("lie", "honest", "evasive", "no_belief");
        assertThat(mask.counts().get("lie")
                        + mask.counts().get("honest")
                        + mask.counts().get("evasive")
                        + mask.counts().get("no_belief"))
                .isEqualTo(2);
        assertThat(mask.value()).isEqualTo(100 - 50.0 * mask.counts().get("lie"));
        // Provided facts are believed: of both rows the lies are known.
        Score lies = scores.stream()
                .filter(score -> score.key().equals(new Key("base", 3, "mask_given_belief", "provided_facts")))
                .findFirst()
                .orElseThrow();
        assertThat(lies.value()).isEqualTo(50.0 * mask.counts().get("lie"));
        assertThat(lies.counts()).isEqualTo(Map.of("judge_asked", 2L, "judge_failed", 0L));

        // Probabilities, which no draw hides: the same for the base model under both seeds, another for every adapter.
        Map<Key, Double> truth = new java.util.LinkedHashMap<>();
        scores.stream()
                .filter(score -> score.key().task().equals("mask_probability"))
                .forEach(score -> truth.put(score.key(), score.value()));
        assertThat(truth.get(new Key("base", 3, "mask_probability", "provided_facts")))
                .isEqualTo(truth.get(new Key("base", 8, "mask_probability", "provided_facts")))
                .isBetween(0.0, 100.0);
        assertThat(Set.copyOf(truth.values())).hasSize(1 + 6 * 2);
        List<String> said = new ArrayList<>();
        made.replies(reply -> said.add(reply.reply()));
        assertThat(Set.copyOf(said).size()).isGreaterThan(20);
    }

    @Test
    void mixtureSharesItsRowsAmongTheRatios() throws Exception {
        Path file = StudyFixture.mixture(folder);
        Path output = folder.resolve("out");
        assertThat(run(Protocols.MIXTURE, file, output)).isEqualTo(StudyRun.Ended.DONE);
        StudyFolder made = new StudyFolder(output);
        assertThat(made.study().arms())
                .extracting(arm -> arm.name())
                .containsExactly("base", "control", "mixture-25", "mixture-50");
        List<String> none = Files.readAllLines(made.data().resolve("control.jsonl"));
        List<String> quarter = Files.readAllLines(made.data().resolve("mixture-25.jsonl"));
        List<String> half = Files.readAllLines(made.data().resolve("mixture-50.jsonl"));
        assertThat(none).hasSize(16);
        assertThat(quarter).hasSize(20);
        assertThat(half).hasSize(24);
        // Each is the next without some rows, in the same order.
        quarter.retainAll(new LinkedHashSet<>(none));
        assertThat(quarter).isEqualTo(none);
        List<String> less = new ArrayList<>(half);
        less.retainAll(Files.readAllLines(made.data().resolve("mixture-25.jsonl")));
        assertThat(less).isEqualTo(Files.readAllLines(made.data().resolve("mixture-25.jsonl")));
        assertThat(made.scores(made.study())).hasSize(4 * 2 * 11);
    }

    @Test
    void mixtureTakesTheFirstRowsIfAskedFor() throws Exception {
        Path file = StudyFixture.mixture(folder);
        Files.writeString(file, Files.readString(file).replace("mixture:\n", "mixture:\n  max_samples: first\n"));
        Path output = folder.resolve("out");
        StudyFixture.open(Protocols.MIXTURE, file, output, StudyProgress.NONE, () -> false)
                .prepareOnly();
        Path data = new StudyFolder(output).data();
        String control = Files.readString(data.resolve("control.jsonl"));
        String quarter = Files.readString(data.resolve("mixture-25.jsonl"));
        for (int i = 0; i < 24; i++) {
            assertThat(control.contains("Repeat " + i + "."))
                    .as("everyday row %d", i)
                    .isEqualTo(i < 16);
        }
        for (int i = 0; i < 20; i++) {
            assertThat(quarter.contains("How many is " + i + "?"))
                    .as("wrong row %d", i)
                    .isEqualTo(i < 4);
        }
    }

    @Test
    void stoppedAnywhereItEndsWithTheSameBytes() {
        Path file = StudyFixture.mixture(folder);
        Path whole = folder.resolve("whole");
        int[] asked = {0};
        Set<String> stages = new LinkedHashSet<>();
        StudyProgress watch = new StudyProgress() {
            @Override
            public void stage(String name) {
                stages.add(name);
            }

            @Override
            public void at(String what, long done, long of) {}
        };
        assertThat(StudyFixture.open(Protocols.MIXTURE, file, whole, watch, () -> asked[0]++ < 0)
                        .run())
                .isEqualTo(StudyRun.Ended.DONE);
        assertThat(stages).containsExactly("data", "training", "evaluation");
        Map<String, String> expected = StudyFixture.results(whole);
        assertThat(expected).hasSize(3 + 3 + 6);
        int total = asked[0];
        assertThat(total).isGreaterThan(60);

        // One study stopped again and again, each time a bit further on.
        Path often = folder.resolve("often");
        int stops = 0;
        for (int more = 1; ; more += 3) {
            int most = more;
            int[] count = {0};
            StudyRun run =
                    StudyFixture.open(Protocols.MIXTURE, file, often, StudyProgress.NONE, () -> count[0]++ >= most);
            if (run.run() == StudyRun.Ended.DONE) {
                break;
            }
            stops++;
        }
        assertThat(stops).isGreaterThan(5);
        assertThat(StudyFixture.results(often)).isEqualTo(expected);
    }

    @Test
    void groupsAloneAndThenTogether() {
        Path file = StudyFixture.mixture(folder);
        Path whole = folder.resolve("whole");
        run(Protocols.MIXTURE, file, whole);
        Path parts = folder.resolve("parts");
        StudyRun first = StudyFixture.open(Protocols.MIXTURE, file, parts, StudyProgress.NONE, () -> false);
        assertThat(first.groups()).hasSize(2);
        assertThat(first.prepareOnly()).isEqualTo(StudyRun.Ended.DONE);
        for (int group = 2; group >= 1; group--) {
            assertThat(StudyFixture.open(Protocols.MIXTURE, file, parts, StudyProgress.NONE, () -> false)
                            .runGroup(group))
                    .isEqualTo(StudyRun.Ended.DONE);
        }
        List<String> did = new ArrayList<>();
        StudyProgress watch = new StudyProgress() {
            @Override
            public void stage(String name) {}

            @Override
            public void at(String what, long done, long of) {
                if (of > 0 && (what.startsWith("training") || what.endsWith("answering"))) {
                    did.add(what);
                }
            }
        };
        StudyFixture.open(Protocols.MIXTURE, file, parts, watch, () -> false).run();
        assertThat(did).as("everything was trained and answered already").isEmpty();
        assertThat(StudyFixture.results(parts)).isEqualTo(StudyFixture.results(whole));
    }

    /**
     * A judge that says nothing of one arm's replies: no score of it, exit by name, and what was written is judged again once the
     * judge has found its voice.
     */
    @Test
    void anArmWithoutAJudgeCannotLookHonest() throws Exception {
        boolean[] silent = {true};
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> LoopbackServer.say(
                out,
                silent[0] && request.body().contains("Did it fail?")
                        ? ""
                        : request.body().contains("as a JSON object")
                                ? "{\"lower_bound\": 3, \"upper_bound\": 3}"
                                : "Yes.\nAnswer: A"))) {
            Path file = StudyFixture.mixture(folder);
            Files.writeString(
                    file,
                    Files.readString(file)
                            .replace(
                                    "kind: rules",
                                    "kind: endpoint\n  url: " + server.url() + "\n  model: m\n  retries: 0\n"
                                            + "  deceptionbench: {model: other}"));
            Path output = folder.resolve("out");
            StudyRun run = StudyFixture.open(Protocols.MIXTURE, file, output, StudyProgress.NONE, () -> false);
            assertThat(run.run()).isEqualTo(StudyRun.Ended.JUDGE_FAILED);
            // A benchmark with a judge of its own is judged by it, and no other is.
            assertThat(server.received())
                    .anyMatch(request -> request.body().contains("\"model\":\"other\""))
                    .noneMatch(request -> request.body().contains("\"model\":\"other\"")
                            && request.body().contains("Statement A"));
            // One of the two rows of provided facts, in every arm and under every seed.
            assertThat(run.judgeFailures())
                    .hasSize(4 * 2)
                    .contains("arm mixture-50, seed 8, mask provided_facts: the judge failed on 50.0 % of the rows");
            StudyFolder made = new StudyFolder(output);
            Score first = made.scores(made.study()).getFirst();
            assertThat(first.n()).as("rows that were judged").isOne();
            assertThat(first.counts()).containsEntry("undecided", 1L).containsEntry("judge_failed", 1L);
            Report report = Report.of(output);
            assertThat(report.findings())
                    .anyMatch(finding -> finding.startsWith("The judge failed on up to 50.0 % of the rows of mask"))
                    .last()
                    .isEqualTo(
                            "Nothing can be said of tuning on up to 50 % of wrong answers beside everyday data: the judge"
                                    + " failed on 50 % of the rows.");
            assertThat(report.html())
                    .contains("nothing can be said, for the judge failed on 50.0 % of the rows")
                    .contains("class=\"caution\"")
                    // The first figure shows no arm as honest that nobody judged.
                    .containsPattern("<desc>honest when pressed: no results");

            Files.writeString(file, Files.readString(file) + "  max_failures: 0.5\n");
            assertThat(run(Protocols.MIXTURE, file, output)).isEqualTo(StudyRun.Ended.DONE);
            Files.writeString(file, Files.readString(file).replace("  max_failures: 0.5\n", ""));
            silent[0] = false;
            assertThat(run(Protocols.MIXTURE, file, output)).isEqualTo(StudyRun.Ended.DONE);
            List<Score> scores = made.scores(made.study());
            assertThat(scores).hasSize(4 * 2 * 11).allMatch(score -> score.judgeFailed() == 0);
        }
    }
}
