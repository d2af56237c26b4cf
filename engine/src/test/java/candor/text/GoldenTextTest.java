package candor.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ids, decoded texts, rendered chats and training rows, equal to what transformers and TRL made of them. */
class GoldenTextTest {
    @ParameterizedTest
    @MethodSource("candor.GoldenFolders#names")
    void encodesAndDecodesAsTransformers(String name) throws IOException {
        Tokenizer tokenizer = Goldens.encoder(name).tokenizer();
        JsonNode cases = Goldens.json(name, "tokenizer.json").path("encode");
        assertThat(cases).hasSize(20);
        for (JsonNode c : cases) {
            String text = c.path("text").textValue();
            int[] plain = Goldens.ints(c.path("ids_plain"));
            assertThat(tokenizer.encode(text, true)).as(text).isEqualTo(Goldens.ints(c.path("ids")));
            assertThat(tokenizer.encode(text, false)).as(text).isEqualTo(plain);
            assertThat(tokenizer.encodeWithOffsets(text).ids()).as(text).isEqualTo(plain);
            assertThat(tokenizer.decode(plain, false))
                    .as(text)
                    .isEqualTo(c.path("decoded").textValue());
        }
    }

    @ParameterizedTest
    @MethodSource("candor.GoldenFolders#names")
    void rendersChatsAsTransformers(String name) throws IOException {
        ChatTemplate template = Goldens.encoder(name).template();
        JsonNode cases = Goldens.json(name, "tokenizer.json").path("chat");
        assertThat(cases).hasSize(8);
        for (JsonNode c : cases) {
            List<Message> messages = Goldens.messages(c.path("messages"));
            boolean prompt = c.path("add_generation_prompt").booleanValue();
            Conversation chat = new Conversation(messages.subList(0, messages.size() - (prompt ? 1 : 0)));
            assertThat(template.render(chat, prompt)).isEqualTo(c.path("text").textValue());
        }
        for (JsonNode row : Goldens.json(name, "generate.json")) {
            Conversation chat = new Conversation(Goldens.messages(row.path("messages")));
            assertThat(Goldens.encoder(name).encodePrompt(chat)).isEqualTo(Goldens.ints(row.path("prompt_ids")));
        }
    }

    @ParameterizedTest
    @MethodSource("candor.GoldenFolders#names")
    void sftRowsAreThoseOfTheTrainersFirstBatch(String name) throws IOException {
        ChatEncoder encoder = Goldens.encoder(name);
        JsonNode batch = Goldens.json(name, "sft/run.json").path("first_batch");
        List<JsonNode> rows = Goldens.lines(name, "sft/train.jsonl");
        assertThat(batch.path("input_ids")).hasSize(4);
        for (int i = 0; i < 4; i++) {
            EncodedChat chat =
                    encode(encoder, rows.get(i).path("prompt"), rows.get(i).path("completion"));
            int length = ones(batch.path("attention_mask").get(i));
            int[] labels = chat.ids().clone();
            for (int t = 0; t < labels.length; t++) {
                labels[t] = chat.inLoss()[t] ? labels[t] : -100;
            }
            assertThat(chat.ids()).isEqualTo(first(batch.path("input_ids").get(i), length));
            assertThat(labels).isEqualTo(first(batch.path("labels").get(i), length));
            assertThat(chat.promptIsPrefix()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("candor.GoldenFolders#names")
    void ktoRowsAndMismatchedPairsAreThoseOfTheTrainersFirstBatch(String name) throws IOException {
        ChatEncoder encoder = Goldens.encoder(name);
        JsonNode batch = Goldens.json(name, "kto/run.json").path("first_batch");
        List<JsonNode> rows = Goldens.lines(name, "kto/train.jsonl");
        for (int i = 0; i < 4; i++) {
            JsonNode prompt = rows.get(i).path("prompt");
            compare(encode(encoder, prompt, rows.get(i).path("completion")), batch, "", i);
            compare(encode(encoder, prompt, rows.get((i + 3) % 4).path("completion")), batch, "KL_", i);
        }
    }

    private static void compare(EncodedChat chat, JsonNode batch, String prefix, int i) {
        int length = ones(batch.path(prefix + "attention_mask").get(i));
        int[] mask = new int[chat.length()];
        for (int t = 0; t < mask.length; t++) {
            mask[t] = chat.inLoss()[t] ? 1 : 0;
        }
        assertThat(chat.ids()).isEqualTo(first(batch.path(prefix + "input_ids").get(i), length));
        assertThat(mask).isEqualTo(first(batch.path(prefix + "completion_mask").get(i), length));
    }

    /** The loss over all of the assistant's turns ends as TRL's does, and starts after every generation prompt. */
    @ParameterizedTest
    @MethodSource("candor.GoldenFolders#names")
    void masksOfWholeConversationsAgreeWithThePrefixesAlone(String name) throws IOException {
        ChatEncoder encoder = Goldens.encoder(name);
        for (JsonNode row : Goldens.lines(name, "sft/train.jsonl")) {
            List<Message> prompt = Goldens.messages(row.path("prompt"));
            List<Message> all = new ArrayList<>(prompt);
            all.addAll(Goldens.messages(row.path("completion")));
            EncodedChat chat = encoder.encodeConversation(new Conversation(all));
            EncodedChat trl = encoder.encodeChat(new Conversation(prompt), all.subList(prompt.size(), all.size()));
            boolean[] expected = trl.inLoss().clone();
            for (int m = 0; m < prompt.size(); m++) {
                if (prompt.get(m).isAssistant()) {
                    EncodedChat turn = encoder.encodeChat(new Conversation(all.subList(0, m)), all.subList(m, m + 1));
                    for (int t = 0; t < turn.length(); t++) {
                        expected[t] |= turn.inLoss()[t];
                    }
                }
            }
            assertThat(chat.ids()).isEqualTo(trl.ids());
            assertThat(chat.inLoss()).isEqualTo(expected);
        }
    }

    private static EncodedChat encode(ChatEncoder encoder, JsonNode prompt, JsonNode completion) {
        return encoder.encodeChat(new Conversation(Goldens.messages(prompt)), Goldens.messages(completion));
    }

    private static int ones(JsonNode mask) {
        return Arrays.stream(Goldens.ints(mask)).sum();
    }

    private static int[] first(JsonNode array, int n) {
        return Arrays.copyOf(Goldens.ints(array), n);
    }
}
