package candor.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.text.Tokenizer.Offsets;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String[] PIECES = {
        "a",
        " ",
        "  ",
        "\n",
        "Hello",
        "é",
        "e\u0301",
        "日本",
        "🙂",
        "👩‍👩‍👧",
        "\u0000",
        "\t",
        "0",
        "12345",
        "<|im_end|>",
        "<|eot_id|>",
        "<|im_end|>",
        "<|eot_id|>",
        "<",
        "ﬁ",
        "\u00a0",
        "مرحبا"
    };

    private static Path model(String name) {
        return Goldens.folder(name).resolve("model");
    }

    private static String randomText(SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(30); i > 0; i--) {
            text.append(PIECES[random.nextInt(PIECES.length)]);
        }
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama3", "qwen2", "qwen3"})
    void offsetsCoverTheTextInOrder(String name) {
        Tokenizer tokenizer = Tokenizer.load(model(name));
        SplittableRandom random = new SplittableRandom(11);
        for (int round = 0; round < 300; round++) {
            String text = randomText(random);
            Offsets o = tokenizer.encodeWithOffsets(text);
            assertThat(o.ids()).isEqualTo(tokenizer.encode(text, false));
            StringBuilder covered = new StringBuilder();
            for (int t = 0; t < o.ids().length; t++) {
                int from = Math.max(o.starts()[t], covered.length());
                // A normaliser may leave a combining mark without a token of its own.
                String skipped = text.substring(covered.length(), from);
                assertThat(skipped).as(text).matches(name.equals("llama3") ? "" : "\u0301?");
                covered.append(skipped);
                covered.append(text, from, Math.max(from, o.ends()[t]));
                String own = tokenizer.decode(new int[] {o.ids()[t]}, false);
                boolean part = own.contains("\ufffd");
                if (name.equals("llama3") && !part) {
                    // No normaliser here: what the token says is what stands at its place.
                    assertThat(text.substring(o.starts()[t], o.ends()[t])).isEqualTo(own);
                }
            }
            assertThat(text).startsWith(covered);
            assertThat(text.substring(covered.length())).matches("\u0301?");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama3", "qwen3"})
    void streamedTokensGiveTheWholeText(String name) {
        Tokenizer tokenizer = Tokenizer.load(model(name));
        SplittableRandom random = new SplittableRandom(12);
        for (int round = 0; round < 200; round++) {
            int[] ids = tokenizer.encode(randomText(random), false);
            StreamDecoder stream = tokenizer.streamDecoder(false);
            StringBuilder text = new StringBuilder();
            for (int id : ids) {
                String piece = stream.add(id);
                assertThat(piece).doesNotContain("\ufffd");
                text.append(piece);
            }
            text.append(stream.finish());
            assertThat(text.toString()).isEqualTo(tokenizer.decode(ids, false));
        }
    }

    @Test
    void randomTokensStreamToWhatTheyDecodeTo() {
        Tokenizer tokenizer = Tokenizer.load(model("llama3"));
        SplittableRandom random = new SplittableRandom(13);
        int broken = 0;
        for (int round = 0; round < 100; round++) {
            int[] ids = random.ints(40, 5, tokenizer.vocabularySize()).toArray();
            StreamDecoder stream = tokenizer.streamDecoder(true);
            StringBuilder text = new StringBuilder();
            for (int id : ids) {
                text.append(stream.add(id));
            }
            text.append(stream.finish());
            // Broken bytes may be counted differently when they are cut; whole characters may not.
            assertThat(text.toString().replace("\ufffd", ""))
                    .isEqualTo(tokenizer.decode(ids, true).replace("\ufffd", ""));
            broken += text.indexOf("\ufffd") >= 0 ? 1 : 0;
        }
        assertThat(broken).isPositive();
    }

    @Test
    void specialTokensComeFromAllTheFiles(@TempDir Path folder) throws IOException {
        Tokenizer llama = Tokenizer.load(model("llama3"));
        assertThat(llama.vocabularySize()).isEqualTo(512);
        assertThat(llama.special().bos()).hasValue(0);
        assertThat(llama.special().eos()).hasValue(4);
        assertThat(llama.special().pad()).hasValue(1);
        assertThat(llama.special().endIds()).containsExactly(4);
        assertThat(llama.special().named())
                .containsEntry("bos_token", "<|begin_of_text|>")
                .doesNotContainKey("unk_token");
        assertThat(llama.isSpecial(4)).isTrue();
        assertThat(llama.isSpecial(5)).isFalse();
        assertThat(llama.id("<|end_header_id|>")).hasValue(3);
        assertThat(llama.id("no such token")).isEmpty();

        Path copy = copy("llama3", folder);
        edit(
                copy.resolve("generation_config.json"),
                n -> n.set("eos_token_id", JSON.createArrayNode().add(4).add(1).add(9)));
        edit(copy.resolve("config.json"), n -> n.put("eos_token_id", 1));
        Tokenizer several = Tokenizer.load(copy);
        assertThat(several.special().endIds()).containsExactly(1, 4, 9);
        assertThat(several.special().isEnd(9)).isTrue();
        assertThat(several.special().isEnd(0)).isFalse();
    }

    @Test
    void theClassesOfTheLlamaFamilyFrameByTheirSettings(@TempDir Path folder) throws IOException {
        Path copy = copy("llama3", folder);
        edit(copy.resolve("tokenizer_config.json"), n -> n.put("tokenizer_class", "LlamaTokenizerFast")
                .put("add_bos_token", true)
                .put("add_eos_token", true));
        assertThat(Tokenizer.load(copy).encode("a", true)).containsExactly(0, 69, 4);
        edit(copy.resolve("tokenizer_config.json"), n -> n.put("add_bos_token", false)
                .put("add_eos_token", false));
        assertThat(Tokenizer.load(copy).encode("a", true)).containsExactly(69);
    }

    @Test
    void brokenFilesAreBadInput(@TempDir Path folder) throws IOException {
        assertThatThrownBy(() -> Tokenizer.load(folder.resolve("nowhere")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("tokenizer.json");
        Path copy = copy("llama3", folder);
        edit(
                copy.resolve("tokenizer_config.json"),
                n -> n.putObject("added_tokens_decoder").putObject("600").put("content", "<|new|>"));
        assertThatThrownBy(() -> Tokenizer.load(copy))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("<|new|>");
        edit(copy.resolve("tokenizer_config.json"), n -> n.remove("added_tokens_decoder"));
        String tokenizer = Files.readString(copy.resolve("tokenizer.json"));
        edit(copy.resolve("tokenizer.json"), n -> n.withArray("added_tokens")
                .addObject()
                .put("id", 600)
                .put("content", "<|new|>")
                .put("special", true)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("single_word", false)
                .put("normalized", false));
        assertThatThrownBy(() -> Tokenizer.load(copy))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("<|new|> has id 600");
        Files.writeString(copy.resolve("tokenizer.json"), tokenizer);
        edit(copy.resolve("generation_config.json"), n -> n.put("eos_token_id", "four"));
        assertThatThrownBy(() -> Tokenizer.load(copy))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("eos_token_id");
        for (String broken : List.of("{", "[]", "{}", "{\"model\": {\"type\": \"Nope\"}}", "\ud7ff")) {
            Files.writeString(copy.resolve("tokenizer.json"), broken);
            assertThatThrownBy(() -> Tokenizer.load(copy)).as(broken).isInstanceOf(BadInput.class);
        }
        Files.write(copy.resolve("tokenizer.json"), new byte[] {(byte) 0xff, 0});
        assertThatThrownBy(() -> Tokenizer.load(copy)).isInstanceOf(BadInput.class);
    }

    @Test
    void loneSurrogatesAreBadInput() {
        Tokenizer tokenizer = Tokenizer.load(model("qwen2"));
        for (String text : List.of("\ud800", "a\udc00", "\ud83dx", "🙂\ud83d", "\udc00\ud800")) {
            assertThatThrownBy(() -> tokenizer.encode(text, true))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("surrogate");
            assertThatThrownBy(() -> tokenizer.encodeWithOffsets(text)).isInstanceOf(BadInput.class);
        }
    }

    @Test
    void nulAndLongTextsPass() {
        Tokenizer tokenizer = Tokenizer.load(model("qwen2"));
        assertThat(tokenizer.decode(tokenizer.encode("a\0b\0", false), false)).isEqualTo("a\0b\0");
        String line = "The dosage of aspirin, 17 and 25, naïve 🙂.\n";
        String text = line.repeat(1_000_000 / line.length());
        int[] one = tokenizer.encode(line, false);
        int[] ids = tokenizer.encode(text, false);
        assertThat(ids.length).isEqualTo(one.length * (1_000_000 / line.length()));
        assertThat(Arrays.copyOf(ids, one.length)).isEqualTo(one);
    }

    @Test
    void specialTextIsFound() {
        Tokenizer tokenizer = Tokenizer.load(model("llama3"));
        assertThat(tokenizer.specialTextIn("an <|eot_id|> inside")).hasValue("<|eot_id|>");
        assertThat(tokenizer.specialTextIn("<|eot_id>< |eot_id|> <|im_end|>")).isEmpty();
        Message nested = new Message(java.util.Map.of(
                "role",
                "assistant",
                "content",
                "",
                "tool_calls",
                List.of(java.util.Map.of("arguments", java.util.Map.of("x", List.of("<|begin_of_text|>"))))));
        assertThat(tokenizer.specialTextIn(nested.fields())).hasValue("<|begin_of_text|>");
        // Every text that encodes to a special token is found, and no other.
        SplittableRandom random = new SplittableRandom(14);
        for (int round = 0; round < 300; round++) {
            String text = randomText(random);
            boolean token = Arrays.stream(tokenizer.encode(text, false)).anyMatch(tokenizer::isSpecial);
            assertThat(tokenizer.specialTextIn(text).isPresent()).as(text).isEqualTo(token);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama3", "qwen2"})
    void prefixesAreEncodedAsOnTheirOwn(String name, @TempDir Path folder) throws IOException {
        Tokenizer tokenizer = Tokenizer.load(model(name));
        Path copy = copy(name, folder);
        // A special token whose text starts with that of another, and one that takes blanks along.
        edit(copy.resolve("tokenizer.json"), n -> n.withArray("added_tokens")
                .addObject()
                .put("id", 512)
                .put("content", "<|im_end|>a")
                .put("special", true)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("single_word", false)
                .put("normalized", false));
        Tokenizer overlapping = Tokenizer.load(copy);
        edit(
                copy.resolve("tokenizer.json"),
                n -> ((ObjectNode) n.path("added_tokens").path(0)).put("rstrip", true));
        Tokenizer stripping = Tokenizer.load(copy);
        SplittableRandom random = new SplittableRandom(16);
        for (int round = 0; round < 500; round++) {
            String whole = randomText(random);
            int end = random.nextInt(whole.length() + 1);
            end -= end > 0 && end < whole.length() && Character.isLowSurrogate(whole.charAt(end)) ? 1 : 0;
            String prefix = random.nextInt(8) == 0 ? randomText(random) : whole.substring(0, end);
            for (Tokenizer t : List.of(tokenizer, overlapping, stripping)) {
                assertThat(t.encodePrefix(prefix, whole, t.encode(whole, false)))
                        .as(prefix + " … " + whole)
                        .isEqualTo(t.encode(prefix, false));
            }
        }
    }

    @Test
    void threadsMayShareATokenizer() throws Exception {
        Tokenizer tokenizer = Tokenizer.load(model("llama3"));
        SplittableRandom random = new SplittableRandom(15);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            texts.add(randomText(random));
        }
        List<int[]> expected =
                texts.stream().map(t -> tokenizer.encode(t, true)).toList();
        List<int[]> parallel =
                texts.parallelStream().map(t -> tokenizer.encode(t, true)).toList();
        for (int i = 0; i < texts.size(); i++) {
            assertThat(parallel.get(i)).isEqualTo(expected.get(i));
        }
    }

    static Path copy(String name, Path folder) throws IOException {
        for (String file :
                List.of("tokenizer.json", "tokenizer_config.json", "config.json", "generation_config.json")) {
            Files.copy(model(name).resolve(file), folder.resolve(file));
        }
        return folder;
    }

    static void edit(Path file, java.util.function.Consumer<ObjectNode> change) throws IOException {
        JsonNode node = JSON.readTree(file.toFile());
        change.accept((ObjectNode) node);
        JSON.writeValue(file.toFile(), node);
    }
}
