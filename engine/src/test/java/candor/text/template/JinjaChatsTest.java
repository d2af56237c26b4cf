package candor.text.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import candor.BadInput;
import candor.text.JsonValues;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Templates with the constructs of Llama 3.x, Qwen 2.5 and 3, Mistral, Gemma 2 and 3, Phi 3, DeepSeek's distils and more,
 * over many conversations, against what python3-jinja2 renders; see templates/make_cases.py.
 */
class JinjaChatsTest {
    private static final LocalDateTime NOW = LocalDateTime.of(2026, 3, 5, 14, 7, 9);

    static Stream<String> templates() throws IOException {
        return expected().findValuesAsText("template").stream().distinct();
    }

    @ParameterizedTest
    @MethodSource("templates")
    @SuppressWarnings("unchecked")
    void rendersAsJinja(String name) throws IOException {
        Template template = Template.parse(name, new String(resource("models/" + name), StandardCharsets.UTF_8));
        Map<String, JsonNode> conversations = new HashMap<>();
        json("conversations.json").forEach(c -> conversations.put(c.path("name").textValue(), c));
        for (JsonNode c : expected()) {
            if (!c.path("template").textValue().equals(name)) {
                continue;
            }
            JsonNode chat = conversations.get(c.path("chat").textValue());
            Map<String, Object> variables = new LinkedHashMap<>();
            variables.put("messages", JsonValues.of(chat.path("messages")));
            variables.put("tools", JsonValues.of(chat.path("tools")));
            variables.put("documents", null);
            variables.put(
                    "add_generation_prompt", c.path("add_generation_prompt").booleanValue());
            variables.put("bos_token", "<s>");
            variables.put("eos_token", "</s>");
            if (chat.has("variables")) {
                variables.putAll((Map<String, Object>) JsonValues.of(chat.path("variables")));
            }
            if (c.has("output")) {
                assertThat(template.render(variables, NOW, Limits.DEFAULT).text())
                        .as(c.path("chat").textValue())
                        .isEqualTo(c.path("output").textValue());
            } else {
                Throwable error = catchThrowable(() -> template.render(variables, NOW, Limits.DEFAULT));
                String message = c.path("error").textValue();
                assertThat(error)
                        .as(c.path("chat").textValue() + ": " + message)
                        .isInstanceOf(BadInput.class);
                assertThat(error.getMessage())
                        .startsWith("chat template " + name + ", line ")
                        .doesNotContain("not supported");
                if (message.startsWith("TemplateError: ")) {
                    assertThat(error.getMessage()).endsWith(message.substring("TemplateError: ".length()));
                }
            }
        }
    }

    @Test
    void theCasesAreManyAndMostOfThemRender() throws IOException {
        JsonNode cases = expected();
        assertThat(cases.size()).isGreaterThan(800);
        assertThat(cases.findValuesAsText("output").size()).isGreaterThan(500);
        assertThat(cases.findValuesAsText("error")).anyMatch(e -> e.startsWith("TemplateError: "));
    }

    private static JsonNode expected() throws IOException {
        return json("chats.json");
    }

    private static JsonNode json(String name) throws IOException {
        return new ObjectMapper().readTree(resource(name));
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = JinjaChatsTest.class.getResourceAsStream("/templates/" + name)) {
            return in.readAllBytes();
        }
    }
}
