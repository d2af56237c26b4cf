package candor.export;

import candor.export.gguf.GgufValue;
import candor.text.SpecialTokens;
import candor.text.Tokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** The keys {@code tokenizer.…}: tokens, their types, merges or scores, special tokens. */
final class TokenizerMetadata {
    // Types of tokens, as llama.cpp numbers them.
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;

    private static final String KEY = "tokenizer.ggml.";
    private static final Pattern BYTE_TOKEN = Pattern.compile("<0x[0-9A-F]{2}>");

    private final TokenizerJson json;
    private final Tokenizer tokenizer;
    private final TokenizerKind kind;
    private final int size;
    private final Consumer<String> say;
    private final Map<String, GgufValue> keys = new LinkedHashMap<>();

    private TokenizerMetadata(Path folder, int size, Consumer<String> say) {
        this.tokenizer = Tokenizer.load(folder);
        this.json = TokenizerJson.read(folder);
        this.kind = TokenizerKind.of(json);
        this.size = size;
        this.say = say;
    }

    /**
     * The keys of a model's tokenizer, without its chat template.
     *
     * @param size V, the rows of the model's embedding; GGUF has a token for each
     * @param say  takes what a user should know, a line each
     * @throws candor.BadInput where llama.cpp has no tokenizer that does the same
     */
    static Map<String, GgufValue> of(Path folder, int size, Consumer<String> say) {
        return new TokenizerMetadata(folder, size, say).keys();
    }

    private Map<String, GgufValue> keys() {
        String[] texts = new String[size];
        int[] types = new int[size];
        fill(texts, types);
        switch (kind) {
            case TokenizerKind.ByteLevel bytes -> {
                put("model", GgufValue.of("gpt2"));
                put("pre", GgufValue.of(bytes.pre()));
                put("tokens", GgufValue.texts(List.of(texts)));
                put("token_type", GgufValue.numbers(types));
                put(
                        "merges",
                        GgufValue.texts(json.merges().stream()
                                .map(merge -> merge.left() + " " + merge.right())
                                .toList()));
                if (!json.part("normalizer").isNull()) {
                    say.accept(
                            "llama.cpp does not compose characters (NFC) before it tokenizes, as this tokenizer does:"
                                    + " text in decomposed Unicode gets other tokens there");
                }
            }
            case TokenizerKind.SentencePiece pieces -> {
                put("model", GgufValue.of("llama"));
                put("pre", GgufValue.of("default"));
                put("tokens", GgufValue.texts(List.of(texts)));
                put("scores", GgufValue.numbers(scores(texts, types)));
                put("token_type", GgufValue.numbers(types));
                put("add_space_prefix", GgufValue.of(pieces.blankInFront()));
            }
        }
        special();
        return keys;
    }

    private void put(String name, GgufValue value) {
        keys.put(KEY + name, value);
    }

    private void fill(String[] texts, int[] types) {
        Arrays.fill(types, UNUSED);
        boolean pieces = kind instanceof TokenizerKind.SentencePiece;
        String unknown = json.setting("unk_token").asText("");
        json.vocabulary().forEach((text, id) -> {
            if (id < size) {
                texts[id] = text;
                types[id] = text.equals(unknown)
                        ? UNKNOWN
                        : pieces && BYTE_TOKEN.matcher(text).matches() ? BYTE : NORMAL;
            }
        });
        json.added().forEach((id, token) -> {
            if (id < size) {
                texts[id] = pieces && !token.special() ? token.content().replace("▁", " ") : token.content();
                types[id] = token.content().equals(unknown) ? UNKNOWN : token.special() ? CONTROL : USER_DEFINED;
            }
        });
        int beyond = tokenizer.vocabularySize() - size;
        if (beyond > 0) {
            say.accept("the model's embedding ends before the tokenizer's last " + beyond
                    + " token(s), which are left out");
        }
        Set<String> seen = new HashSet<>();
        for (int id = 0; id < size; id++) {
            texts[id] = texts[id] == null ? "[PAD" + id + "]" : texts[id];
            if (!seen.add(texts[id])) {
                throw json.bad("has the token " + texts[id] + " twice, which llama.cpp refuses");
            }
        }
    }

    private float[] scores(String[] texts, int[] types) {
        Map<String, Integer> pieces = new HashMap<>();
        for (int id = 0; id < size; id++) {
            if (types[id] == NORMAL) {
                pieces.put(texts[id], id);
            }
        }
        PieceScores scores = new PieceScores(json.merges(), pieces);
        if (!scores.exact()) {
            say.accept(
                    "the tokenizer's merges are not those of a SentencePiece model, as which llama.cpp reads them: it"
                            + " may cut some texts into other tokens");
        }
        float[] all = new float[size];
        for (int id = 0; id < size; id++) {
            all[id] = scores.of(texts[id]);
        }
        return all;
    }

    private void special() {
        SpecialTokens special = tokenizer.special();
        List<Integer> ends = special.endIds().stream().filter(id -> id < size).toList();
        OptionalInt eos = special.eos().isPresent() && special.eos().getAsInt() < size
                ? special.eos()
                : ends.stream().mapToInt(id -> id).findFirst();
        List<Integer> others = ends.stream().filter(id -> eos.getAsInt() != id).toList();
        id("bos_token_id", special.bos());
        id("eos_token_id", eos);
        id("eot_token_id", others.stream().mapToInt(id -> id).findFirst());
        id("eom_token_id", others.stream().mapToInt(id -> id).skip(1).findFirst());
        if (others.size() > 2) {
            say.accept("the model ends with more tokens than GGUF has keys for; llama.cpp is not told of "
                    + others.subList(2, others.size()));
        }
        id("unknown_token_id", tokenizer.id(json.setting("unk_token").asText("")));
        id("padding_token_id", special.pad());
        around(special);
    }

    private void id(String name, OptionalInt id) {
        if (id.isPresent() && id.getAsInt() < size) {
            put(name, GgufValue.of(id.getAsInt()));
        }
    }

    /** Which tokens are put around a text that is no conversation. */
    private void around(SpecialTokens special) {
        int[] plain = tokenizer.encode("a", false);
        int[] whole = tokenizer.encode("a", true);
        boolean bos = special.bos().isPresent()
                && whole.length > plain.length
                && whole[0] == special.bos().getAsInt();
        int before = bos ? 1 : 0;
        boolean eos = special.eos().isPresent()
                && whole.length == before + plain.length + 1
                && whole[whole.length - 1] == special.eos().getAsInt();
        if (whole.length != before + plain.length + (eos ? 1 : 0)) {
            throw json.bad("puts other tokens around a text than its first and its last, which GGUF cannot say");
        }
        put("add_bos_token", GgufValue.of(bos));
        put("add_eos_token", GgufValue.of(eos));
    }
}
