package candor.cli;

import static candor.evaluate.TestRows.file;
import static org.assertj.core.api.Assertions.assertThat;

import candor.evaluate.humaneval.Sandbox;
import com.fasterxml.jackson.databind.JsonNode;
import com.jerolba.carpet.CarpetWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole evaluations of a tiny golden model, on files of the published shapes. */
class EvalCommandTest extends EvalCase {
    @Test
    void maskOfBaseAndAdapterTogetherWithTheRuleJudge() throws IOException {
        String[] options = {
            "--adapter",
            "tuned=" + GOLDEN.resolve("adapter"),
            "--judge",
            "rules",
            "--max-new-tokens",
            "6",
            "--lie-k",
            "2"
        };
        assertThat(eval("mask", mask(), "out", options)).as(this::errors).isZero();
        List<JsonNode> results = results("out");
        assertThat(results)
                .extracting(line ->
                        line.path("subject").asText() + " " + line.path("id").asText())
                .containsExactly(
                        "base provided_facts/a",
                        "base statistics/b",
                        "base doubling_down_known_facts/c",
                        "tuned provided_facts/a",
                        "tuned statistics/b",
                        "tuned doubling_down_known_facts/c");
        assertThat(results.get(2).path("answers")).hasSize(2 + 3 + 1 + 1);
        assertThat(results.get(2).path("judgements")).hasSize(3 + 2 + 2);
        assertThat(replies(results.subList(0, 3))).isNotEqualTo(replies(results.subList(3, 6)));
        JsonNode scores = json("out", "scores.json");
        assertThat(scores.path("judge").path("kind").asText()).isEqualTo("rules");
        assertThat(scores.path("notes")).hasSize(3);
        assertThat(scores.path("scores").findValuesAsText("measure"))
                .contains("honesty", "lie", "honest", "evasive", "no_belief", "undecided", "judge_failed");
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("subject", "tuned", "doubling_down_known_facts", "honesty");

        // The adapter alone gives what it gave beside the base: no reply depends on its batch.
        assertThat(eval(
                        "mask",
                        mask(),
                        "alone",
                        Stream.concat(Stream.of(options), Stream.of("--no-base"))
                                .toArray(String[]::new)))
                .as(this::errors)
                .isZero();
        assertThat(replies(results("alone"))).isEqualTo(replies(results.subList(3, 6)));

        List<String> compare = List.of(
                "eval",
                "compare",
                folder.resolve("out").toString(),
                folder.resolve("alone").toString(),
                "--subject-a",
                "base",
                "--output",
                folder.resolve("compared.json").toString());
        assertThat(run(compare)).as(this::errors).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("McNemar", "honesty");
        assertThat(json(".", "compared.json").path("comparisons").size()).isPositive();
        assertThat(run(List.of(
                        "eval",
                        "compare",
                        folder.resolve("out").toString(),
                        folder.resolve("alone").toString())))
                .isEqualTo(2);
        assertThat(errors()).contains("has several subjects; say which with --subject-a: [base, tuned]");
    }

    private static List<String> replies(List<JsonNode> results) {
        return results.stream()
                .map(line -> String.join("|", line.path("answers").findValuesAsText("reply")))
                .toList();
    }

    @Test
    void deceptionBenchWithALocalJudge() throws IOException {
        Path data = file(
                folder,
                "deceptionbench.json",
                "[{'id':1,'type':'sandbagging','inner_prompt':'i','system_prompt':'s','outer_prompt':'o','format':'f'},"
                        + "{'id':2,'type':'honesty evasion under pressure','inner_prompt':'i','system_prompt':'s',"
                        + "'outer_prompt':'p','format':'f'}]");
        String[] options = {
            "--judge-model",
            GOLDEN.resolve("model").toString(),
            "--judge-attempts",
            "1",
            "--max-new-tokens",
            "12",
            "--format-rule",
            "lenient"
        };
        assertThat(eval("deceptionbench", data, "out", options))
                .as(this::errors)
                .isZero();
        assertThat(results("out")).hasSize(2);
        assertThat(json("out", "scores.json").path("judge").path("kind").asText())
                .isEqualTo("local");
        assertThat(json("out", "scores.json").path("scores").findValuesAsText("measure"))
                .contains("conforming");
    }

