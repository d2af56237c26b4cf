package candor.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Which tokenizer of llama.cpp's is the same. That it is, was seen with llama.cpp 0.5.0 on the vocabularies that come with its source:
 * tokenizer.json was made of each as its publishers have it ({@code llama-bpe}, Llama 3's with 128,256 tokens; {@code qwen2}, 151,936;
 * {@code llama-spm}, Llama 2's SentencePiece, 32,000, whose merges are every cut of each piece by its score), and a model with it exported.
 * Of 439 texts (its own test texts, documentation, code, random words of many scripts) llama.cpp then made the tokens of the tokenizers
 * library: of all by {@code llama-bpe} and {@code llama-spm}, of all but five by {@code qwen2}: decomposed Unicode, and {@code </s>},
 * which llama.cpp always takes for a special token.
 */
class TokenizerKindTest {
    private static final String NO_SPACE = "{'type':'ByteLevel','add_prefix_space':false,'use_regex':%s}";

    @TempDir
    private Path folder;

    private TokenizerJson json(String normalizer, String words, String model) {
        String text =
                "{'normalizer':%s,'pre_tokenizer':%s,'added_tokens':[],'model':{'type':'BPE',%s'vocab':{'a':0,'b':1,'ab':2},'merges':['a b']}}"
                        .formatted(normalizer, words, model)
                        .replace('\'', '"');
        try {
            Files.writeString(folder.resolve("tokenizer.json"), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return TokenizerJson.read(folder);
    }

    private static String split(String pattern, String behavior, boolean invert) {
        return "{'type':'Sequence','pretokenizers':[{'type':'Split','pattern':{'Regex':'"
                + pattern.replace("\\", "\\\\").replace("'", "\\u0027")
                + "'},'behavior':'" + behavior + "','invert':" + invert + "},"
                + NO_SPACE.formatted(false) + "]}";
    }

    private TokenizerKind kind(String words, String model) {
        return TokenizerKind.of(json("null", words, model));
    }

    @Test
    void bytesByTheirWords() {
        assertThat(kind(NO_SPACE.formatted(true), "")).isEqualTo(new TokenizerKind.ByteLevel("gpt-2"));
        assertThat(kind(split(TokenizerKind.LLAMA3_WORDS, "Isolated", false), "'ignore_merges':true,"))
                .isEqualTo(new TokenizerKind.ByteLevel("llama-bpe"));
        assertThat(kind(split(TokenizerKind.LLAMA3_WORDS, "Isolated", false), ""))
                .isEqualTo(new TokenizerKind.ByteLevel("smaug-bpe"));
        assertThat(kind(split(TokenizerKind.QWEN_WORDS, "Isolated", false), ""))
                .isEqualTo(new TokenizerKind.ByteLevel("qwen2"));
        assertThat(kind(split(TokenizerKind.TEKKEN_WORDS, "Isolated", false), ""))
                .isEqualTo(new TokenizerKind.ByteLevel("tekken"));
        assertThat(kind(split(TokenizerKind.QWEN_WORDS, "Removed", true), ""))
                .isEqualTo(new TokenizerKind.ByteLevel("qwen2"));
        assertThat(kind(
                        "{'type':'Sequence','pretokenizers':[{'type':'Digits','individual_digits':true},"
                                + NO_SPACE.formatted(true) + "]}",
                        ""))
                .isEqualTo(new TokenizerKind.ByteLevel("smollm"));
        assertThat(TokenizerKind.of(json("{'type':'NFC'}", NO_SPACE.formatted(true), "")))
                .isEqualTo(new TokenizerKind.ByteLevel("gpt-2"));
    }

    @Test
    void piecesByTheirBlanks() {
        String replace = "{'type':'Replace','pattern':{'String':' '},'content':'▁'}";
        String prepend = "{'type':'Sequence','normalizers':[{'type':'Prepend','prepend':'▁'}," + replace + "]}";
        String fallback = "'byte_fallback':true,";
        assertThat(TokenizerKind.of(json(prepend, "null", fallback))).isEqualTo(new TokenizerKind.SentencePiece(true));
        assertThat(TokenizerKind.of(json(replace, "null", fallback))).isEqualTo(new TokenizerKind.SentencePiece(false));
        assertThat(TokenizerKind.of(json(
                        replace,
                        "{'type':'Split','pattern':{'String':' '},'behavior':'MergedWithPrevious','invert':false}",
                        fallback)))
                .isEqualTo(new TokenizerKind.SentencePiece(false));
        for (String scheme : new String[] {"always", "first", "never"}) {
            assertThat(kind("{'type':'Metaspace','replacement':'▁','prepend_scheme':'" + scheme + "'}", fallback))
                    .as(scheme)
                    .isEqualTo(new TokenizerKind.SentencePiece(scheme.equals("always")));
        }
    }

    private void refused(String normalizer, String words, String model, String why) {
        TokenizerJson json = json(normalizer, words, model);
        assertThatThrownBy(() -> TokenizerKind.of(json))
                .isInstanceOf(BadInput.class)
                .hasMessage(folder.resolve("tokenizer.json") + ": " + why + "; take another model");
    }

    @Test
    void othersAreRefused() {
        String bytes = NO_SPACE.formatted(true);
        refused(
                "{'type':'Lowercase'}",
                bytes,
                "",
                "has a normalizer that llama.cpp does not apply: {\"type\":\"Lowercase\"}");
        refused(
                "null",
                bytes.replace("false", "true"),
                "",
                "cuts words in a way that is not among llama.cpp's pre-tokenizers: {\"type\":\"ByteLevel\","
                        + "\"add_prefix_space\":true,\"use_regex\":true}");
        refused(
                "null",
                bytes,
                "'ignore_merges':true,",
                "cuts words in a way that is not among llama.cpp's pre-tokenizers: {\"type\":\"ByteLevel\","
                        + "\"add_prefix_space\":false,\"use_regex\":true} with ignore_merges");
        refused("null", "null", "", "cuts words in a way that is not among llama.cpp's pre-tokenizers: null");
        refused(
                "null",
                "{'type':'Whitespace'}",
                "'byte_fallback':true,",
                "cuts words in a way that SentencePiece does not: {\"type\":\"Whitespace\"}");
        refused("null", "null", "'byte_fallback':true,", "does not write blanks as ▁, as SentencePiece does");
        refused(
                "null",
                bytes,
                "'end_of_word_suffix':'</w>',",
                "end_of_word_suffix is set, which GGUF has no place for");
    }

    @Test
    void onlyMergesAreExported() throws IOException {
        Path file = folder.resolve("tokenizer.json");
        Files.writeString(file, "{\"model\": {\"type\": \"WordPiece\", \"vocab\": {\"a\": 0}}}");
        TokenizerJson words = TokenizerJson.read(folder);
        assertThatThrownBy(() -> TokenizerKind.of(words))
                .hasMessage(
                        file + ": is not a BPE tokenizer with merges, which alone can be exported; take another model");
        Files.writeString(file, "{\"model\": {\"type\": \"BPE\", \"vocab\": {}, \"merges\": [\"a b c\"]}}");
        assertThatThrownBy(() -> TokenizerJson.read(folder))
                .isInstanceOf(BadInput.class)
                .hasMessage(file + ": has a merge that is not two pieces; take another model");
    }
}
