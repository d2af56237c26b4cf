package candor.text;

import candor.BadInput;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeSet;

/** What the JSON files beside a checkpoint say about its tokens. */
final class TokenizerFiles {
    /** The largest published tokenizer.json files are some 35 MB. */
    private static final long MAX_BYTES = 512L << 20;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> ROLES =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    private final Path folder;
    final JsonNode config;

    TokenizerFiles(Path folder) {
        this.folder = folder;
        this.config = object("tokenizer_config.json");
    }

    /** A file of the folder as a JSON object; an empty one where there is no such file. */
    private JsonNode object(String name) {
        Path file = folder.resolve(name);
        if (!Files.exists(file)) {
            return JsonNodeFactory.instance.objectNode();
        }
        try {
            JsonNode node = JSON.readTree(text(file));
            if (!node.isObject()) {
                throw new BadInput(file + ": expected a JSON object");
            }
            return node;
        } catch (IOException e) {
            throw new BadInput(file + ": not readable as JSON: " + firstLine(e), e);
        }
    }

    static String text(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                throw new BadInput(file + ": there is no such file; is this the folder of a model?");
            }
            if (Files.size(file) > MAX_BYTES) {
                throw new BadInput(file + ": larger than " + (MAX_BYTES >> 20) + " MiB");
            }
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new BadInput(file + ": not UTF-8", e);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + firstLine(e), e);
        }
    }

    static String firstLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    /** {@code bos_token} and its like: a string, or an object with the string as {@code content}. */
    private static String tokenText(JsonNode node) {
        return node.isTextual() ? node.textValue() : node.path("content").textValue();
    }

    /** The texts of the special tokens by their names, as templates see them. */
    Map<String, Object> named() {
        JsonNode map = object("special_tokens_map.json");
        Map<String, Object> named = new LinkedHashMap<>();
        for (String role : ROLES) {
            String text = tokenText(config.has(role) ? config.path(role) : map.path(role));
            if (text != null) {
                named.put(role, text);
            }
        }
        return named;
    }

    SpecialTokens specialTokens(Vocabulary vocabulary) {
        Map<String, Object> named = named();
        JsonNode model = object("config.json");
        JsonNode generation = object("generation_config.json");
        OptionalInt eos = vocabulary.id((String) named.get("eos_token"));
        TreeSet<Integer> ends = new TreeSet<>();
        eos.ifPresent(ends::add);
        addIds(model.path("eos_token_id"), ends, "config.json");
        addIds(generation.path("eos_token_id"), ends, "generation_config.json");
        return new SpecialTokens(
                vocabulary.id((String) named.get("bos_token")),
                eos,
                vocabulary.id((String) named.get("pad_token")),
                new ArrayList<>(ends),
                named);
    }

    private void addIds(JsonNode node, TreeSet<Integer> ends, String file) {
        if (node.isMissingNode() || node.isNull()) {
            return;
        }
        for (JsonNode id : node.isArray() ? node : List.of(node)) {
            if (!id.isInt() || id.intValue() < 0) {
                throw new BadInput(folder.resolve(file) + ": eos_token_id is not a token id: " + id);
            }
            ends.add(id.intValue());
        }
    }

    /** Tokens of tokenizer_config.json that tokenizer.json lacks would be encoded as plain text, in silence. */
    void checkAddedTokens(Vocabulary vocabulary) {
        config.path("added_tokens_decoder").properties().forEach(entry -> {
            String content = entry.getValue().path("content").asText("");
            if (!vocabulary.id(content).equals(OptionalInt.of(parseId(entry.getKey())))) {
                throw new BadInput(folder.resolve("tokenizer_config.json") + ": the added token " + content + " (id "
                        + entry.getKey() + ") is not in tokenizer.json; save the tokenizer again");
            }
        });
    }

    private int parseId(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new BadInput(
                    folder.resolve("tokenizer_config.json") + ": added_tokens_decoder has a key that is not an id: "
                            + text,
                    e);
        }
    }
}
