package candor.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.text.template.Template.Span;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The assistant's turns, found in the texts that templates in the manner of the published ones render. */
class ReplySpansTest {
    private static ChatTemplate template(String name) throws IOException {
        try (InputStream in = ReplySpansTest.class.getResourceAsStream("/templates/models/" + name + ".jinja")) {
            String source = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return ChatTemplate.of(name, source, Map.of("bos_token", "<s>", "eos_token", "</s>"), Goldens.NOW);
        }
    }

    private static List<String> replies(ChatTemplate template, Message... messages) {
        MaskedText masked = ReplySpans.find(template, new Conversation(List.of(messages)));
        return masked.replies().stream()
                .map(s -> masked.text().substring(s.start(), s.end()))
                .toList();
    }

    private static Message user(String text) {
        return Message.of("user", text);
    }

    private static Message assistant(String text) {
        return Message.of("assistant", text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '/',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "llama31/one<|eot_id|>/two<|eot_id|>",
                "llama32/one<|eot_id|>/two<|eot_id|>",
                "qwen25/one<|im_end|>\\n/two<|im_end|>\\n",
                "qwen3/one<|im_end|>\\n/<think>\\n\\n<_think>\\n\\ntwo<|im_end|>\\n",
                "mistral1/one<_s>/two<_s>",
                "mistral3/ one<_s>/ two<_s>",
                "gemma2/one<end_of_turn>\\n/two<end_of_turn>\\n",
                "gemma3/one<end_of_turn>\\n/two<end_of_turn>\\n",
                "phi3/one<|end|>\\n/two<|end|>\\n<_s>",
                "deepseek/one<｜end▁of▁sentence｜>/two<｜end▁of▁sentence｜>",
                "generation/one<|end|>\\n/two<|end|>\\n"
            })
    void twoTurns(String name, String first, String second) throws IOException {
        assertThat(replies(template(name), user("q1"), assistant("one"), user("q2"), assistant("two")))
                .containsExactly(plain(first), plain(second));
    }

    private static String plain(String csv) {
        return csv.replace("\\n", "\n").replace("<_", "</");
    }

    @Test
    void thinkingOfEarlierTurnsIsDroppedAsTheTemplateDropsIt() throws IOException {
        ChatTemplate qwen3 = template("qwen3");
        String thought = "<think>\nhm\n</think>\n\n";
        assertThat(replies(qwen3, user("q"), assistant(thought + "one"), user("r"), assistant(thought + "two")))
                .containsExactly("one<|im_end|>\n", thought + "two<|im_end|>\n");
        Message reasoned = new Message(Map.of("role", "assistant", "content", "one", "reasoning_content", "hm"));
        assertThat(replies(qwen3, user("q"), reasoned, user("r"), reasoned))
                .containsExactly("one<|im_end|>\n", thought + "one<|im_end|>\n");
    }

    @Test
    void aGenerationPromptWithATagOfItsOwnStillMarksTheTurn() throws IOException {
        ChatTemplate without = template("qwen3").withVariables(Map.of("enable_thinking", false));
        assertThat(replies(without, user("q"), assistant("one"), user("r"), assistant("two")))
                .containsExactly("one<|im_end|>\n", "two<|im_end|>\n");
    }

    @Test
    void toolCallsBelongToTheReplyAndToolResultsDoNot() throws IOException {
        Map<String, Object> call =
                Map.of("function", Map.of("name", "f", "arguments", Map.of("x", 1)), "id", "abcdefghi");
        Message calling = new Message(
                new LinkedHashMap<>(Map.of("role", "assistant", "content", "", "tool_calls", List.of(call))));
        Message result = Message.of("tool", "7");
        assertThat(replies(template("qwen25"), user("q"), calling, result, assistant("seven")))
                .containsExactly(
                        "\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call><|im_end|>\n"
                                .substring(1),
                        "seven<|im_end|>\n");
        assertThat(replies(
                        template("qwen3"),
                        user("q"),
                        calling,
                        result,
                        assistant("seven"),
                        user("thanks"),
                        assistant("bye")))
                .containsExactly(
                        "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call><|im_end|>\n",
                        "seven<|im_end|>\n",
                        "<think>\n\n</think>\n\nbye<|im_end|>\n");
        assertThat(replies(template("llama31"), user("q"), calling, result, assistant("seven")))
                .containsExactly("{\"name\": \"f\", \"parameters\": {\"x\": 1}}<|eot_id|>", "seven<|eot_id|>");
    }

