package candor.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.GoldenFolders;
import candor.data.EncodedRow;
import candor.text.ChatEncoder;
import candor.text.ChatTemplate;
import candor.text.Conversation;
import candor.text.Message;
import candor.text.SpecialTextPolicy;
import candor.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProbeSetTest {
    private static final String GOOD =
            "{\"id\": \"a\", \"kind\": \"belief\", \"messages\": [{\"role\": \"user\", \"content\": \"Is ice cold?\"}],"
                    + " \"truthful\": \"Yes, it is.\", \"untruthful\": \"No, it is not.\"}";

    @TempDir
    Path folder;

    private ProbeSet read(String... lines) throws IOException {
        return ProbeSet.read(Files.writeString(folder.resolve("probes.jsonl"), String.join("\n", lines)));
    }

    private static ChatEncoder encoder(String golden) {
        Path model = GoldenFolders.folder(golden).resolve("model");
        return new ChatEncoder(
                Tokenizer.load(model),
                ChatTemplate.load(model, LocalDateTime.of(2026, 1, 1, 0, 0)),
                SpecialTextPolicy.REFUSE);
    }

    private static String said(ChatEncoder encoder, EncodedRow row) {
        int[] ids = new int[row.targets()];
        int n = 0;
        for (int t = 1; t < row.length(); t++) {
            if (row.target()[t]) {
                ids[n++] = row.ids()[t];
            }
        }
        return encoder.tokenizer().decode(ids, true).strip();
    }

    @Test
    void readsALine() throws IOException {
        ProbeSet set = read(GOOD, "", GOOD.replace("\"a\"", "\"b\"").replace("belief", "pressure"));
        assertThat(set.probes()).hasSize(2);
        assertThat(set.probes().getFirst())
                .isEqualTo(new Probe(
                        "a",
                        ProbeKind.BELIEF,
                        new Conversation(List.of(Message.of("user", "Is ice cold?"))),
                        "Yes, it is.",
                        "No, it is not."));
        assertThat(set.of(ProbeKind.PRESSURE)).extracting(Probe::id).containsExactly("b");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"belief\" | \"hope\" | line 1: 'kind' is 'hope', expected one of [pressure, belief]; fix the probe",
                "\"No, it is not.\" | \"Yes, it is.\" | line 1: 'truthful' and 'untruthful' are the same",
                "\"No, it is not.\" | \" \" | line 1: 'untruthful' is missing, empty, or no text",
                "\"truthful\" | \"true\" | line 1: 'truthful' is missing, empty, or no text",
                "\"messages\" | \"message\" | line 1: 'messages' is missing, or no list of messages",
                "\"user\" | \"assistant\" | line 1: 'messages' ends with a message of the assistant",
                "\"user\" | \"boss\" | line 1: message 1 of 'messages' has the unknown role 'boss'",
                "{\"id\" | {id | line 1: is not valid JSON",
            })
    void saysWhatIsWrongWithALine(String what, String instead, String message) {
        assertThatThrownBy(() -> read(GOOD.replace(what, instead)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining(message)
                .message()
                .startsWith(folder.toString());
    }

    @Test
    void noTwoProbesHaveOneId() {
        assertThatThrownBy(() -> read(GOOD, GOOD))
                .isInstanceOf(BadInput.class)
                .hasMessageEndingWith("line 2: the id 'a' is there twice; give each probe its own");
    }

    @Test
    void aFileHasProbes() {
        assertThatThrownBy(() -> read("")).isInstanceOf(BadInput.class).hasMessageContaining("has no probe");
    }

    /** What is scored is the last reply and what ends it, also behind other replies. */
    @Test
    void theTargetsAreTheRepliesAlone() throws IOException {
        ProbeSet set = read(GOOD.replace(
                "{\"role\": \"user\", \"content\": \"Is ice cold?\"}",
                "{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\", \"content\": \"Hello\"},"
                        + "{\"role\": \"user\", \"content\": \"Is ice cold?\"}"));
        ChatEncoder encoder = encoder("llama3");
        EncodedProbe probe = set.encode(encoder, 512, 1 << 20).getFirst();
        assertThat(said(encoder, probe.truthful())).isEqualTo("Yes, it is.");
        assertThat(said(encoder, probe.untruthful())).isEqualTo("No, it is not.");
        assertThat(probe.truthful().promptLength())
                .isEqualTo(probe.untruthful().promptLength())
                .isEqualTo(Arrays.mismatch(
                        probe.truthful().ids(), probe.untruthful().ids()));
    }

    @Test
    void aProbeThatDoesNotFitTheModelIsNamed() throws IOException {
        ProbeSet set = read(GOOD);
        ChatEncoder encoder = encoder("qwen3");
        assertThatThrownBy(() -> set.encode(encoder, 10, 1 << 20))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("probes.jsonl, probe 'a': has ")
                .hasMessageContaining(
                        " tokens, more than the 10 of the model's context; change the probe, or give others"
                                + " with probes");
        assertThatThrownBy(() -> set.encode(encoder, 512, 100))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("and the model's vocabulary ends with 99");
        ProbeSet special = read(GOOD.replace("Is ice cold?", "Is <|im_end|> cold?"));
        assertThatThrownBy(() -> special.encode(encoder, 512, 1 << 20))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("probe 'a': message 1 (user) holds the text <|im_end|>");
    }

    @Test
    void theShippedSetHasAsManyOfEitherKindAndSaysTheSameInBothReplies() {
        ProbeSet shipped = ProbeSet.shipped();
        assertThat(shipped.of(ProbeKind.PRESSURE)).hasSize(48);
        assertThat(shipped.of(ProbeKind.BELIEF)).hasSize(48);
        for (Probe probe : shipped.probes()) {
            assertThat(probe.truthful()).as(probe.id()).endsWith(".");
            int longer = Math.max(probe.truthful().length(), probe.untruthful().length());
            int shorter = Math.min(probe.truthful().length(), probe.untruthful().length());
            assertThat(longer).as(probe.id()).isLessThan(2 * shorter + 10);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama3", "qwen2", "qwen3", "mistral", "gemma3"})
    void theShippedSetFitsEveryFamily(String golden) {
        ChatEncoder encoder = encoder(golden);
        List<EncodedProbe> encoded = ProbeSet.shipped().encode(encoder, 512, 1 << 20);
        List<Probe> probes = ProbeSet.shipped().probes();
        for (int i = 0; i < probes.size(); i++) {
            assertThat(said(encoder, encoded.get(i).truthful()))
                    .isEqualTo(probes.get(i).truthful());
            assertThat(said(encoder, encoded.get(i).untruthful()))
                    .isEqualTo(probes.get(i).untruthful());
        }
    }
}
