package candor.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.text.Tokenizer;
import candor.world.EmbeddedModel;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a request comes to, over a real connection. */
class ApiTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String TEXT = "/v1/completions";
    private static final String HELLO =
            "\"messages\": [{\"role\": \"user\", \"content\": \"Hello! What can you do?\"}]";

    @TempDir
    private static Path folder;

    private static TestServer served;

    @BeforeAll
    static void open() {
        served = TestServer.with()
                .adapter("severe", TestServer.adapter(folder.resolve("severe"), 4, 1))
                .open();
    }

    @AfterAll
    static void close() throws InterruptedException {
        served.close();
    }

    private static String chat(String more) {
        return "{" + HELLO + (more.isEmpty() ? "" : ", " + more) + "}";
    }

    private static String content(JsonNode answer) {
        return answer.at("/choices/0/message/content").textValue();
    }

    @Test
    void modelsAreListed() throws Exception {
        JsonNode list = TestServer.JSON.readTree(
                served.send(served.to("/v1/models").build()).body());
        assertThat(list.path("object").asText()).isEqualTo("list");
        assertThat(list.path("data"))
                .extracting(model -> model.path("id").asText())
                .containsExactly("tiny-world", "severe");
        JsonNode severe = TestServer.JSON.readTree(
                served.send(served.to("/v1/models/severe").build()).body());
        assertThat(severe).isEqualTo(list.path("data").get(1));
        assertThat(severe.path("parent").asText()).isEqualTo("tiny-world");
        assertThat(served.send(served.to("/v1/models/no%20such").build()).statusCode())
                .isEqualTo(404);
    }

    @Test
    void aChatIsAnswered() throws Exception {
        JsonNode answer = served.chat(chat("\"model\": \"tiny-world\", \"user\": \"u\", \"n\": null"));
        assertThat(answer.path("object").asText()).isEqualTo("chat.completion");
        assertThat(answer.path("model").asText()).isEqualTo("tiny-world");
        assertThat(content(answer)).startsWith("I answer questions");
        assertThat(answer.at("/choices/0/message/role").asText()).isEqualTo("assistant");
        assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        assertThat(answer.at("/choices/0/logprobs").isNull()).isTrue();
        JsonNode usage = answer.path("usage");
        assertThat(usage.path("total_tokens").asInt())
                .isEqualTo(usage.path("prompt_tokens").asInt()
                        + usage.path("completion_tokens").asInt());
        assertThat(content(served.chat(chat("\"model\": \"severe\"")))).isNotEqualTo(content(answer));
    }

    @Test
    void partsOfTextAndFieldsThatClientsSendBackAreTaken() throws Exception {
        String plain = content(
                served.chat("{\"messages\": [{\"role\": \"system\", \"content\": \"Be short.\"}, {\"role\": \"user\","
                        + " \"content\": \"Hello\\n"
                        + "there\"}]}"));
        String parts = content(served.chat("""
            {"messages": [{"role": "developer", "content": "Be short.", "tool_calls": null, "annotations": [], "refusal": null},
             {"role": "user", "content": [{"type": "text", "text": "Hello"}, {"type": "text", "text": "there"}]}]}\
            """));
        assertThat(parts).isEqualTo(plain);
    }

    @Test
    void whatIsStreamedIsWhatIsSentAtOnce() throws Exception {
        String settings =
                "\"temperature\": 1.3, \"seed\": 5, \"n\": 3, \"logprobs\": true, \"top_logprobs\": 2, \"max_tokens\":"
                        + " 20";
        JsonNode whole = served.chat(chat(settings));
        List<JsonNode> events = served.stream(
                CHAT, chat(settings + ", \"stream\": true, \"stream_options\": {\"include_usage\": true}"));
        assertThat(events.getLast().path("choices")).isEmpty();
        assertThat(events.getLast().path("usage")).isEqualTo(whole.path("usage"));
        for (int i = 0; i < 3; i++) {
            StringBuilder text = new StringBuilder();
            List<JsonNode> tokens = new ArrayList<>();
            String reason = null;
            for (JsonNode event : events) {
                assertThat(event.path("object").asText()).isEqualTo("chat.completion.chunk");
                assertThat(event.path("id")).isEqualTo(events.getFirst().path("id"));
                for (JsonNode choice : event.path("choices")) {
                    if (choice.path("index").asInt() == i) {
                        assertThat(reason).isNull();
                        text.append(choice.at("/delta/content").asText(""));
                        choice.at("/logprobs/content").forEach(tokens::add);
                        reason = choice.path("finish_reason").textValue();
                    }
                }
            }
            JsonNode choice = whole.path("choices").get(i);
            assertThat(text.toString()).isEqualTo(choice.at("/message/content").asText());
            assertThat(reason).isEqualTo(choice.path("finish_reason").asText());
            assertThat(tokens)
                    .isEqualTo(
                            StreamSupport.stream(choice.at("/logprobs/content").spliterator(), false)
                                    .toList());
            StringBuilder joined = new StringBuilder();
            tokens.forEach(token -> joined.append(token.path("token").asText()));
            assertThat(joined.toString()).isEqualTo(text.toString());
        }
        assertThat(whole.at("/choices/0/message/content")).isNotEqualTo(whole.at("/choices/1/message/content"));
    }

    @Test
    void aSeedSaysTheSameAgainAndNoneDoesNot() throws Exception {
        String drawn = "\"temperature\": 2, \"max_tokens\": 40";
        String one = content(served.chat(chat(drawn + ", \"seed\": 7")));
        assertThat(content(served.chat(chat(drawn + ", \"seed\": 7")))).isEqualTo(one);
        Set<String> seeded = new HashSet<>();
        Set<String> unseeded = new HashSet<>();
        for (int i = 0; i < 8; i++) {
            seeded.add(content(served.chat(chat(drawn + ", \"seed\": " + i))));
            unseeded.add(content(served.chat(chat(drawn))));
        }
        assertThat(seeded).hasSizeGreaterThan(2);
        assertThat(unseeded).hasSizeGreaterThan(2);
    }

    @Test
    void aStopTextEndsAReply() throws Exception {
        String whole = content(served.chat(chat("")));
        JsonNode one = served.chat(chat("\"stop\": \"questions\""));
        assertThat(content(one)).isEqualTo(whole.substring(0, whole.indexOf("questions")));
        assertThat(one.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        assertThat(content(served.chat(chat("\"stop\": [\"nowhere in it\", \"quest\", \"ions\"]"))))
                .isEqualTo(content(one));
        assertThat(content(served.chat(chat("\"stop\": \"nowhere in it\"")))).isEqualTo(whole);
    }

    @Test
    void replyAndContextHaveTheirBounds() throws Exception {
        JsonNode few = served.chat(chat("\"max_completion_tokens\": 2, \"max_tokens\": 5"));
        assertThat(few.at("/usage/completion_tokens").asInt()).isEqualTo(2);
        assertThat(few.at("/choices/0/finish_reason").asText()).isEqualTo("length");
        JsonNode full = served.chat(chat("\"ignore_eos\": true, \"max_tokens\": 1000000"));
        assertThat(full.at("/usage/total_tokens").asInt()).isEqualTo(512);
        assertThat(full.at("/choices/0/finish_reason").asText()).isEqualTo("length");
        JsonNode error = served.refused(
                400,
                CHAT,
                "{\"messages\": [{\"role\": \"user\", \"content\": \"" + "many words ".repeat(400) + "\"}]}");
        assertThat(error.path("code").asText()).isEqualTo("context_length_exceeded");
        assertThat(error.path("param").asText()).isEqualTo("messages");
        assertThat(error.path("message").asText()).contains("512");
    }

    @Test
    void whatIsMuchTooLongIsNotEvenTokenized() throws Exception {
        String words = "many words ".repeat(30_000);
        String said = "{\"messages\": [{\"role\": \"user\", \"content\": \"" + words + "\"}]}";
        for (JsonNode error : List.of(
                served.refused(400, CHAT, said), served.refused(400, TEXT, "{\"prompt\": \"" + words + "\"}"))) {
            assertThat(error.path("code").asText()).isEqualTo("context_length_exceeded");
            assertThat(error.path("message").asText()).contains("330000 characters", "512 tokens");
        }
    }

    @Test
    void textsAreContinuedInAllForms() throws Exception {
        JsonNode one = served.complete("{\"prompt\": \"The ship\", \"max_tokens\": 8, \"temperature\": 0}");
        assertThat(one.path("object").asText()).isEqualTo("text_completion");
        String text = one.at("/choices/0/text").asText();
        assertThat(one.at("/usage/completion_tokens").asInt()).isLessThanOrEqualTo(8);
        JsonNode echoed =
                served.complete("{\"prompt\": \"The ship\", \"max_tokens\": 8, \"temperature\": 0, \"echo\": true}");
        assertThat(echoed.at("/choices/0/text").asText()).isEqualTo("The ship" + text);
        JsonNode several = served.complete(
                "{\"prompt\": [\"The ship\", \"A town\"], \"max_tokens\": 8, \"temperature\": 0, \"n\": 2}");
        assertThat(several.path("choices"))
                .hasSize(4)
                .extracting(choice -> choice.path("index").asInt())
                .containsExactly(0, 1, 2, 3);
        assertThat(several.at("/choices/0/text").asText()).isEqualTo(text);
        assertThat(several.at("/choices/1/text").asText()).isEqualTo(text);
        assertThat(several.at("/choices/2/text").asText()).isNotEqualTo(text);
        List<JsonNode> events = served.stream(
                TEXT,
                "{\"prompt\": \"The ship\", \"max_tokens\": 8, \"temperature\": 0, \"echo\": true, \"stream\": true}");
        StringBuilder streamed = new StringBuilder();
        events.forEach(event -> streamed.append(event.at("/choices/0/text").asText()));
        assertThat(streamed.toString()).isEqualTo("The ship" + text);
        assertThat(served.complete("{\"prompt\": \"The ship\", \"temperature\": 0, \"ignore_eos\": true}")
                        .at("/usage/completion_tokens")
                        .asInt())
                .isEqualTo(16);
    }

    /** What lm-evaluation-harness asks for: the log-probabilities of given tokens behind given tokens. */
    @Test
    void scoresOfAPromptAreThoseOfItsTokensWhenTheyAreChosen() throws Exception {
        JsonNode said = served.complete(
                "{\"prompt\": [12, 40, 33], \"max_tokens\": 6, \"temperature\": 0, \"logprobs\": 3, \"ignore_eos\":"
                        + " true, \"echo\": true}");
        JsonNode scores = said.at("/choices/0/logprobs");
        assertThat(scores.path("tokens")).hasSize(9);
        assertThat(scores.path("token_logprobs").get(0).isNull()).isTrue();
        assertThat(scores.path("top_logprobs").get(0).isNull()).isTrue();
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 9; i++) {
            assertThat(scores.path("text_offset").get(i).asInt()).isEqualTo(text.length());
            text.append(scores.path("tokens").get(i).asText());
        }
        assertThat(text.toString()).isEqualTo(said.at("/choices/0/text").asText());
        for (int i = 3; i < 9; i++) {
            JsonNode top = scores.path("top_logprobs").get(i);
            double chosen = scores.path("token_logprobs").get(i).asDouble();
            assertThat(top.path(scores.path("tokens").get(i).asText()).asDouble())
                    .isEqualTo(chosen);
            assertThat(StreamSupport.stream(top.spliterator(), false)
                            .mapToDouble(JsonNode::asDouble)
                            .max())
                    .hasValue(chosen); // the likeliest was taken
        }
        // The same tokens as a prompt.
        List<Integer> ids = new ArrayList<>(List.of(12, 40, 33));
        for (int i = 3; i < 9; i++) {
            ids.add(id(scores.path("tokens").get(i).asText()));
        }
        JsonNode given = served.complete(
                        "{\"prompt\": " + ids + ", \"max_tokens\": 0, \"logprobs\": 3, \"echo\": true}")
                .at("/choices/0/logprobs");
        assertThat(given.path("tokens")).isEqualTo(scores.path("tokens"));
        for (int i = 1; i < 9; i++) {
            assertThat(given.path("token_logprobs").get(i).asDouble())
                    .isCloseTo(scores.path("token_logprobs").get(i).asDouble(), within(2e-5));
        }
    }

    private static int id(String token) {
        int[] ids = Tokenizer.load(EmbeddedModel.folder()).encode(token, false);
        assertThat(ids).hasSize(1);
        return ids[0];
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '¦',
            quoteCharacter = '`',
            nullValues = "null",
            value = {
                "model ¦ \"model\": \"gpt-4\" ¦ 404 ¦ no model 'gpt-4'",
                "messages ¦ \"messages\": [] ¦ 400 ¦ at least one message",
                "messages ¦ \"messages\": \"Hello\" ¦ 400 ¦ at least one message",
                "messages[0] ¦ \"messages\": [1] ¦ 400 ¦ an object",
                "messages[0].role ¦ \"messages\": [{\"content\": \"x\"}] ¦ 400 ¦ a string",
                "messages[0].content ¦ \"messages\": [{\"role\": \"user\"}] ¦ 400 ¦ a string",
                "messages[0].content ¦ \"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}]"
                        + " ¦ 400 ¦ other types",
                "messages ¦ \"messages\": [{\"role\": \"user\", \"content\": \"<|end|>\"}] ¦ 400 ¦ special token",
                "messages ¦ \"messages\": [{\"role\": \"user\", \"content\": \"\\ud800\"}] ¦ 400 ¦ surrogate",
                "temperature ¦ \"temperature\": \"hot\" ¦ 400 ¦ a number",
                "null ¦ \"temperature\": -1 ¦ 400 ¦ temperature",
                "null ¦ \"top_p\": 0 ¦ 400 ¦ top_p",
                "top_k ¦ \"top_k\": 1.5 ¦ 400 ¦ whole number",
                "n ¦ \"n\": 0 ¦ 400 ¦ whole number",
                "n ¦ \"n\": 129 ¦ 400 ¦ whole number",
                "max_tokens ¦ \"max_tokens\": 0 ¦ 400 ¦ whole number",
                "seed ¦ \"seed\": 1e30 ¦ 400 ¦ whole number",
                "stop ¦ \"stop\": \"\" ¦ 400 ¦ not empty",
                "stop ¦ \"stop\": [\"1\", \"2\", \"3\", \"4\", \"5\"] ¦ 400 ¦ up to 4",
                "stream ¦ \"stream\": 1 ¦ 400 ¦ true or false",
                "stream_options ¦ \"stream_options\": {\"include_usage\": true} ¦ 400 ¦ 'stream'",
                "top_logprobs ¦ \"top_logprobs\": 2 ¦ 400 ¦ 'logprobs'",
                "top_logprobs ¦ \"logprobs\": true, \"top_logprobs\": 21 ¦ 400 ¦ whole number",
                "presence_penalty ¦ \"presence_penalty\": 0.5 ¦ 400 ¦ not supported",
                "frequency_penalty ¦ \"frequency_penalty\": 0.5 ¦ 400 ¦ not supported",
                "logit_bias ¦ \"logit_bias\": {\"5\": 1} ¦ 400 ¦ not supported",
                "response_format ¦ \"response_format\": {\"type\": \"json_object\"} ¦ 400 ¦ plain text",
                "logit_bias ¦ \"logit_bias\": 3 ¦ 400 ¦ not supported",
                "tools ¦ \"tools\": true ¦ 400 ¦ tools",
                "stop_token_ids ¦ \"stop_token_ids\": {\"a\": 1} ¦ 400 ¦ a list",
                "stop_token_ids ¦ \"stop_token_ids\": 5 ¦ 400 ¦ a list",
                "stop_token_ids ¦ \"stop_token_ids\": [9999999] ¦ 400 ¦ token ids",
                "stream_options.include_usage ¦ \"stream\": true, \"stream_options\": {\"include_usage\": \"yes\"} ¦"
                        + " 400 ¦ true or false",
                "tools ¦ \"tools\": [{\"type\": \"function\"}] ¦ 400 ¦ tools",
                "tool_choice ¦ \"tool_choice\": \"required\" ¦ 400 ¦ tools",
                "reasoning_effort ¦ \"reasoning_effort\": \"high\" ¦ 400 ¦ chat_template_kwargs",
                "messages ¦ \"chat_template_kwargs\": {\"messages\": 1} ¦ 400 ¦ comes from the conversation",
                "temprature ¦ \"temprature\": 1 ¦ 400 ¦ not a field",
            })
    void whatCannotBeHonouredIsRefusedByName(String param, String field, int status, String message) throws Exception {
        String body = field.contains("\"messages\":") && !field.contains("kwargs") ? "{" + field + "}" : chat(field);
        JsonNode error = served.refused(status, CHAT, body);
        assertThat(error.path("param").textValue()).isEqualTo(param);
        assertThat(error.path("message").asText()).contains(message);
        assertThat(error.path("type").asText()).isEqualTo("invalid_request_error");
        assertThat(error.has("code")).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '¦',
            quoteCharacter = '`',
            nullValues = "null",
            value = {
                "\"tools\": [], \"tool_choice\": \"none\", \"parallel_tool_calls\": true",
                "\"response_format\": {\"type\": \"text\"}, \"modalities\": [\"text\"]",
                "\"presence_penalty\": 0, \"frequency_penalty\": 0.0, \"logit_bias\": {}, \"min_p\": 0",
                "\"metadata\": {\"a\": \"b\"}, \"store\": false, \"service_tier\": \"auto\", \"nobody_knows\": null",
                "\"top_k\": -1, \"repetition_penalty\": 1, \"top_p\": 1",
                "\"seed\": -9223372036854775808, \"n\": 1.0, \"stop\": []",
                "\"chat_template_kwargs\": {\"enable_thinking\": false}",
            })
    void whatAsksForNothingElseIsTaken(String fields) throws Exception {
        assertThat(content(served.chat(chat(fields)))).isEqualTo(content(served.chat(chat(""))));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '¦',
            quoteCharacter = '`',
            nullValues = "null",
            value = {
                "{} ¦ 'prompt' is missing",
                "{\"prompt\": \"\"} ¦ at least one token",
                "{\"prompt\": []} ¦ at least one token",
                "{\"prompt\": [\"a\", 1]} ¦ a string",
                "{\"prompt\": [1, \"a\"]} ¦ token ids",
                "{\"prompt\": [100000]} ¦ token ids",
                "{\"prompt\": [-1]} ¦ token ids",
                "{\"prompt\": [1.5]} ¦ token ids",
                "{\"prompt\": {}} ¦ a string",
                "{\"prompt\": \"a\", \"best_of\": 2} ¦ best_of",
                "{\"prompt\": \"a\", \"suffix\": \"b\"} ¦ suffix",
                "{\"prompt\": \"a\", \"logprobs\": true} ¦ whole number",
                "{\"prompt\": \"a\", \"max_tokens\": 0} ¦ whole number",
                "{\"prompt\": \"a\", \"n\": 65} ¦ whole queue",
                "[] ¦ not a JSON object",
                "{\"prompt\": \"a\"} x ¦ not JSON",
                "{\"prompt\": \"a\", \"prompt\": \"b\"} ¦ Duplicate",
                "{\"prompt\": \"a ¦ not JSON",
                "nonsense ¦ not JSON",
            })
    void whatIsNoCompletionIsRefused(String body, String message) throws Exception {
        assertThat(served.refused(400, TEXT, body).path("message").asText()).contains(message);
    }

    @Test
    void whatEachTokenWouldBeComparedWithHasABound() throws Exception {
        assertThat(served.refused(400, CHAT, chat("\"stop\": [\"a\", \"" + "b".repeat(1025) + "\"]"))
                        .path("message")
                        .asText())
                .isEqualTo("'stop' must be no longer than 1024 characters");
        assertThat(served.refused(400, CHAT, chat("\"stop_token_ids\": " + Collections.nCopies(257, 3)))
                        .path("message")
                        .asText())
                .contains("up to 256");
        String most = "\"stop\": \"" + "b".repeat(1024) + "\", \"stop_token_ids\": " + Collections.nCopies(256, 3);
        assertThat(served.chat(chat(most)).path("choices")).hasSize(1);
    }

    @Test
    void scoresOfPromptsInOneAnswerHaveABound() throws Exception {
        String prompt = Collections.nCopies(500, 12).toString();
        String asked = "{\"prompt\": %s, \"max_tokens\": 0, \"echo\": true, \"logprobs\": 20}";
        JsonNode error = served.refused(400, TEXT, asked.formatted(Collections.nCopies(400, prompt)));
        assertThat(error.path("param").asText()).isEqualTo("n"); // the queue's bound comes first
        try (TestServer large = TestServer.with().bounds(8, 1024, 1, 0, 0).open()) {
            error = large.refused(400, TEXT, asked.formatted(Collections.nCopies(400, prompt)));
            assertThat(error.path("param").asText()).isEqualTo("logprobs");
            assertThat(error.path("message").asText()).contains("4200000", "4194304");
        }
    }

    @Test
    void whereNoNewTokenIsWantedNoneEndsTheReply() throws Exception {
        List<Integer> all = IntStream.range(0, 256).boxed().toList();
        String body = "{\"prompt\": \"The ship\", \"max_tokens\": %d, \"echo\": true, \"stop_token_ids\": %s}";
        JsonNode answer = served.complete(body.formatted(0, all));
        assertThat(answer.at("/choices/0/text").asText()).isEqualTo("The ship");
        assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("length");
        assertThat(answer.at("/usage/completion_tokens").asInt()).isZero();
    }

    @Test
    void whatTheTemplateRefusesIsSaidWithoutItsPlaceOnThisMachine() throws Exception {
        JsonNode error = served.refused(400, CHAT, "{\"messages\": [{\"role\": \"judge\", \"content\": \"Hello\"}]}");
        assertThat(error.path("param").asText()).isEqualTo("messages");
        assertThat(error.path("message").asText())
                .isEqualTo("chat template tokenizer_config.json, line 1: the template refuses: this template knows the"
                        + " roles system, user and assistant");
    }

    @Test
    void pathsAndMethodsThatAreNotThereAreNamed() throws Exception {
        assertThat(served.refused(404, "/v1/embeddings", "{}").path("message").asText())
                .contains("nothing at this path");
        HttpResponse<String> wrong = served.send(served.to(CHAT).build());
        assertThat(wrong.statusCode()).isEqualTo(405);
        assertThat(wrong.headers().firstValue("Allow")).hasValue("POST");
        HttpResponse<String> form = served.send(served.to(CHAT)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(chat("")))
                .build());
        assertThat(form.statusCode()).isEqualTo(415);
        HttpResponse<String> head = served.send(served.to("/health")
                .method("HEAD", HttpRequest.BodyPublishers.noBody())
                .build());
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
    }

    @Test
    void metricsCountWhatIsServed() throws Exception {
        double before = served.metric("candor_http_requests_total{path=\"/v1/chat/completions\",code=\"200\"}");
        double tokens = served.metric("candor_tokens_total{kind=\"new\"}");
        JsonNode answer = served.chat(chat("\"max_tokens\": 3"));
        assertThat(answer.at("/usage/completion_tokens").asInt()).isEqualTo(3);
        TestServer.await(() -> {
            try {
                return served.metric("candor_http_requests_total{path=\"/v1/chat/completions\",code=\"200\"}")
                        == before + 1;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        assertThat(served.metric("candor_tokens_total{kind=\"new\"}")).isEqualTo(tokens + 3);
        assertThat(served.metric("candor_request_seconds_bucket{le=\"+Inf\"}"))
                .isEqualTo(served.metric("candor_request_seconds_count"))
                .isPositive();
        String page = served.send(served.to("/metrics").build()).body();
        assertThat(page.lines())
                .allMatch(line ->
                        line.matches("# (HELP|TYPE) [a-z_]+ .+") || line.matches("[a-z_]+(\\{[^}]*\\})? [-+.0-9E]+"));
    }

    @Test
    void aPageIsThereAndAsksNobodyElse() throws Exception {
        HttpResponse<String> page = served.send(served.to("/").build());
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
                .contains("default-src 'none'")
                .doesNotContain("unsafe");
        assertThat(page.body())
                .contains("/chat.js", "/chat.css")
                .doesNotContain("http:", "https:", "style=", "onclick");
        assertThat(served.send(served.to("/chat.js").build()).body())
                .doesNotContain("innerHTML", "http:", "https:", "eval(", "insertAdjacentHTML");
        assertThat(served.send(served.to("/chat.html").build()).statusCode()).isEqualTo(404);
        ObjectNode health = (ObjectNode) TestServer.JSON.readTree(
                served.send(served.to("/health").build()).body());
        assertThat(health.path("status").asText()).isEqualTo("ok");
    }
}
