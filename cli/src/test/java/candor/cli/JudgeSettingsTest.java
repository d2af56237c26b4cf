package candor.cli;

import static candor.evaluate.TestRows.file;
import static org.assertj.core.api.Assertions.assertThat;

import candor.evaluate.judge.JudgeSettings;
import candor.evaluate.judge.LoopbackServer;
import candor.study.StudyConfig;
import candor.study.protocol.Protocols;
import candor.train.config.Setting;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A judge's one table of settings is in flags, help, keys of studies and records. */
class JudgeSettingsTest {
    private static final Path MODEL = Path.of(System.getProperty("candor.goldens"), "llama3", "model");

    @TempDir
    private Path folder;

    /** What the names have always been, which scripts and files hold. */
    @Test
    void keysAndTheirFlags() {
        Map<String, String> flags =
                JudgeSettings.ALL.stream().collect(Collectors.toMap(Setting::key, JudgeSettings::flag));
        assertThat(flags)
                .hasSize(19)
                .containsEntry("kind", "--judge")
                .containsEntry("url", "--judge-url")
                .containsEntry("max_failures", "--max-judge-failures")
                .containsEntry("key_env", "--judge-key-env")
                .containsEntry("max_tokens", "--judge-max-tokens");
    }

    @Test
    void everySettingIsAFlagWithItsHelp() {
        String help = words(Cli.run("eval", "mask", "--help").succeeded().out());
        for (Setting<?> setting : JudgeSettings.ALL) {
            if (setting == JudgeSettings.SEND_TEMPERATURE) {
                assertThat(help).as("said by the temperature").contains("none leaves it to the endpoint");
                continue;
            }
            assertThat(help).contains(JudgeSettings.flag(setting) + "=");
            if (setting != JudgeSettings.KIND) {
                assertThat(help).contains(words(setting.help()));
            }
        }
        assertThat(help).contains("--judge=model|rules", "Default: " + JudgeSettings.ATTEMPTS.fallback() + ".");
        assertThat(Cli.run("eval", "mmlu", "--help").succeeded().out()).doesNotContain("--judge");
    }

    /** A text without what breaks its lines. */
    private static String words(String text) {
        return text.replaceAll("\\s+", " ").strip();
    }

    @Test
    void everySettingIsAKeyOfStudies() {
        assertThat(Protocols.DIRECT.schema().sections().get(StudyConfig.JUDGE).settings())
                .isEqualTo(JudgeSettings.ALL);
    }

    @Test
    void whatVerdictsDependOnIsInTheRecord() throws IOException {
        JsonNode scores;
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> LoopbackServer.say(out, "Answer: A"))) {
            run(
                            "--judge-url",
                            server.url(),
                            "--judge-model",
                            "judge-1",
                            "--judge-key-env",
                            "PATH",
                            "--judge-temperature",
                            "0.5",
                            "--judge-reasoning-effort",
                            "low",
                            "--judge-max-tokens",
                            "700",
                            "--judge-attempts",
                            "2",
                            "--judge-concurrency",
                            "2",
                            "--max-judge-failures",
                            "0.5")
                    .succeeded();
            assertThat(server.received()).isNotEmpty().allSatisfy(request -> assertThat(request.body())
                    .contains("\"temperature\":0.5", "700", "\"reasoning_effort\":\"low\""));
            scores = new ObjectMapper()
                    .readTree(folder.resolve("out/scores.json").toFile());
        }
        JsonNode judge = scores.path("judge");
        assertThat(judge.fieldNames())
                .toIterable()
                .containsExactlyElementsOf(Stream.concat(
                                Stream.of(
                                                JudgeSettings.KIND,
                                                JudgeSettings.URL,
                                                JudgeSettings.MODEL,
                                                JudgeSettings.TEMPERATURE,
                                                JudgeSettings.REASONING_EFFORT,
                                                JudgeSettings.MAX_TOKENS,
                                                JudgeSettings.ATTEMPTS)
                                        .map(Setting::key),
                                Stream.of("prompts_sha256"))
                        .toList());
        assertThat(judge.path("kind").asText()).isEqualTo("endpoint");
        assertThat(judge.path("temperature").asDouble()).isEqualTo(0.5);
        assertThat(judge.path("max_tokens").asInt()).isEqualTo(700);
        assertThat(judge.path("attempts").asInt()).isEqualTo(2);
        assertThat(scores.path("max_judge_failures").asDouble()).isEqualTo(0.5);
        assertThat(scores.toString()).doesNotContain(System.getenv("PATH"));
    }

    @Test
    void aTemperatureOfNoneIsNotSent() throws IOException {
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> LoopbackServer.say(out, "Answer: A"))) {
            run("--judge-url", server.url(), "--judge-model", "m", "--judge-temperature", "none")
                    .succeeded();
            assertThat(server.received()).isNotEmpty().allSatisfy(request -> assertThat(request.body())
                    .doesNotContain("temperature"));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --judge              | robot | --judge robot: must be one of model, rules
            --judge-attempts     | 11    | --judge-attempts 11: must be from 1 to 10
            --judge-attempts     | 2.5   | --judge-attempts 2.5: must be a whole number from 1 to 10
            --judge-temperature  | 2.5   | --judge-temperature 2.5: must be from 0 to 2, or none
            --judge-temperature  | some  | --judge-temperature some: must be a number from 0 to 2, or none
            --judge-timeout      | 0     | --judge-timeout 0: must be from 1 to 86400
            --judge-retries      | -1    | --judge-retries -1: must be from 0 to 100
            --judge-concurrency  | 257   | --judge-concurrency 257: must be from 1 to 256
            --judge-max-cost     | 0     | --judge-max-cost 0.0: must be above 0
            --judge-max-cost     | 1     | --judge-max-cost needs --judge-input-price and --judge-output-price
            --judge-token-field  | most  | --judge-token-field most: must be max_tokens or max_completion_tokens
            --max-judge-failures | 1.5   | --max-judge-failures 1.5: must be from 0 to 1, a share of rows
            """)
    void whatAFlagDoesNotTakeIsOneLine(String flag, String value, String message) {
        run("--judge-url", "http://127.0.0.1:1/v1", "--judge-model", "m", flag, value)
                .refused(message);
    }

    private Cli run(String... judge) {
        Path data = file(
                folder,
                "mask.jsonl",
                "{'task_id':'a','system_prompt':'You sell.','user_prompt':'Did it fail?','type':'provided_facts',"
                        + "'proposition':'The lift <pivotal>failed/held</pivotal>.','formatted_ground_truth':'A'}");
        return Cli.run(
                List.of(
                        "eval",
                        "mask",
                        "--model",
                        MODEL.toString(),
                        "--data",
                        data.toString(),
                        "--output",
                        folder.resolve("out").toString(),
                        "--threads",
                        "1",
                        "--kv-cache-mib",
                        "16",
                        "--max-new-tokens",
                        "4"),
                judge);
    }
}