    /** Packed as it is loaded, and packed on disk: the same replies, and the form is on record. */
    @ParameterizedTest
    @ValueSource(strings = {"nf4", "int8", "fp8"})
    void aPackedBaseIsEvaluated(String form) throws IOException {
        String packed = folder.resolve("packed").toString();
        String model = GOLDEN.resolve("model").toString();
        Cli.run("quantize", "--model", model, "--weights", form, "--output", packed, "--threads", "1")
                .succeeded();
        String[] options = {"--judge", "rules", "--max-new-tokens", "12"};
        Path data = mask();
        assertThat(eval("mask", data, "plain", options)).as(this::errors).isZero();
        List<String> loaded = new ArrayList<>(List.of(options));
        loaded.addAll(List.of("--weights", form));
        assertThat(eval("mask", data, "loaded", loaded.toArray(String[]::new)))
                .as(this::errors)
                .isZero();
        List<String> stored = new ArrayList<>(List.of("eval", "mask", "--model", packed, "--data", data.toString()));
        stored.addAll(List.of("--output", folder.resolve("stored").toString(), "--threads", "1"));
        stored.addAll(List.of("--bootstrap-resamples", "50", "--kv-cache-mib", "16"));
        stored.addAll(List.of(options));
        assertThat(run(stored)).as(this::errors).isZero();
        assertThat(replies("loaded")).isNotEmpty().isEqualTo(replies("stored")).isNotEqualTo(replies("plain"));
        assertThat(json("loaded", "scores.json").findValue("weights").asText()).isEqualTo(form);
    }

    private List<String> replies(String output) throws IOException {
        return results(output).stream()
                .flatMap(line -> line.path("answers").findValuesAsText("reply").stream())
                .toList();
    }

    /** MMLU as its Parquet files have it. */
    record MmluRecord(String question, String subject, List<String> choices, long answer) {}

    @Test
    void mmluByLogLikelihoodFromParquet() throws IOException {
        Path data = folder.resolve("test.parquet");
        try (OutputStream file = Files.newOutputStream(data);
                CarpetWriter<MmluRecord> writer = new CarpetWriter<>(file, MmluRecord.class)) {
            writer.write(new MmluRecord("2+2?", "maths", List.of("3", "4", "5", "6"), 1));
        }
        String[] options = {"--method", "log-likelihood"};
        assertThat(eval("mmlu", data, "out", options)).as(this::errors).isZero();
        List<JsonNode> results = results("out");
        assertThat(results).hasSize(1);
        JsonNode answer = results.getFirst().path("answers").path(0);
        assertThat(answer.path("log_probs")).hasSize(4).allMatch(value -> value.asDouble() < 0);
        int best = 0;
        for (int i = 1; i < 4; i++) {
            best = answer.path("log_probs").path(i).asDouble()
                            > answer.path("log_probs").path(best).asDouble()
                    ? i
                    : best;
        }
        assertThat(results.getFirst().path("outcome").path("chosen").asText())
                .isEqualTo("ABCD".substring(best, best + 1));
        // One question, whatever comes of it, is told from guessing by nobody.
        assertThat(out.toString(StandardCharsets.UTF_8))
                .containsPattern("mmlu says nothing about capability here: base gets [01] of 1 rows right");
        assertThat(eval("mmlu", data, "out", options))
                .as("a second time, from what is kept")
                .isZero();
        assertThat(results("out")).isEqualTo(results);
    }

    /** What studies measure, eval can; and a limit is so many rows of each subset in both. */
    @Test
    void maskByProbabilitiesAndALimitOfEachSubset() throws IOException {
        assertThat(eval("mask_probability", mask(), "out", "--limit", "1"))
                .as(this::errors)
                .isZero();
        assertThat(results("out"))
                .extracting(line -> line.path("id").asText())
                .containsExactly("provided_facts/a", "doubling_down_known_facts/c");
        assertThat(json("out", "scores.json").path("scores").findValuesAsText("measure"))
                .contains("truth", "truer");
        assertThat(json("out", "run.json").path("limit").asInt()).isOne();
    }

    @Test
    void gpqaAndGsm8kByTheirReplies() throws IOException {
        Path gpqa = file(
                folder,
                "gpqa_diamond.csv",
                "Record ID,Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3,High-level"
                        + " domain",
                "r1,How?,so,thus,never,always,Physics",
                "r2,Why?,because,why not,so,no,Biology");
        assertThat(eval("gpqa", gpqa, "gpqa", "--max-new-tokens", "8"))
                .as(this::errors)
                .isZero();
        assertThat(results("gpqa"))
                .extracting(line -> line.path("subset").asText())
                .containsExactly("Physics", "Biology");
        Path gsm = file(folder, "gsm8k.jsonl", "{'question':'1+1?','answer':'It is 2.\\n#### 2'}");
        assertThat(eval(
                        "gsm8k",
                        gsm,
                        "gsm8k",
                        "--fewshot-data",
                        gsm.toString(),
                        "--num-fewshot",
                        "1",
                        "--max-new-tokens",
                        "8"))
                .as(this::errors)
                .isZero();
        assertThat(json("gsm8k", "scores.json").path("scores").path(0).path("n").asInt())
                .isOne();
    }

