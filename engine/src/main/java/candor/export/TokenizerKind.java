package candor.export;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which of llama.cpp's tokenizers splits texts as tokenizer.json does.
 *
 * <p>llama.cpp's own converter tells byte-level tokenizers apart by a hash of the tokens of one text, which knows published
 * vocabularies alone. Here the rules themselves are compared: the pattern that cuts a text into words, and whether a word that is a
 * token needs no merges. What is not among the known ones is refused.
 */
sealed interface TokenizerKind {
    /**
     * Byte-level BPE, {@code gpt2}.
     *
     * @param pre the name of the way in which words are cut, {@code tokenizer.ggml.pre}
     */
    record ByteLevel(String pre) implements TokenizerKind {}

    /**
     * BPE over characters with blanks as ▁ and bytes for what is no token, as SentencePiece has it: {@code llama}.
     *
     * @param blankInFront whether a text gets a blank in front of it
     */
    record SentencePiece(boolean blankInFront) implements TokenizerKind {}

    /** GPT-2's: what the ByteLevel step does by itself. */
    String GPT2_WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    String LLAMA3_WORDS =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /** Qwen's, and Candor's own: as Llama 3's, with single digits. */
    String QWEN_WORDS =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /** Mistral Nemo's. */
    String TEKKEN_WORDS = "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
            + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
            + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /** The names of ways in which words are cut, by pattern and by whether a word that is a token needs no merges. */
    Map<String, String> MERGING =
            Map.of(GPT2_WORDS, "gpt-2", LLAMA3_WORDS, "smaug-bpe", QWEN_WORDS, "qwen2", "digits", "smollm");

    Map<String, String> WHOLE_WORDS = Map.of(LLAMA3_WORDS, "llama-bpe", TEKKEN_WORDS, "tekken");

    /** @throws candor.BadInput where llama.cpp has none that does the same */
    static TokenizerKind of(TokenizerJson json) {
        if (!json.setting("type").asText("BPE").equals("BPE") || json.merges().isEmpty()) {
            throw json.bad("is not a BPE tokenizer with merges, which alone can be exported");
        }
        for (String key : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            if (!json.setting(key).asText("").isEmpty()) {
                throw json.bad(key + " is set, which GGUF has no place for");
            }
        }
        return json.setting("byte_fallback").asBoolean() ? sentencePiece(json) : byteLevel(json);
    }

    private static ByteLevel byteLevel(TokenizerJson json) {
        JsonNode normalizer = json.part("normalizer");
        if (!normalizer.isNull() && !normalizer.path("type").asText().equals("NFC")) {
            throw json.bad("has a normalizer that llama.cpp does not apply: " + shortened(normalizer));
        }
        String words = words(json.part("pre_tokenizer"))
                .orElseThrow(() -> json.bad("cuts words in a way that is not among llama.cpp's pre-tokenizers: "
                        + shortened(json.part("pre_tokenizer"))));
        boolean wholeWords = json.setting("ignore_merges").asBoolean();
        String pre = (wholeWords ? WHOLE_WORDS : MERGING).get(words);
        if (pre == null && words.equals(TEKKEN_WORDS)) {
            pre = WHOLE_WORDS.get(words); // a vocabulary of tiktoken's: every token comes about by merges, too
        }
        if (pre == null) {
            throw json.bad("cuts words in a way that is not among llama.cpp's pre-tokenizers: "
                    + shortened(json.part("pre_tokenizer")) + (wholeWords ? " with ignore_merges" : ""));
        }
        return new ByteLevel(pre);
    }

    /** The pattern that cuts words, where steps are known to do that and nothing else. */
    private static Optional<String> words(JsonNode preTokenizer) {
        List<JsonNode> steps = new ArrayList<>();
        if (preTokenizer.path("type").asText().equals("Sequence")) {
            preTokenizer.path("pretokenizers").forEach(steps::add);
        } else {
            steps.add(preTokenizer);
        }
        JsonNode bytes = steps.getLast();
        if (!bytes.path("type").asText().equals("ByteLevel")
                || bytes.path("add_prefix_space").asBoolean(true)) {
            return Optional.empty();
        }
        boolean ownWords = bytes.path("use_regex").asBoolean(true);
        if (steps.size() == 1) {
            return ownWords ? Optional.of(GPT2_WORDS) : Optional.empty();
        }
        JsonNode first = steps.getFirst();
        if (steps.size() == 2
                && ownWords
                && first.path("type").asText().equals("Digits")
                && first.path("individual_digits").asBoolean()) {
            return Optional.of("digits");
        }
        return steps.size() == 2 && !ownWords && isolates(first)
                ? Optional.of(first.path("pattern").path("Regex").asText())
                : Optional.empty();
    }

    /** Whether a step makes every match of a pattern a word. The known ones match all of a text, so that nothing is between them. */
    private static boolean isolates(JsonNode step) {
        String behavior = step.path("behavior").asText();
        boolean invert = step.path("invert").asBoolean();
        return step.path("type").asText().equals("Split")
                && (behavior.equals("Isolated") && !invert || behavior.equals("Removed") && invert);
    }

    private static SentencePiece sentencePiece(TokenizerJson json) {
        boolean blank = false;
        boolean escaped = false;
        List<JsonNode> steps = new ArrayList<>();
        JsonNode normalizer = json.part("normalizer");
        if (normalizer.path("type").asText().equals("Sequence")) {
            normalizer.path("normalizers").forEach(steps::add);
        } else if (!normalizer.isNull()) {
            steps.add(normalizer);
        }
        for (JsonNode step : steps) {
            switch (step.path("type").asText()) {
                case "Prepend" -> blank |= step.path("prepend").asText().equals("▁");
                case "Replace" ->
                    escaped |= step.path("content").asText().equals("▁")
                            && step.path("pattern").path("String").asText().equals(" ");
                default -> throw json.bad("has a normalizer that llama.cpp does not apply: " + shortened(step));
            }
        }
        JsonNode words = json.part("pre_tokenizer");
        switch (words.path("type").asText()) {
            case "Metaspace" -> {
                escaped = true;
                // A blank at the start of the whole text alone: llama.cpp would put one behind each special token, too,
                // and chats begin with one.
                blank |= words.path("prepend_scheme").asText("always").equals("always");
            }
            case "Split" -> {
                // At blanks, of which the normalizer left none.
                if (!escaped || !words.path("pattern").path("String").asText().equals(" ")) {
                    throw json.bad("cuts words in a way that SentencePiece does not: " + shortened(words));
                }
            }
            default -> {
                if (!words.isNull()) {
                    throw json.bad("cuts words in a way that SentencePiece does not: " + shortened(words));
                }
            }
        }
        if (!escaped) {
            throw json.bad("does not write blanks as ▁, as SentencePiece does");
        }
        return new SentencePiece(blank);
    }

    private static String shortened(JsonNode node) {
        String text = node.toString();
        return text.length() <= 160 ? text : text.substring(0, 160) + "…";
    }
}
