package candor.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemplateChoiceTest {
    private static final Conversation TWO = new Conversation(
            List.of(Message.of("user", " Is it on?"), Message.of("assistant", "Yes. "), Message.of("user", "Sure?")));

    @TempDir
    Path folder;

    private static ChatTemplate shipped(String name, String golden) {
        return new TemplateChoice(name, "{}").load(Goldens.folder(golden).resolve("model"), Goldens.NOW);
    }

    /** LLaMA-Factory's "llama3": no system block of its own, no date, nothing trimmed, <|eot_id|> in the loss. */
    @Test
    void llama3() {
        ChatTemplate template = shipped("llama3", "llama3");
        String bos = (String) new TokenizerFiles(Goldens.folder("llama3").resolve("model"))
                .named()
                .get("bos_token");
        String turns = bos
                + "<|start_header_id|>user<|end_header_id|>\n\n Is it on?<|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\nYes. <|eot_id|>"
                + "<|start_header_id|>user<|end_header_id|>\n\nSure?<|eot_id|>";
        assertThat(template.render(TWO, false)).isEqualTo(turns);
        assertThat(template.render(TWO, true)).isEqualTo(turns + "<|start_header_id|>assistant<|end_header_id|>\n\n");
        assertThat(learnt(template)).containsExactly("Yes. <|eot_id|>");
        Conversation told = new Conversation(List.of(Message.of("system", "Be brief."), Message.of("user", "Hi")));
        assertThat(template.render(told, false))
                .isEqualTo(bos + "<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
                        + "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>");
    }

    /** LLaMA-Factory's "qwen": ChatML, its default system text, <|im_end|> and the line break in the loss. */
    @Test
    void qwen() {
        ChatTemplate template = shipped("qwen", "qwen2");
        String turns =
                "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
                        + "<|im_start|>user\n Is it on?<|im_end|>\n<|im_start|>assistant\nYes. <|im_end|>\n"
                        + "<|im_start|>user\nSure?<|im_end|>\n";
        assertThat(template.render(TWO, false)).isEqualTo(turns);
        assertThat(template.render(TWO, true)).isEqualTo(turns + "<|im_start|>assistant\n");
        assertThat(learnt(template)).containsExactly("Yes. <|im_end|>\n");
        Conversation told = new Conversation(List.of(Message.of("system", "Be brief."), Message.of("user", "Hi")));
        assertThat(template.render(told, false))
                .isEqualTo("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n");
    }

    private static List<String> learnt(ChatTemplate template) {
        MaskedText masked = ReplySpans.find(template, TWO);
        return masked.replies().stream()
                .map(span -> masked.text().substring(span.start(), span.end()))
                .toList();
    }

    /** A prompt with its completion (TRL's cut) gives the same reply as the whole conversation's marks. */
    @Test
    void promptAndCompletionAgreeWithTheMarks() {
        for (String name : TemplateChoice.SHIPPED) {
            String golden = name.equals("qwen") ? "qwen2" : "llama3";
            Path model = Goldens.folder(golden).resolve("model");
            ChatEncoder encoder =
                    new ChatEncoder(Tokenizer.load(model), shipped(name, golden), SpecialTextPolicy.REFUSE);
            List<Message> reply = List.of(Message.of("assistant", "Yes."));
            EncodedChat cut = encoder.encodeChat(TWO, reply);
            EncodedChat marked = encoder.encode(encoder.render(TWO, reply));
            assertThat(cut.ids()).as(name).isEqualTo(marked.ids());
            assertThat(cut.inLoss()).as(name).isEqualTo(marked.inLoss());
        }
    }

    @Test
    void rolesAndToolsThatTheyLackAreNamed() {
        Conversation tool = new Conversation(List.of(Message.of("tool", "3")));
        for (String name : TemplateChoice.SHIPPED) {
            ChatTemplate template = shipped(name, "qwen2");
            assertThatThrownBy(() -> template.render(tool, false))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("the template " + name + " has no role 'tool'");
            assertThatThrownBy(() ->
                            template.render(new Conversation(TWO.messages(), List.of(Map.of("name", "f"))), false))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("the template " + name + " has no tools");
        }
    }

    @Test
    void aFileOfOnesOwnWithMoreVariables() throws IOException {
        Path file = Files.writeString(
                folder.resolve("own.jinja"),
                "{{ bos_token }}{% for m in messages %}{{ m.content }}|{% endfor %}{% if enable_thinking is false %}no{% endif %}"
                        + "{{ level }}");
        Path model = Goldens.folder("llama3").resolve("model");
        String bos = (String) new TokenizerFiles(model).named().get("bos_token");
        TemplateChoice off = new TemplateChoice(file.toString(), "{\"enable_thinking\": false, \"level\": 2}");
        assertThat(off.load(model, Goldens.NOW).render(TWO, false)).isEqualTo(bos + " Is it on?|Yes. |Sure?|no2");
        assertThat(new TemplateChoice(file.toString(), "{}")
                        .load(model, Goldens.NOW)
                        .render(TWO, false))
                .isEqualTo(bos + " Is it on?|Yes. |Sure?|");
        assertThat(off.fingerprint())
                .isNotEqualTo(new TemplateChoice(file.toString(), "{}").fingerprint())
                .isEqualTo(
                        new TemplateChoice(file.toString(), "{ \"enable_thinking\":false,\"level\":2}").fingerprint());
        assertThat(TemplateChoice.DEFAULT.fingerprint()).isEmpty();
    }

    @Test
    void whatCannotBeIsRefused() {
        assertThatThrownBy(() -> new TemplateChoice("llama4", "{}"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("llama4")
                .hasMessageContaining("llama3 or qwen");
        assertThatThrownBy(() -> new TemplateChoice("model", "enable_thinking=false"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("{\"enable_thinking\": false}");
        assertThatThrownBy(() -> new TemplateChoice("model", "[1]")).isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> new TemplateChoice("model", "{\"messages\": []}"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("messages comes from the conversation");
    }
}