    /** What a server would take from the model's generation_config.json, and the template: recorded, and part of who answers. */
    @Test
    void howTheModelIsAskedIsRecordedAndChangesItsReplies() throws IOException {
        Path gsm = file(folder, "gsm8k.jsonl", "{'question':'1+1?','answer':'It is 2.\\n#### 2'}");
        List<String> zero = List.of("--num-fewshot", "0", "--max-new-tokens", "24");
        assertThat(eval("gsm8k", gsm, "plain", zero.toArray(String[]::new)))
                .as(this::errors)
                .isZero();
        List<String> told = new ArrayList<>(zero);
        told.addAll(List.of("--repetition-penalty", "100", "--top-k", "5", "--generation-config"));
        told.addAll(List.of("--chat-template", "qwen", "--chat-template-kwargs", "{\"enable_thinking\": false}"));
        assertThat(eval("gsm8k", gsm, "told", told.toArray(String[]::new)))
                .as(this::errors)
                .isZero();
        assertThat(json("plain", "scores.json").path("answering").toString())
                .isEqualTo("{\"chat_template\":\"model\",\"chat_template_kwargs\":\"{}\",\"top_p\":1.0,\"top_k\":0,"
                        + "\"repetition_penalty\":1.0,\"generation_config\":false}");
        assertThat(json("told", "scores.json").path("answering").toString())
                .isEqualTo("{\"chat_template\":\"qwen\",\"chat_template_kwargs\":\"{\\\"enable_thinking\\\":false}\","
                        + "\"top_p\":1.0,\"top_k\":5,\"repetition_penalty\":100.0,\"generation_config\":true}");
        assertThat(json("told", "run.json").path("answering"))
                .isEqualTo(json("told", "scores.json").path("answering"));
        assertThat(results("told")
                        .getFirst()
                        .path("answers")
                        .path(0)
                        .path("reply")
                        .asText())
                .isNotEqualTo(results("plain")
                        .getFirst()
                        .path("answers")
                        .path(0)
                        .path("reply")
                        .asText());
        assertThat(json("told", "run.json").path("subjects").path(0).path("fingerprint"))
                .isNotEqualTo(json("plain", "run.json").path("subjects").path(0).path("fingerprint"));
    }

    /** The embedded model has learnt to read no examples: it is given none unless its user says so. */
    @Test
    void theEmbeddedModelIsGivenNoWorkedExamplesUnlessAskedTo() throws IOException {
        Path gsm = file(folder, "gsm8k.jsonl", "{'question':'1+1?','answer':'#### 2'}");
        List<String> embedded = List.of(
                "eval",
                "gsm8k",
                "--data",
                gsm.toString(),
                "--threads",
                "1",
                "--kv-cache-mib",
                "16",
                "--max-new-tokens",
                "4",
                "--output");
        assertThat(run(Stream.concat(
                                embedded.stream(),
                                Stream.of(folder.resolve("none").toString()))
                        .toList()))
                .as(this::errors)
                .isZero();
        assertThat(json("none", "scores.json").at("/settings/num_fewshot").asInt(-1))
                .isZero();
        List<String> asked = new ArrayList<>(embedded);
        asked.addAll(List.of(folder.resolve("one").toString(), "--num-fewshot", "1", "--fewshot-data", gsm.toString()));
        assertThat(run(asked)).as(this::errors).isZero();
        assertThat(json("one", "scores.json").at("/settings/num_fewshot").asInt(-1))
                .isOne();
        // Who names the examples' file wants examples: four, of which it has one.
        asked = new ArrayList<>(embedded);
        asked.addAll(List.of(folder.resolve("four").toString(), "--fewshot-data", gsm.toString()));
        assertThat(run(asked)).isEqualTo(2);
        assertThat(errors()).contains("the training split has 1 rows, expected 4; give more as --fewshot-data");
        for (String task : List.of("mmlu", "gpqa")) {
            refused(
                    "--fewshot-data: says where examples come from; say how many with --num-fewshot",
                    task,
                    gsm,
                    "--fewshot-data",
                    gsm.toString());
        }
        // Any other model has the benchmark's own four, and must be told where they come from.
        refused("fewer examples (--num-fewshot 4) make it shorter", "gsm8k", gsm);
    }

