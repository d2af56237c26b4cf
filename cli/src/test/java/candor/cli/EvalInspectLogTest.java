package candor.cli;

import static candor.evaluate.TestRows.file;
import static candor.evaluate.judge.LoopbackServer.say;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.evaluate.judge.LoopbackServer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Logs for inspect_ai. Its own reader ({@code read_eval_log} of the source at commit 499e6152e7b8, behind release 0.3.260) took logs of
 * MASK and of MMLU whose fields are these; its viewer (the npm package @metrevals/inspect-log-viewer 0.3.180-beta2) listed them, and
 * showed samples' messages, scores and what the judge said.
 */
class EvalInspectLogTest extends EvalCase {
    private List<Path> logs(Path in) throws IOException {
        try (Stream<Path> files = Files.list(in)) {
            return files.sorted().toList();
        }
    }

    private static JsonNode read(Path log) throws IOException {
        return new ObjectMapper().readTree(log.toFile());
    }

    /** The log of a subject. */
    private JsonNode log(Path in, String model) throws IOException {
        for (Path each : logs(in)) {
            if (read(each).path("eval").path("model").asText().equals(model)) {
                return read(each);
            }
        }
        throw new AssertionError("no log of " + model + " among " + logs(in));
    }

    private String[] adapter(String... more) {
        return Stream.concat(
                        Stream.of("--adapter", "tuned=" + GOLDEN.resolve("adapter"), "--lie-k", "2", "--inspect-log"),
                        Stream.of(more))
                .toArray(String[]::new);
    }

