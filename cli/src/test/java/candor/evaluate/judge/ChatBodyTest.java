package candor.evaluate.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.evaluate.ask.Prompt.Turn;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ChatBodyTest {
    private static Endpoint endpoint(Optional<Double> temperature) {
        return new Endpoint(
                URI.create("http://127.0.0.1:1/v1/chat/completions"),
                "m",
                Optional.empty(),
                temperature,
                Optional.empty(),
                "max_tokens",
                false,
                1,
                0,
                Duration.ZERO,
                Duration.ofSeconds(1));
    }

    private static JsonNode body(Endpoint endpoint, ChatModel.Request request) throws IOException {
        return new ObjectMapper()
                .readTree(ChatBody.request(endpoint, request, endpoint.tokenField(), request.maxTokens()));
    }

    private static ChatModel.Request request(OptionalDouble temperature, List<String> choices) {
        return new ChatModel.Request(List.of(Turn.user("Rate.")), 12, temperature, 5, choices);
    }

    @Test
    void asksForProbabilitiesOfChoicesAlone() throws IOException {
        JsonNode rating = body(endpoint(Optional.of(0.0)), request(OptionalDouble.empty(), List.of("1", "2")));
        assertThat(rating.path("logprobs").asBoolean()).isTrue();
        assertThat(rating.path("top_logprobs").asInt()).isEqualTo(20);
        JsonNode message = body(endpoint(Optional.of(0.0)), request(OptionalDouble.empty(), List.of()));
        assertThat(message.has("logprobs") || message.has("top_logprobs")).isFalse();
    }

    @Test
    void aRequestHasItsOwnTemperatureUnlessTheEndpointAllowsNone() throws IOException {
        assertThat(body(endpoint(Optional.of(0.0)), request(OptionalDouble.of(1), List.of()))
                        .path("temperature")
                        .asDouble())
                .isEqualTo(1);
        assertThat(body(endpoint(Optional.of(0.3)), request(OptionalDouble.empty(), List.of()))
                        .path("temperature")
                        .asDouble())
                .isEqualTo(0.3);
        assertThat(body(endpoint(Optional.empty()), request(OptionalDouble.of(1), List.of()))
                        .has("temperature"))
                .isFalse();
    }

    @Test
    void readsTheProbabilities() throws IOException {
        String answer = "{\"choices\":[{\"message\":{\"content\":\"2\"},\"logprobs\":{\"content\":[{\"token\":\"2\","
                + "\"top_logprobs\":[{\"token\":\"2\",\"logprob\":-0.5},{\"token\":\"9\",\"logprob\":-1.5}]}]}}]}";
        ChatBody body = ChatBody.parse(answer.getBytes(StandardCharsets.UTF_8), List.of("1", "2", "9"));
        assertThat(body.choices()).containsOnlyKeys("2", "9");
        assertThat(body.choices().get("2")).isCloseTo(Math.exp(-0.5), within(1e-12));
        assertThat(ChatBody.parse(answer.getBytes(StandardCharsets.UTF_8), List.of())
                        .choices())
                .isEmpty();
        // An endpoint that does not tell them is no reason to fail.
        byte[] silent =
                "{\"choices\":[{\"message\":{\"content\":\"2\"},\"logprobs\":null}]}".getBytes(StandardCharsets.UTF_8);
        assertThat(ChatBody.parse(silent, List.of("2")).choices()).isEmpty();
    }
}
