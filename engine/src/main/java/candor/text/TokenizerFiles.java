package candor.text;

import candor.BadInput;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
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
    private static final List<String> ROLES = List.of(
            "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    /** A token that tokenizer.json adds to the model's vocabulary. */
    record Added(int id, String content, boolean special) {}

    private final Path folder;
    final JsonNode config;
    final List<Added> added = new ArrayList<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private int highestId = -1;

    TokenizerFiles(Path folder) {
        this.folder = folder;
        this.config = object("tokenizer_config.json");
        readTokenizer(folder.resolve("tokenizer.json"));
    }

    int vocabularySize() {
        return highestId + 1;
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

    private static String firstLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    /** Goes through the file without building a tree: the merges alone would be a million nodes. */
    private void readTokenizer(Path file) {
        text(file);
        try (JsonParser in = new JsonFactory().createParser(file.toFile())) {
            in.setCodec(JSON);
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new BadInput(file + ": expected a JSON object");
            }
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String field = in.currentName();
                JsonToken value = in.nextToken();
                if (field.equals("model") && value == JsonToken.START_OBJECT) {
                    readModel(in);
                } else if (field.equals("added_tokens") && value == JsonToken.START_ARRAY) {
                    readAdded(in.readValueAsTree());
                } else {
                    in.skipChildren();
                }
            }
        } catch (IOException e) {
            throw new BadInput(file + ": not readable as a tokenizer: " + firstLine(e), e);
        }
        added.forEach(token -> ids.put(token.content(), token.id()));
    }

    private void readAdded(JsonNode tokens) {
        for (JsonNode token : tokens) {
            int id = token.path("id").asInt(-1);
            String content = token.path("content").asText("");
            if (id < 0 || content.isEmpty()) {
                throw new BadInput(folder.resolve("tokenizer.json") + ": an added token without id or content");
            }
            added.add(new Added(id, content, token.path("special").asBoolean(false)));
            highestId = Math.max(highestId, id);
        }
    }

    private void readModel(JsonParser in) throws IOException {
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            boolean vocabulary = in.currentName().equals("vocab");
            JsonToken value = in.nextToken();
            if (vocabulary && value == JsonToken.START_OBJECT) {
                while (in.nextToken() == JsonToken.FIELD_NAME) {
                    String token = in.currentName();
                    in.nextToken();
                    int id = in.getIntValue();
                    highestId = Math.max(highestId, id);
                    ids.put(token, id);
                }
            } else if (vocabulary && value == JsonToken.START_ARRAY) {
                // Unigram: an array of [token, score], the id being the place.
                int id = 0;
                for (JsonNode piece : (JsonNode) in.readValueAsTree()) {
                    ids.put(piece.path(0).asText(), id++);
                }
                highestId = Math.max(highestId, id - 1);
            } else {
                in.skipChildren();
            }
        }
    }

    OptionalInt id(String token) {
        Integer id = token == null ? null : ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** {@code bos_token} and its like: a string, or an object with the string as {@code content}. */
    private static String tokenText(JsonNode node) {
        return node.isTextual() ? node.textValue() : node.path("content").textValue();
    }

    SpecialTokens specialTokens() {
        JsonNode map = object("special_tokens_map.json");
        Map<String, Object> named = new LinkedHashMap<>();
        for (String role : ROLES) {
            String text = tokenText(config.has(role) ? config.path(role) : map.path(role));
            if (text != null) {
                named.put(role, text);
            }
        }
        JsonNode model = object("config.json");
        JsonNode generation = object("generation_config.json");
        OptionalInt eos = id((String) named.get("eos_token"));
        TreeSet<Integer> ends = new TreeSet<>();
        eos.ifPresent(ends::add);
        addIds(model.path("eos_token_id"), ends, "config.json");
        addIds(generation.path("eos_token_id"), ends, "generation_config.json");
        return new SpecialTokens(
                id((String) named.get("bos_token")),
                eos,
                id((String) named.get("pad_token")),
                new ArrayList<>(ends),
                named);
    }

    private void addIds(JsonNode node, TreeSet<Integer> ends, String file) {
        if (node.isMissingNode() || node.isNull()) {
            return;
        }
        for (JsonNode id : node.isArray() ? node : List.of(node)) {
            if (!id.isInt() || id.intValue() < 0) {
                throw new BadInput(folder.resolve(file) + ": eos_token_id is no token id: " + id);
            }
            ends.add(id.intValue());
        }
    }

    /** Tokens of tokenizer_config.json that tokenizer.json lacks would be encoded as plain text, in silence. */
    void checkAddedTokens() {
        config.path("added_tokens_decoder").properties().forEach(entry -> {
            String content = entry.getValue().path("content").asText("");
            if (!id(content).equals(OptionalInt.of(parseId(entry.getKey())))) {
                throw new BadInput(folder.resolve("tokenizer_config.json") + ": the added token " + content + " (id "
                        + entry.getKey() + ") is not in tokenizer.json; save the tokenizer again");
            }
        });
    }

    private int parseId(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new BadInput(folder.resolve("tokenizer_config.json") + ": added_tokens_decoder has a key that is no id: " + text, e);
        }
    }
}
