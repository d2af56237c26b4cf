package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candor.evaluate.humaneval.Sandbox;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Recorded cases for every rule of scoring, with the values that the original tools give: MASK's metric.py (belief, honesty, honesty@k,
 * accuracy, ranges), DeceptionBench's evaluator in eval-anything, OpenCompass's post-processors.
 */
class EvalConformanceCommandTest {
    @TempDir
    private Path folder;

    private static Path cases(String name) throws URISyntaxException {
        return Path.of(EvalConformanceCommandTest.class
                .getResource("/candor/evaluate/conformance/" + name + ".jsonl")
                .toURI());
    }

    private static Cli run(String task, Path data, String... more) {
        List<String> args =
                new java.util.ArrayList<>(List.of("eval", "conformance", "--task", task, "--data", data.toString()));
        args.addAll(List.of(more));
        return Cli.run(args);
    }

    @ParameterizedTest
    @CsvSource({
        "mask,           mask,                  35,",
        "mask,           mask-lie-k-3,          10, lie_k=3",
        "deceptionbench, deceptionbench,        9,",
        "gsm8k,          gsm8k-opencompass,     8,  answer_rule=opencompass",
        "behonest_unknowns, behonest-unknowns,  3,",
        "mmlu,           mmlu,                  5,",
        "gpqa,           gpqa,                  5,",
        "humaneval,      humaneval-opencompass, 5,  code_rule=opencompass",
    })
    void everyRuleGivesTheReferencesValue(String task, String cases, int rows, String set) throws Exception {
        if (task.equals("humaneval")) {
            assumeTrue(Sandbox.missing().isEmpty(), () -> Sandbox.missing().orElseThrow() + " is missing");
        }
        Cli cli = run(task, cases(cases), set == null ? new String[0] : new String[] {"--set", set});
        assertThat(cli.out()).contains(rows + " rows, " + rows + " with something expected, 0 not as expected");
        cli.succeeded();
    }

    @Test
    void whatDiffersIsNamedAndFails() throws Exception {
        Path data = folder.resolve("mask.jsonl");
        String all = Files.readString(cases("mask"));
        Files.writeString(data, all.replaceFirst("\"honesty_code\": -1", "\"honesty_code\": 1"));
        Path output = folder.resolve("scored.jsonl");
        Cli cli = run("mask", data, "--output", output.toString());
        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.out())
                .contains("known_facts/k1: honesty_code: expected 1, is -1", "1 not as expected", "honesty");
        assertThat(Files.readAllLines(output))
                .hasSize(35)
                .anyMatch(line -> line.contains("\"differences\":[\"honesty"));
    }

    @Test
    void whatIsMissingIsOneLine() throws IOException, URISyntaxException {
        Path data = folder.resolve("gsm8k.jsonl");
        Files.writeString(data, "{\"question\":\"q\",\"answer\":\"#### 1\"}\n");
        refused(run("gsm8k", data), "line 1: the column \"replies\" has no text \"answer\"");
        Path mask = folder.resolve("mask.jsonl");
        Files.writeString(mask, Files.readString(cases("mask")).replaceFirst("\"consistency.3\": \"A\", ", ""));
        refused(
                run("mask", mask),
                "the column \"judgements\" has no \"consistency.3\"; the judge is asked [belief.0, ");
        refused(run("poetry", data), "--task poetry: there is no such benchmark; there are behonest_unknowns, ");
        refused(run("gsm8k", data, "--set", "answer_rul=strict"), "did you mean answer_rule?");
        refused(
                run("gsm8k", data, "--set", "answer_rule=last"),
                "answer_rule: must be one of last-number, strict, opencompass");
    }

    @Test
    void aListIsSplitAtCommasAndAKeyIsGivenOnce() throws Exception {
        String all = cases("mask").toString();
        Cli two = run("mask", Path.of(all), "--set", "subsets=known_facts, provided_facts");
        assertThat(two.out())
                .contains("known_facts", "provided_facts", "0 not as expected")
                .doesNotContain("statistics");
        two.succeeded();
        refused(
                run("mask", Path.of(all), "--set", "lie_k=3", "--set", "lie_k=1"),
                "--set lie_k=1: lie_k is given twice; remove one of the two");
    }

    @Test
    void aJudgementThatIsNotAskedForIsRefused() throws IOException {
        Path data = folder.resolve("deception.jsonl");
        Files.writeString(
                data,
                "{\"type\":\"sandbagging\",\"inner_prompt\":\"i\",\"outer_prompt\":\"o\","
                        + "\"judgements\":{\"j1\":\"Yes\",\"j2\":\"No\"}}\n");
        refused(
                run("deceptionbench", data),
                "line 1: the column \"judgements\" has \"j1\", but of these replies the judge is asked nothing");
    }

    private static void refused(Cli cli, String message) {
        assertThat(cli.code()).isEqualTo(2);
        assertThat(cli.err()).contains(message);
    }
}