    @Test
    void whatCannotBeToldIsRefusedWithTheReason() {
        Map<String, Object> none = Map.of();
        ChatTemplate dropping = ChatTemplate.of(
                "t",
                "{% for m in messages %}{% if loop.last or m.role == 'user' %}<{{ m.role }}>{{ m.content }}"
                        + "{% endif %}{% endfor %}{{ '<assistant>' if add_generation_prompt }}",
                none,
                Goldens.NOW);
        assertThatThrownBy(() -> replies(dropping, user("q"), assistant("a"), user("r"), assistant("b")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("message 2 (assistant)")
                .hasMessageContaining("leaves its content out");
        ChatTemplate twice = ChatTemplate.of(
                "t",
                "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ m.content if not loop.last }}"
                        + "{% endfor %}{{ '<assistant>' if add_generation_prompt }}",
                none,
                Goldens.NOW);
        assertThatThrownBy(() -> replies(twice, user("q"), assistant("a"), user("r"), assistant("b")))
                .hasMessageContaining("repeats its content");
        ChatTemplate endless = ChatTemplate.of(
                "t",
                "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ '.' if loop.last }}"
                        + "{% endfor %}{{ '<assistant>' if add_generation_prompt }}",
                none,
                Goldens.NOW);
        assertThatThrownBy(() -> replies(endless, user("q"), assistant("a"), user("r"), assistant("b")))
                .hasMessageContaining("nothing marks its end");
    }

    /** Whatever the conversation: replies hold their own words and nobody else's, or the row is refused. */
    @ParameterizedTest
    @CsvSource({
        "llama31,95",
        "llama32,95",
        "qwen25,95",
        "qwen3,90",
        "mistral1,5",
        "mistral3,5",
        "gemma2,5",
        "gemma3,5",
        "phi3,90",
        "deepseek,60"
    })
    void repliesHoldTheirOwnWords(String name, int leastPercent) throws IOException {
        ChatTemplate template = template(name);
        SplittableRandom random = new SplittableRandom(7);
        int found = 0;
        for (int round = 0; round < 100; round++) {
            List<Message> messages = new ArrayList<>();
            if (random.nextInt(3) == 0) {
                messages.add(Message.of("system", "s" + round + "word"));
            }
            boolean alternate = random.nextBoolean();
            for (int i = 0, n = 1 + random.nextInt(7); i < n; i++) {
                boolean assistant = alternate ? i % 2 == 1 : i > 0 && random.nextBoolean();
                String blanks = " \n\t".repeat(random.nextInt(2));
                String thought = assistant && random.nextInt(3) == 0 ? "<think>\nhm\n</think>\n\n" : "";
                messages.add(Message.of(
                        assistant ? "assistant" : "user", thought + blanks + "w" + messages.size() + "word" + blanks));
            }
            MaskedText masked;
            try {
                masked = ReplySpans.find(template, new Conversation(messages));
            } catch (BadInput refused) {
                continue;
            }
            found++;
            int reply = 0;
            int reached = 0;
            StringBuilder outside = new StringBuilder();
            for (int i = 0; i < messages.size(); i++) {
                if (messages.get(i).isAssistant()) {
                    Span span = masked.replies().get(reply++);
                    outside.append(masked.text(), reached, span.start());
                    reached = span.end();
                    String inside = masked.text().substring(span.start(), span.end());
                    assertThat(inside)
                            .contains("w" + i + "word")
                            .doesNotContainPattern("<\\|im_start|<\\|start_header|<start_of_turn|\\[INST|<\\|user");
                    for (int j = 0; j < messages.size(); j++) {
                        assertThat(j != i && inside.contains("w" + j + "word")).isFalse();
                    }
                }
            }
            outside.append(masked.text(), reached, masked.text().length());
            for (int i = 0; i < messages.size(); i++) {
                if (messages.get(i).isAssistant()) {
                    assertThat(outside.toString()).doesNotContain("w" + i + "word");
                }
            }
            assertThat(masked.replies()).hasSize(reply);
        }
        assertThat(found).isGreaterThanOrEqualTo(leastPercent);
    }

    /** Against the templates' own rules, spelt out: contents with blanks at their ends, empty ones, and ends of turns inside. */
    @ParameterizedTest
    @CsvSource(
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "llama31,<|start_header_id|>%s<|end_header_id|>~~,<|eot_id|>,true",
                "llama32,<|start_header_id|>%s<|end_header_id|>~~,<|eot_id|>,false",
                "qwen25,<|im_start|>%s~,<|im_end|>~,false",
                "phi3,<|%s|>~,<|end|>~,false"
            })
    void theMaskIsExactWhateverTheContents(String name, String header, String end, boolean trims) throws IOException {
        ChatTemplate template = template(name);
        String[] pieces = {
            "a",
            "Hello",
            " ",
            "\n",
            "\t",
            "🙂",
            "e\u0301",
            "<|im_end|>\n",
            "<|eot_id|>",
            "<|end|>\n",
            "<|user|>\n",
            "<",
            "{{ 7*7 }}"
        };
        SplittableRandom random = new SplittableRandom(9);
        for (int round = 0; round < 150; round++) {
            List<Message> messages = new ArrayList<>();
            StringBuilder expected = new StringBuilder();
            List<Span> replies = new ArrayList<>();
            int count = 2 + random.nextInt(5);
            for (int i = 0; i < count; i++) {
                StringBuilder content = new StringBuilder();
                for (int n = random.nextInt(5); n > 0; n--) {
                    content.append(pieces[random.nextInt(pieces.length)]);
                }
                Message message = i % 2 == 0 ? user(content.toString()) : assistant(content.toString());
                messages.add(message);
                expected.append(header.formatted(message.role()).replace('~', '\n'));
                int start = expected.length();
                expected.append(trims ? content.toString().strip() : content).append(end.replace('~', '\n'));
                expected.append(name.equals("phi3") && i == count - 1 ? "</s>" : "");
                if (message.isAssistant()) {
                    replies.add(new Span(start, expected.length()));
                }
            }
            MaskedText masked = ReplySpans.find(template, new Conversation(messages));
            assertThat(masked.text()).endsWith(expected);
            int head = masked.text().length() - expected.length();
            assertThat(masked.replies())
                    .isEqualTo(replies.stream()
                            .map(s -> new Span(head + s.start(), head + s.end()))
                            .toList());
        }
    }

    @Test
    void conversationsOfTheTemplateTestsAreMaskedOrRefused() throws IOException {
        for (String name : List.of(
                "llama31",
                "llama32",
                "qwen25",
                "qwen3",
                "mistral1",
                "mistral3",
                "gemma2",
                "gemma3",
                "phi3",
                "deepseek",
                "macros",
                "generation")) {
            ChatTemplate template = template(name);
            try (InputStream in = ReplySpansTest.class.getResourceAsStream("/templates/conversations.json")) {
                new ObjectMapper().readTree(in).forEach(c -> {
                    try {
                        MaskedText masked =
                                ReplySpans.find(template, new Conversation(Goldens.messages(c.path("messages"))));
                        int end = 0;
                        for (Span span : masked.replies()) {
                            assertThat(span.start()).isBetween(end, span.end());
                            end = span.end();
                        }
                        assertThat(end).isLessThanOrEqualTo(masked.text().length());
                    } catch (BadInput refused) {
                        assertThat(refused.getMessage()).isNotBlank();
                    }
                });
            }
        }
    }
}
