package candor.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatEncoderTest {
    private static Message user(String text) {
        return Message.of("user", text);
    }

    private static Message assistant(String text) {
        return Message.of("assistant", text);
    }

    private static String said(ChatEncoder encoder, EncodedChat chat) {
        int[] ids = new int[chat.targets()];
        int n = 0;
        for (int t = 0; t < chat.length(); t++) {
            if (chat.inLoss()[t]) {
                ids[n++] = chat.ids()[t];
            }
        }
        return encoder.tokenizer().decode(ids, false);
    }

    @Test
    void specialTextInAMessageIsRefusedUnlessKept() {
        ChatEncoder refusing = Goldens.encoder("qwen3");
        List<Message> prompt = List.of(user("say <|im_end|>"));
        assertThatThrownBy(() -> refusing.encodeChat(new Conversation(prompt), List.of(assistant("no"))))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("message 1 (user) holds the text <|im_end|>");
        assertThatThrownBy(() ->
                        refusing.encodeConversation(new Conversation(List.of(user("a"), assistant("<|im_start|>")))))
                .hasMessageContaining("message 2 (assistant)");
        assertThatThrownBy(() -> refusing.encodePrompt(new Conversation(prompt)))
                .isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> refusing.encodeText("<|im_end|>", "a")).isInstanceOf(BadInput.class);
        ChatEncoder keeping = new ChatEncoder(refusing.tokenizer(), refusing.template(), SpecialTextPolicy.KEEP);
        int end = refusing.tokenizer().special().eos().getAsInt();
        EncodedChat kept = keeping.encodeChat(new Conversation(prompt), List.of(assistant("no")));
        // The default system message, the user's own, the turn's, and the reply's.
        assertThat(Arrays.stream(kept.ids()).filter(id -> id == end).count()).isEqualTo(4);
    }

    @Test
    void toolsStandWithThePromptAndWithTheWhole() {
        ChatEncoder golden = Goldens.encoder("llama3");
        ChatTemplate template = ChatTemplate.of(
                "t",
                "{{ tools|tojson if tools }}{% for m in messages %}<{{ m.role }}>{{ m.content }}<|eot_id|>"
                        + "{% endfor %}{{ '<assistant>' if add_generation_prompt }}",
                Map.of(),
                Goldens.NOW);
        ChatEncoder encoder = new ChatEncoder(golden.tokenizer(), template, SpecialTextPolicy.REFUSE);
        Conversation prompt = new Conversation(List.of(user("q")), List.of(Map.of("name", "f")));
        EncodedChat chat = encoder.encodeChat(prompt, List.of(assistant("a")));
        assertThat(encoder.tokenizer().decode(chat.ids(), false))
                .isEqualTo("[{\"name\": \"f\"}]<user>q<|eot_id|><assistant>a<|eot_id|>");
        assertThat(said(encoder, chat)).isEqualTo("a<|eot_id|>");
        assertThat(chat.promptIsPrefix()).isTrue();
        Conversation hostile = new Conversation(List.of(user("q")), List.of(Map.of("name", "<|eot_id|>")));
        assertThatThrownBy(() -> encoder.encodeChat(hostile, List.of(assistant("a"))))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("a tool holds the text <|eot_id|>");
        assertThatThrownBy(() -> encoder.encodePrompt(hostile)).isInstanceOf(BadInput.class);
    }

    @Test
    void allTurnsOfTheAssistantAreInTheLossWithTheirEnds() {
        ChatEncoder encoder = Goldens.encoder("llama3");
        EncodedChat chat = encoder.encodeConversation(new Conversation(List.of(
                Message.of("system", "Be brief."),
                user("One?"),
                assistant("Yes: 1."),
                user("Two?"),
                assistant("日本 🙂"))));
        assertThat(said(encoder, chat)).isEqualTo("Yes: 1.<|eot_id|>日本 🙂<|eot_id|>");
        assertThatThrownBy(() -> encoder.encodeConversation(new Conversation(List.of(user("One?")))))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("no assistant turn");
        assertThatThrownBy(() -> encoder.encodeConversation(new Conversation(List.of())))
                .isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> encoder.encodeChat(new Conversation(List.of()), List.of(assistant("a"))))
                .isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> encoder.encodeChat(new Conversation(List.of(user("a"))), List.of()))
                .isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> encoder.encodeConversation(new Conversation(List.of(user("a\ud800"), assistant("b")))))
                .isInstanceOf(BadInput.class);
    }

    @Test
    void aReplyThatIsNotLearntIsContextWhateverElseIsLearnt() {
        for (String model : List.of("llama3", "qwen2")) {
            ChatEncoder encoder = Goldens.encoder(model);
            Conversation all = new Conversation(List.of(
                    user("One?"), assistant("No: 2.").unlearnt(), user("Sure?"), assistant("Yes: 1."), user("Two?")));
            EncodedChat chat = encoder.encodeConversation(all);
            String end = model.equals("llama3") ? "<|eot_id|>" : "<|im_end|>\n";
            assertThat(said(encoder, chat)).isEqualTo("Yes: 1." + end);
            int[] unlearnt = java.util.stream.IntStream.range(0, chat.length())
                    .filter(t -> chat.unlearnt()[t])
                    .map(t -> chat.ids()[t])
                    .toArray();
            assertThat(encoder.tokenizer().decode(unlearnt, false)).isEqualTo("No: 2." + end);
            assertThat(encoder.render(all).replies()).hasSize(1);
            assertThat(encoder.render(all)
                            .within(encoder.renderPlain(all, true))
                            .unlearnt())
                    .hasSize(1);
        }
        ChatEncoder encoder = Goldens.encoder("llama3");
        assertThatThrownBy(() -> encoder.encodeConversation(
                        new Conversation(List.of(user("a"), assistant("b").unlearnt()))))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("every assistant turn is left out of the loss");
    }

    @Test
    void marksOfATemplateAreSharedOutAmongTheTurns() {
        String source =
                "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' %}{% generation %}{{ m.content }}"
                        + "{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}";
        ChatTemplate template = ChatTemplate.of("t", source, Map.of(), Goldens.NOW);
        MaskedText masked = ReplySpans.find(
                template, new Conversation(List.of(user("a"), assistant("b").unlearnt(), user("c"), assistant("d"))));
        assertThat(masked.replies())
                .extracting(span -> masked.text().substring(span.start(), span.end()))
                .containsExactly("d");
        assertThat(masked.unlearnt())
                .extracting(span -> masked.text().substring(span.start(), span.end()))
                .containsExactly("b");
    }

    /** TRL 1.13: {@code tokenizer(text + eos)} with the tokenizer's own special tokens, all of it labels. */
    @Test
    void aTextIsLearntWholeWithTheEndTokenOnce() {
        ChatEncoder llama = Goldens.encoder("llama3");
        EncodedChat chat = llama.encodeWholeText("What? That.");
        String end = llama.tokenizer().special().named().get("eos_token").toString();
        assertThat(chat.ids()).isEqualTo(llama.tokenizer().encode("What? That." + end, true));
        assertThat(chat.ids()[0]).isEqualTo(llama.tokenizer().special().bos().getAsInt());
        assertThat(chat.targets()).isEqualTo(chat.length());
        assertThat(llama.encodeWholeText("What? That." + end).ids()).isEqualTo(chat.ids());
        assertThatThrownBy(() -> llama.encodeWholeText("a<|eot_id|>b"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("the text holds the text <|eot_id|>");
    }

    /** The prompt's tokens, the reply's tokens, and nothing that straddles: against encoding the prefix alone. */
    @Test
    void theMaskStartsWhereThePrefixAloneEnds() {
        ChatEncoder encoder = Goldens.encoder("qwen3");
        String[] pieces = {"a", "Hello", " ", "\n", "🙂", "é", "\t", "12", "!", "日"};
        SplittableRandom random = new SplittableRandom(3);
        for (int round = 0; round < 400; round++) {
            Message[] messages = new Message[4];
            for (int i = 0; i < 4; i++) {
                StringBuilder text = new StringBuilder();
                for (int n = random.nextInt(6); n >= 0; n--) {
                    text.append(pieces[random.nextInt(pieces.length)]);
                }
                messages[i] = i % 2 == 0 ? user(text.toString()) : assistant(text.toString());
            }
            List<Message> all = List.of(messages);
            EncodedChat chat = encoder.encodeConversation(new Conversation(all));
            EncodedChat first = encoder.encodeChat(new Conversation(all.subList(0, 1)), all.subList(1, 2));
            EncodedChat second = encoder.encodeChat(new Conversation(all.subList(0, 3)), all.subList(3, 4));
            assertThat(first.promptIsPrefix() && second.promptIsPrefix()).isTrue();
            boolean[] expected = second.inLoss().clone();
            for (int t = 0; t < first.length(); t++) {
                expected[t] |= first.inLoss()[t];
            }
            assertThat(chat.ids()).isEqualTo(second.ids());
            assertThat(chat.inLoss()).isEqualTo(expected);
        }
    }

    /** Where the generation prompt ends in a blank, the reply's first token swallows it: TRL warns, and so do we. */
    @Test
    void aTokenAcrossTheStartOfTheReplyIsRefusedOrTold() {
        ChatEncoder golden = Goldens.encoder("llama3");
        ChatTemplate blank = ChatTemplate.of(
                "t",
                "{% for m in messages %}{{ m.role ~ ': ' ~ m.content ~ '<|eot_id|>' }}{% endfor %}"
                        + "{{ 'assistant: ' if add_generation_prompt }}",
                Map.of(),
                Goldens.NOW);
        ChatEncoder encoder = new ChatEncoder(golden.tokenizer(), blank, SpecialTextPolicy.REFUSE);
        assertThatThrownBy(() -> encoder.encodeConversation(new Conversation(List.of(user("q"), assistant("It is")))))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("crosses the start of reply 1");
        EncodedChat trl = encoder.encodeChat(new Conversation(List.of(user("q"))), List.of(assistant("It is")));
        assertThat(trl.promptIsPrefix()).isFalse();
    }

    @Test
    void plainTextGetsTheEndTokenOnce() {
        ChatEncoder encoder = Goldens.encoder("llama3");
        EncodedChat chat = encoder.encodeText("What? ", "That.");
        assertThat(encoder.tokenizer().decode(chat.ids(), false)).isEqualTo("<|begin_of_text|>What? That.<|eot_id|>");
        assertThat(encoder.encodeText("What? ", "That.<|eot_id|>"))
                .usingRecursiveComparison()
                .isEqualTo(chat);
        assertThat(said(encoder, chat)).isIn("That.<|eot_id|>", " That.<|eot_id|>", "hat.<|eot_id|>");
        assertThat(encoder.encodeText("What?", " That.").promptIsPrefix()).isTrue();
    }

    @Test
    void templatesAreFoundWhereTransformersFindsThem(@TempDir Path folder) throws IOException {
        TokenizerTest.copy("qwen2", folder);
        Conversation plain = new Conversation(List.of(user("q")));
        Conversation tools = new Conversation(List.of(user("q")), List.of(Map.of("name", "f")));
        assertThatThrownBy(() -> ChatTemplate.load(folder, Goldens.NOW))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("no chat template");

        TokenizerTest.edit(
                folder.resolve("tokenizer_config.json"),
                n -> n.put("chat_template", "string {{ eos_token }}{{ bos_token }}{{ tools }}"));
        assertThat(ChatTemplate.load(folder, Goldens.NOW).render(plain, false)).isEqualTo("string <|im_end|>None");

        TokenizerTest.edit(folder.resolve("tokenizer_config.json"), n -> {
            var list = new ObjectMapper().createArrayNode();
            list.addObject().put("name", "default").put("template", "plain");
            list.addObject().put("name", "tool_use").put("template", "tools {{ tools|tojson }}");
            n.set("chat_template", list);
        });
        ChatTemplate named = ChatTemplate.load(folder, Goldens.NOW);
        assertThat(named.render(plain, false)).isEqualTo("plain");
        assertThat(named.render(tools, false)).isEqualTo("tools [{\"name\": \"f\"}]");

        Files.writeString(
                folder.resolve("chat_template.jinja"),
                "file {{ messages[0].content }}{{ strftime_now('%d %b %Y') }}{{ x }}\n");
        ChatTemplate file = ChatTemplate.load(folder, Goldens.NOW).withVariables(Map.of("x", 1));
        assertThat(file.render(plain, false)).isEqualTo("file q05 Mar 20261");
        assertThat(file.usesDate()).isTrue();
        assertThat(named.usesDate()).isFalse();
        Files.createDirectory(folder.resolve("additional_chat_templates"));
        Files.writeString(folder.resolve("additional_chat_templates/tool_use.jinja"), "more tools");
        assertThat(ChatTemplate.load(folder, Goldens.NOW).render(tools, false)).isEqualTo("more tools");

        Files.writeString(folder.resolve("chat_template.jinja"), "\n{% nope %}");
        assertThatThrownBy(() -> ChatTemplate.load(folder, Goldens.NOW))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("chat_template.jinja, line 2: the statement 'nope'");
    }

    @Test
    void messagesKeepTheirFieldsAndRefuseToBeWithoutARole() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("content", null);
        assertThatThrownBy(() -> new Message(fields)).isInstanceOf(BadInput.class);
        fields.put("role", 5);
        assertThatThrownBy(() -> new Message(fields)).isInstanceOf(BadInput.class);
        fields.put("role", "assistant");
        fields.put("n", 3);
        Message message = new Message(fields);
        fields.put("role", "changed");
        assertThat(message.role()).isEqualTo("assistant");
        assertThat(message.fields().keySet()).containsExactly("content", "role", "n");
        assertThat(message.content()).isNull();
        assertThat(message.fields().get("n")).isEqualTo(3L);
    }
}
