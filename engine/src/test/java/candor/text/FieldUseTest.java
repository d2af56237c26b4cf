package candor.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FieldUseTest {
    private static final String BARE = "{% for m in messages %}<{{ m.role }}>{{ m.content }};{% endfor %}";

    /** Knows calls, tools and thinking, and shows the thinking of the last turn alone. */
    private static final String RICH = "{{ tools|tojson if tools }}{% for m in messages %}<{{ m.role }}>"
            + "{% if m.tool_calls %}{% for c in m.tool_calls %}{{ c.function.name }}({{ c.function.arguments|tojson }}){% endfor %}{% endif %}"
            + "{% if m.reasoning_content and loop.last %}[{{ m.reasoning_content }}]{% endif %}{{ m.content or '' }};{% endfor %}";

    private static final Map<String, Object> CALL =
            Map.of("id", "c1", "type", "function", "function", Map.of("name", "f", "arguments", Map.of("x", 1L)));

    private static ChatTemplate template(String source) {
        return ChatTemplate.of("t", source, Map.of(), Goldens.NOW);
    }

    private static Message message(String role, String content, Object... fields) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("role", role);
        all.put("content", content);
        for (int i = 0; i < fields.length; i += 2) {
            all.put((String) fields[i], fields[i + 1]);
        }
        return new Message(all);
    }

    private static void check(String template, Message... messages) {
        FieldUse.check(template(template), new Conversation(List.of(messages)));
    }

    /** A template that speaks of thinking under another name does not read this one: as Qwen 3's does. */
    @Test
    void thinkingUnderAnotherNameIsRefused() {
        String qwen3 = "{% if enable_thinking is defined %}{% endif %}{% for m in messages %}{% set thought = '' %}"
                + "{% if m.reasoning_content is string %}{{ m.reasoning_content }}{% endif %}{{ m.content }}{% endfor %}";
        Message user = message("user", "u");
        for (String field : List.of("reasoning", "thinking", "thought")) {
            assertThatThrownBy(() -> check(qwen3, user, message("assistant", "a", field, "hm")))
                    .as(field)
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("\"" + field + "\"");
        }
        assertThatCode(() -> check(qwen3, user, message("assistant", "a", "reasoning_content", "hm")))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tool_calls",
                "function_call",
                "tool_call_id",
                "name",
                "thinking",
                "reasoning_content",
                "refusal",
                "audio",
                "prefix",
                "images"
            })
    void whatTheTemplateLeavesOutIsRefused(String field) {
        Message user = message("user", "u");
        assertThatThrownBy(() -> check(BARE, user, message("assistant", "a", field, List.of("x"))))
                .isInstanceOf(BadInput.class)
                .hasMessage("message 2 (assistant) has \"" + field
                        + "\", which this model's chat template leaves out; remove it, or say it in \"content\"");
        Map<String, Object> unset = new LinkedHashMap<>();
        unset.put("id", null);
        for (Object nothing : new Object[] {null, "", false, List.of(), unset}) {
            assertThatCode(() -> check(BARE, user, message("assistant", "a", field, nothing)))
                    .as("%s", nothing)
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void whatTheTemplateShowsIsHonoured() {
        Message user = message("user", "u");
        check(RICH, user, message("assistant", null, "tool_calls", List.of(CALL)));
        check(RICH, user, message("assistant", "a", "reasoning_content", "hm"), user, message("assistant", "b"));
        check(BARE, message("user", "u", "id", 7L, "source", "s"), message("assistant", "a"));
        // The template's text holds the word "name", but of the function's, not of the user's.
        assertThatThrownBy(() -> check(RICH, message("user", "u", "name", "Ada"), message("assistant", "a")))
                .hasMessageContaining("message 1 (user) has \"name\"");
    }

    @Test
    void aToolsMessageMaySayWhichCallItAnswersIfItsPlaceSaysSoToo() {
        Message user = message("user", "u");
        Message calling = message(
                "assistant",
                null,
                "tool_calls",
                List.of(CALL, Map.of("id", "c2", "function", Map.of("name", "g", "arguments", Map.of()))));
        Message first = message("tool", "1", "tool_call_id", "c1", "name", "f");
        Message second = message("tool", "2", "tool_call_id", "c2", "name", "g");
        check(RICH, user, calling, first, second);
        assertThatThrownBy(() -> check(RICH, user, calling, second, first))
                .hasMessageContaining("message 3 (tool) has \"tool_call_id\"");
        assertThatThrownBy(() -> check(RICH, user, calling, first, second, first))
                .hasMessageContaining("message 5 (tool) has \"tool_call_id\"");
        assertThatThrownBy(() -> check(RICH, user, message("tool", "1", "name", "f")))
                .hasMessageContaining("message 2 (tool) has \"name\"");
    }

    @Test
    void toolsThatTheTemplateDoesNotTellAreRefused() {
        Conversation conversation = new Conversation(List.of(message("user", "u")), List.of(Map.of("name", "f")));
        FieldUse.check(template(RICH), conversation);
        assertThatThrownBy(() -> FieldUse.check(template(BARE), conversation))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("the row has \"tools\", which this model's chat template leaves out");
    }

    @Test
    void everythingThatIsEncodedIsChecked() {
        ChatEncoder encoder = Goldens.encoder("qwen2");
        List<Message> named = List.of(message("user", "u", "name", "Ada"));
        List<Message> reply = List.of(message("assistant", "a"));
        for (Runnable use : List.<Runnable>of(
                () -> encoder.encodePrompt(new Conversation(named)),
                () -> encoder.encodeChat(new Conversation(named), reply),
                () -> encoder.render(new Conversation(named).followedBy(reply)))) {
            assertThatThrownBy(use::run)
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("message 1 (user) has \"name\"");
        }
    }

    @Test
    void variablesOfTheRowReachTheTemplate() {
        ChatTemplate template = template("{{ mood }}:{% for m in messages %}{{ m.content }}{% endfor %}")
                .withVariables(Map.of("mood", "calm"));
        Conversation plain = new Conversation(List.of(message("user", "u")));
        Conversation moody = new Conversation(plain.messages(), null, Map.of("mood", "glad"));
        assertThat(template.render(plain, false)).isEqualTo("calm:u");
        assertThat(template.render(moody.first(1), false)).isEqualTo("glad:u");
    }
}