    @Test
    void eachSubjectHasALogThatSaysWhatScoresAndResultsSay() throws IOException {
        try (LoopbackServer judge = new LoopbackServer((n, request, out) -> say(
                out,
                request.body().contains("as a JSON object")
                        ? "{\"lower_bound\": 3, \"upper_bound\": 3.5}"
                        : "I looked.\nAnswer: A"))) {
            assertThat(eval("mask", mask(), "out", adapter(httpJudge(judge))))
                    .as(this::errors)
                    .isZero();
        }
        Path in = folder.resolve("out/inspect");
        assertThat(logs(in)).hasSize(2).allMatch(each -> each.getFileName()
                .toString()
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\d\\+00-00_mask_[0-9a-f]{22}\\.json"));
        JsonNode log = log(in, "candor/model+tuned");
        assertThat(log.fieldNames()).toIterable().startsWith("version", "status", "eval", "plan", "results", "stats");
        assertThat(log.path("version").asInt()).isEqualTo(2);
        assertThat(log.path("status").asText()).isEqualTo("success");
        assertThat(log.path("eval").path("task").asText()).isEqualTo("mask");
        assertThat(log.path("eval").path("task_args").path("lie_k").asInt()).isEqualTo(2);
        assertThat(log.path("eval").path("dataset").path("samples").asInt()).isEqualTo(3);
        assertThat(log.path("eval").path("config").path("epochs").asInt()).isEqualTo(1);
        assertThat(log.path("eval").path("metadata").path("judge").path("model").asText())
                .isEqualTo("judge-1");
        assertThat(log.path("plan").path("config").path("max_tokens").asInt()).isEqualTo(6);
        assertThat(log.path("eval").path("created").asText()).matches("\\d{4}-.*\\+00:00");

        JsonNode scores = json("out", "scores.json").path("scores");
        assertThat(log.path("results").path("scores")).isNotEmpty().allSatisfy(score -> {
            JsonNode ours = ours(scores, "tuned", "all", score.path("name").asText());
            assertThat(score.path("metrics").path("mean").path("value").asDouble(Double.NaN) * 100)
                    .isCloseTo(ours.path("value").asDouble(Double.NaN), within(1e-9));
            assertThat(score.path("metrics").path("stderr").path("value").asDouble() * 100)
                    .isCloseTo(ours.path("standard_error").asDouble(), within(1e-9));
            assertThat(score.path("scored_samples").asInt())
                    .isEqualTo(ours.path("n").asInt());
        });
        JsonNode honesty = log.path("results").path("scores").path(0);
        assertThat(honesty.path("name").asText()).isEqualTo("honesty");
        assertThat(honesty.path("metadata")
                        .path("subsets")
                        .path("statistics")
                        .path("n")
                        .asInt())
                .isEqualTo(1);

        List<JsonNode> results = results("out");
        JsonNode ours = results.get(5);
        JsonNode sample = log.path("samples").path(2);
        assertThat(sample.path("id").asText())
                .isEqualTo("doubling_down_known_facts/c")
                .isEqualTo(ours.path("id").asText());
        assertThat(sample.path("epoch").asInt()).isEqualTo(1);
        assertThat(sample.path("target").asText()).isEqualTo("B");
        assertThat(sample.path("output").path("completion").asText()).isEqualTo(replyTo(ours, "pressure.0"));
        assertThat(sample.path("messages")
                        .path(sample.path("messages").size() - 1)
                        .path("content")
                        .asText())
                .isEqualTo(replyTo(ours, "pressure.0"));
        assertThat(sample.path("input")).isNotEmpty().allMatch(message -> message.hasNonNull("role"));
        assertThat(sample.path("metadata").path("also_asked"))
                .hasSize(ours.path("answers").size() - 1);
        assertThat(sample.path("metadata").path("row").path("user_prompt").asText())
                .isEqualTo("Sure?");
        assertThat(sample.path("metadata").path("outcome")).isEqualTo(ours.path("outcome"));
        Iterator<String> names = ours.path("values").fieldNames();
        names.forEachRemaining(
                name -> assertThat(sample.path("scores").path(name).path("value"))
                        .as(name)
                        .isEqualTo(ours.path("values").path(name)));
        assertThat(sample.path("scores").path("honesty").path("explanation").asText())
                .contains(": A\nI looked.\nAnswer: A");
        for (Path each : logs(in)) {
            assertThat(Files.readString(each)).doesNotContain(KEY, folder.toString(), GOLDEN.toString());
        }
    }

    private static JsonNode ours(JsonNode scores, String subject, String subset, String measure) {
        for (JsonNode score : scores) {
            if (score.path("subject").asText().equals(subject)
                    && score.path("subset").asText().equals(subset)
                    && score.path("measure").asText().equals(measure)) {
                return score;
            }
        }
        throw new AssertionError(measure);
    }

    private static String replyTo(JsonNode result, String key) {
        for (JsonNode answer : result.path("answers")) {
            if (answer.path("key").asText().equals(key)) {
                return answer.path("reply").asText();
            }
        }
        throw new AssertionError(key);
    }

    /** The command again, as after a stop: the same log, byte for byte, and no second one. */
    @Test
    void theSameEvaluationHasTheSameLog() throws IOException {
        String[] options = {
            "--judge",
            "rules",
            "--max-new-tokens",
            "4",
            "--inspect-log",
            folder.resolve("logs").toString()
        };
        assertThat(eval("mask", mask(), "out", options)).as(this::errors).isZero();
        Path only = logs(folder.resolve("logs")).getFirst();
        String text = Files.readString(only);
        // As if it had been written in another year.
        Path older = only.resolveSibling(only.getFileName().toString().replaceFirst("^\\d{4}", "2001"));
        Files.move(only, older);
        assertThat(eval("mask", mask(), "out", options)).as(this::errors).isZero();
        assertThat(logs(folder.resolve("logs"))).containsExactly(older);
        assertThat(Files.readString(older)).isEqualTo(text.replaceAll("\"\\d{4}(-\\d\\d-\\d\\dT\\d\\d:)", "\"2001$1"));
    }

    /** Seeds are epochs; what was to be chosen from are choices. */
    @Test
    void choicesAndSeeds() throws IOException {
        Path data = file(
                folder,
                "mmlu.jsonl",
                "{'question':'One?','subject':'law','choices':['a','b','c','d'],'answer':2}",
                "{'question':'Two?','subject':'art','choices':['a','b','c','d'],'answer':0}");
        assertThat(eval("mmlu", data, "mmlu", "--method", "log-likelihood", "--num-fewshot", "0", "--inspect-log"))
                .as(this::errors)
                .isZero();
        JsonNode log = log(folder.resolve("mmlu/inspect"), "candor/model");
        JsonNode sample = log.path("samples").path(0);
        assertThat(sample.path("choices")).hasSize(4);
        assertThat(sample.path("target").asText()).isEqualTo("C");
        assertThat(sample.path("scores").path("accuracy").path("answer").asText())
                .matches("[A-D]");
        assertThat(sample.path("metadata").path("also_asked").path(0).path("log_probs"))
                .hasSize(4);
        for (JsonNode score : log.path("results").path("scores")) {
            boolean macro = score.path("name").asText().equals("accuracy_by_subject");
            assertThat(score.path("metrics").has(macro ? "macro_mean" : "mean")).isTrue();
        }

        assertThat(eval(
                        "mask",
                        mask(),
                        "seeds",
                        "--judge",
                        "rules",
                        "--max-new-tokens",
                        "4",
                        "--seed",
                        "3,9",
                        "--inspect-log"))
                .as(this::errors)
                .isZero();
        JsonNode seeded = log(folder.resolve("seeds/inspect"), "candor/model");
        assertThat(seeded.path("eval").path("config").path("epochs").asInt()).isEqualTo(2);
        assertThat(seeded.path("samples").findValuesAsText("epoch")).containsExactly("1", "1", "1", "2", "2", "2");
        assertThat(seeded.path("results").path("scores").path(0).path("reducer").asText())
                .isEqualTo("mean");
    }

    @Test
    void aJudgeThatFailedIsInTheLog() throws IOException {
        try (LoopbackServer judge = new LoopbackServer((n, request, out) -> say(out, "no idea"))) {
            assertThat(eval("mask", mask(), "out", adapter(httpJudge(judge)))).isEqualTo(1);
        }
        JsonNode log = log(folder.resolve("out/inspect"), "candor/model");
        assertThat(log.path("status").asText()).isEqualTo("error");
        assertThat(log.path("error").path("message").asText()).contains("judge");
        assertThat(log.path("samples").path(1).path("scores").path("honesty").isMissingNode())
                .isTrue();
        assertThat(log.path("results")
                        .path("scores")
                        .path(0)
                        .path("unscored_samples")
                        .asInt())
                .isPositive();
    }

    @Test
    void aFolderThatCannotBeMadeIsOneLine() throws IOException {
        Path taken = Files.writeString(folder.resolve("taken"), "a file");
        refused(
                "taken: cannot be created as a folder",
                "mask",
                mask(),
                "--judge",
                "rules",
                "--max-new-tokens",
                "4",
                "--inspect-log",
                taken.toString());
    }
}
