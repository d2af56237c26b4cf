package candor.text;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import candor.BadInput;
import candor.text.Vocabulary.Added;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/** A model's tokenizer, read from tokenizer.json. Threads may share it. */
public final class Tokenizer {
    private final NativeTokenizer library;
    private final Vocabulary vocabulary;
    private final SpecialTokens special;
    private final Set<Integer> specialIds;
    private final SpecialText specialText;
    private final PrefixEncoder prefixEncoder;
    private final Optional<Framing> framing;

    /** What is put around a text when special tokens are asked for, where tokenizer_config.json rules it. */
    private record Framing(boolean bos, boolean eos) {}

    /**
     * The tokens of a text.
     *
     * @param ids token ids
     * @param starts where each token's text starts, in UTF-16 units of the text
     * @param ends where it ends, exclusive; a token that the tokenizer adds has an empty span where it stands
     */
    public record Offsets(int[] ids, int[] starts, int[] ends) {}

    private Tokenizer(Path folder) {
        TokenizerFiles files = new TokenizerFiles(folder);
        Path file = folder.resolve("tokenizer.json");
        String json = TokenizerFiles.text(file);
        vocabulary = new Vocabulary(file, json);
        files.checkAddedTokens(vocabulary);
        special = files.specialTokens(vocabulary);
        try {
            library = new NativeTokenizer(json);
        } catch (RuntimeException e) {
            throw new BadInput(file + ": not a tokenizer that the tokenizers library reads: " + e.getMessage(), e);
        }
        checkIds(file);
        specialIds = vocabulary.special().stream().map(Added::id).collect(Collectors.toUnmodifiableSet());
        specialText = new SpecialText(specialTexts());
        prefixEncoder = new PrefixEncoder(vocabulary, text -> encode(text, false));
        framing = framing(files.config);
    }

    /** The library numbers added tokens on its own where a file skips ids: the model would read other tokens. */
    private void checkIds(Path file) {
        for (Added token : vocabulary.special()) {
            long[] ids = library.encode(token.content(), false, false).ids();
            if (!token.looksAround() && (ids.length != 1 || ids[0] != token.id())) {
                throw new BadInput(file + ": the special token " + token.content() + " has id " + token.id()
                        + " there, but the tokenizers library encodes it as " + Arrays.toString(ids)
                        + "; are the ids without gaps?");
            }
        }
    }

    /**
     * @param folder a checkpoint's folder: tokenizer.json, and where they are there tokenizer_config.json,
     *     special_tokens_map.json, config.json and generation_config.json
     */
    public static Tokenizer load(Path folder) {
        return new Tokenizer(folder);
    }

    /**
     * In transformers the classes of the Llama and Gemma families build the post-processor anew from these two
     * settings, whatever tokenizer.json says (LlamaTokenizerFast.update_post_processor).
     */
    private static Optional<Framing> framing(JsonNode config) {
        String type = config.path("tokenizer_class").asText("");
        boolean rebuilt = type.startsWith("LlamaTokenizer") || type.startsWith("GemmaTokenizer");
        return rebuilt && (config.has("add_bos_token") || config.has("add_eos_token"))
                ? Optional.of(new Framing(
                        config.path("add_bos_token").asBoolean(true),
                        config.path("add_eos_token").asBoolean(false)))
                : Optional.empty();
    }

    /** Token ids of a text; the texts of special tokens inside it become these tokens. */
    public int[] encode(String text, boolean addSpecialTokens) {
        TextChecks.wellFormed(text);
        if (addSpecialTokens && framing.isPresent()) {
            return framed(narrow(library.encode(text, false, false).ids()), framing.get());
        }
        return narrow(library.encode(text, addSpecialTokens, false).ids());
    }

    /**
     * The same ids as {@code encode(prefix, false)}, with little work where the whole starts with the prefix.
     *
     * @param wholeIds {@code encode(whole, false)}
     */
    public int[] encodePrefix(String prefix, String whole, int[] wholeIds) {
        TextChecks.wellFormed(prefix);
        return prefixEncoder.encode(prefix, whole, wholeIds);
    }

    private int[] framed(int[] ids, Framing frame) {
        int before = frame.bos() && special.bos().isPresent() ? 1 : 0;
        int after = frame.eos() && special.eos().isPresent() ? 1 : 0;
        int[] out = new int[before + ids.length + after];
        System.arraycopy(ids, 0, out, before, ids.length);
        if (before == 1) {
            out[0] = special.bos().getAsInt();
        }
        if (after == 1) {
            out[out.length - 1] = special.eos().getAsInt();
        }
        return out;
    }

    /** Token ids with their places in the text, without added special tokens. */
    public Offsets encodeWithOffsets(String text) {
        TextChecks.wellFormed(text);
        NativeTokenizer.Encoding encoding = library.encode(text, false, true);
        int[] ids = narrow(encoding.ids());
        int[] starts = new int[ids.length];
        int[] ends = new int[ids.length];
        CodePoints points = new CodePoints(text);
        for (int i = 0; i < ids.length; i++) {
            CharSpan span = encoding.spans()[i];
            int reached = i == 0 ? 0 : ends[i - 1];
            starts[i] = span == null ? reached : points.utf16(span.getStart());
            ends[i] = span == null ? reached : points.utf16(span.getEnd());
        }
        return new Offsets(ids, starts, ends);
    }

    public String decode(int[] ids, boolean skipSpecialTokens) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0) {
                throw new IllegalArgumentException("negative token id " + ids[i] + " at " + i);
            }
            wide[i] = ids[i];
        }
        return library.decode(wide, skipSpecialTokens);
    }

    /** For text that arrives token by token; not thread-safe. */
    public StreamDecoder streamDecoder(boolean skipSpecialTokens) {
        return new StreamDecoder(this, skipSpecialTokens);
    }

    /** One more than the highest id that has a token; a model's embedding may have more rows. */
    public int vocabularySize() {
        return vocabulary.size();
    }

    public SpecialTokens special() {
        return special;
    }

    public boolean isSpecial(int id) {
        return specialIds.contains(id);
    }

    /** The id of a token, given as the vocabulary writes it. */
    public OptionalInt id(String token) {
        return vocabulary.id(token);
    }

    /**
     * The first special token whose text stands in a text.
     *
     * @param value a string, or any JSON value (see {@link JsonValues}): every string in it counts, keys included
     */
    public Optional<String> specialTextIn(Object value) {
        return specialText.findIn(value);
    }

    /** All special tokens' texts. */
    public List<String> specialTexts() {
        return vocabulary.special().stream().map(Added::content).toList();
    }

    private static int[] narrow(long[] ids) {
        int[] out = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            out[i] = Math.toIntExact(ids[i]);
        }
        return out;
    }

    /** From code point to UTF-16 indices, for indices that mostly ascend. */
    private static final class CodePoints {
        private final String text;
        private int point;
        private int unit;

        CodePoints(String text) {
            this.text = text;
        }

        int utf16(int index) {
            unit = text.offsetByCodePoints(unit, index - point);
            point = index;
            return unit;
        }
    }
}
