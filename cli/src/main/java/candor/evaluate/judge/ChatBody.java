package candor.evaluate.judge;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * The bodies of the chat completions API, there and back.
 *
 * @param content the reply; empty where the model gave none
 * @param finish why it ended, as {@link ChatModel.Reply.Text} has it
 * @param inputTokens as the endpoint counts them; −1 where it does not say
 * @param outputTokens likewise
 * @param choices the probabilities of the replies that were asked about, where the endpoint told them
 */
record ChatBody(String content, String finish, long inputTokens, long outputTokens, Map<String, Double> choices) {
    private static final int MAX_CONTENT = 100_000;
    private static final int MAX_FINISH = 40;
    private static final int MAX_DEPTH = 50;

    /** What the API allows to ask for. */
    private static final int MOST_LOG_PROBS = 20;

    private static final ObjectMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .build())
                    .build())
            .build();

    /** @param tokenField the endpoint's name for the bound on tokens */
    static byte[] request(Endpoint endpoint, ChatModel.Request request, String tokenField, int maxTokens) {
        ObjectNode body = JSON.createObjectNode().put("model", endpoint.model());
        ArrayNode messages = body.putArray("messages");
        request.messages()
                .forEach(turn -> messages.addObject().put("role", turn.role()).put("content", turn.text()));
        // An endpoint that is said to allow no temperature gets none, whatever the request would like.
        endpoint.temperature()
                .ifPresent(
                        usual -> body.put("temperature", request.temperature().orElse(usual)));
        endpoint.reasoningEffort().ifPresent(effort -> body.put("reasoning_effort", effort));
        body.put(tokenField, maxTokens);
        if (!request.choices().isEmpty()) {
            body.put("logprobs", true).put("top_logprobs", MOST_LOG_PROBS);
        }
        return body.toString().getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Reads an answer.
     *
     * @param choices replies whose probabilities were asked for
     * @throws IOException where it is none: half a JSON, HTML, another shape
     */
    static ChatBody parse(byte[] bytes, List<String> choices) throws IOException {
        JsonNode body;
        try {
            body = JSON.readTree(bytes);
        } catch (JsonProcessingException e) {
            throw new IOException("an answer that is not JSON");
        }
        JsonNode message = body.path("choices").path(0).path("message");
        if (!message.isObject()) {
            throw new IOException("an answer without choices[0].message");
        }
        // Null where the model refused, or spent all its tokens on thinking: an answer, though not of the form asked
        // for.
        String content = message.path("content").asText("");
        JsonNode usage = body.path("usage");
        return new ChatBody(
                content.substring(0, Math.min(MAX_CONTENT, content.length())),
                finish(body.path("choices").path(0), message),
                usage.path("prompt_tokens").asLong(-1),
                usage.path("completion_tokens").asLong(-1),
                choices.isEmpty()
                        ? Map.of()
                        : FirstToken.choices(body.path("choices").path(0).path("logprobs"), choices));
    }

    private static String finish(JsonNode choice, JsonNode message) {
        if (message.path("refusal").isTextual()
                && message.path("content").asText("").isEmpty()) {
            return "refused";
        }
        String reason = choice.path("finish_reason").asText(ChatModel.Reply.Text.STOP);
        return reason.length() <= MAX_FINISH ? reason : reason.substring(0, MAX_FINISH);
    }
}