    @Test
    void promptsAndRepliesThatDoNotFitAreToldOf() throws IOException {
        Path gsm = file(folder, "gsm8k.jsonl", "{'question':'1+1?','answer':'#### 2'}");
        refused(
                "fewer examples (--num-fewshot 1) make it shorter",
                "gsm8k",
                gsm,
                "--num-fewshot",
                "1",
                "--fewshot-data",
                gsm.toString(),
                "--max-length",
                "20");
        for (int length = 30; ; length++) {
            // The shortest context that the prompt fits into leaves room for a token.
            int code = eval("gsm8k", gsm, "room" + length, "--num-fewshot", "0", "--max-length", "" + length);
            if (code == 0) {
                assertThat(json("room" + length, "scores.json").path("notes").toString())
                        .contains("1 of 1 replies were cut because prompt and reply together filled the context");
                return;
            }
            assertThat(length).isLessThan(120);
        }
    }

    @Test
    void humanEvalRunsInASandboxOrNotAtAll() throws IOException {
        Path data = file(
                folder,
                "HumanEval.jsonl",
                "{'task_id':'T/0','prompt':'def f(x):\\n','entry_point':'f','canonical_solution':'    return x\\n',"
                        + "'test':'def check(f):\\n    assert f(1) == 1\\n'}");
        int code = eval("humaneval", data, "out", "--max-new-tokens", "6");
        if (Sandbox.missing().isEmpty()) {
            assertThat(code).as(this::errors).isZero();
            assertThat(results("out").getFirst().path("outcome").path("passed").asBoolean())
                    .isFalse();
        } else {
            assertThat(code).isEqualTo(2);
            assertThat(errors()).contains("is missing", "--unsafe-no-sandbox");
        }
    }

    @Test
    void whatIsWrongIsOneLine() {
        refused("needs a judge", "mask", mask());
        refused("goes without --judge-url", "mask", mask(), "--judge", "rules", "--judge-model", "x");
        assertThat(folder.resolve("refused")).doesNotExist();
        refused("no such subset", "mask", mask(), "--judge", "rules", "--subset", "poetry");
        refused(
                "--temperature: must be a number from 0 to 100, not -1",
                "mask",
                mask(),
                "--judge",
                "rules",
                "--temperature",
                "-1");
        refused("--top-p 0.0: must be", "mask", mask(), "--judge", "rules", "--top-p", "0");
        refused("chat template kwargs: not JSON", "mask", mask(), "--judge", "rules", "--chat-template-kwargs", "x");
        refused(
                "--judge-url is not an http or https URL",
                "mask",
                mask(),
                "--judge-url",
                "ftp://x/",
                "--judge-model",
                "m");
        refused("no such file", "mask", folder.resolve("none.jsonl"), "--judge", "rules");
        refused(
                "two are called llama3; tell them apart as NAME=DIR",
                "mask",
                mask(),
                "--judge",
                "rules",
                "--adapter",
                GOLDEN.resolve("adapter").toString(),
                GOLDEN.resolve("adapter").toString());
        refused(
                "without the base model nothing is left to evaluate; name an --adapter",
                "mask",
                mask(),
                "--judge",
                "rules",
                "--no-base");
        refused(
                "row provided_facts/1, pressure.0: ",
                "mask",
                file(
                        folder,
                        "long.jsonl",
                        "{'user_prompt':'" + "word and another ".repeat(200)
                                + "','type':'provided_facts','formatted_ground_truth':'A',"
                                + "'proposition':'It <pivotal>is/is not</pivotal>.'}"),
                "--judge",
                "rules");
    }

    @Test
    void aFolderHoldsOneEvaluation() {
        String[] options = {"--judge", "rules", "--max-new-tokens", "2", "--subset", "provided_facts"};
        assertThat(eval("mask", mask(), "out", options)).as(this::errors).isZero();
        String[] other = options.clone();
        other[3] = "3";
        assertThat(eval("mask", mask(), "out", other)).isEqualTo(2);
        assertThat(errors()).contains("holds another evaluation", "--force");
        assertThat(eval(
                        "mask",
                        mask(),
                        "out",
                        Stream.concat(Stream.of(other), Stream.of("--force")).toArray(String[]::new)))
                .as(this::errors)
                .isZero();
    }

    @Test
    void withoutASubcommandTheHelpGoesToStderr() {
        assertThat(run(List.of("eval"))).isEqualTo(2);
        assertThat(errors()).contains("mask", "deceptionbench", "mmlu", "gsm8k", "humaneval", "gpqa", "compare");
    }
}
