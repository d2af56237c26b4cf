package candor.text;

import candor.BadInput;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** The tokens that tokenizer.json names, by their text. */
final class Vocabulary {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * A token that tokenizer.json adds to the model's vocabulary.
     *
     * @param looksAround whether what stands beside it matters: it takes blanks along, wants a word's borders, or is
     *     looked for in the normalised text
     */
    record Added(int id, String content, boolean special, boolean looksAround) {}

    private final Path file;
    private final List<Added> added = new ArrayList<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private int highestId = -1;

    /** @param json the text of the file */
    Vocabulary(Path file, String json) {
        this.file = file;
        read(json);
    }

    List<Added> added() {
        return added;
    }

    /** The special ones among the added tokens. */
    List<Added> special() {
        return added.stream().filter(Added::special).toList();
    }

    /** One more than the highest id. */
    int size() {
        return highestId + 1;
    }

    OptionalInt id(String token) {
        Integer id = token == null ? null : ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** Goes through the file without building a tree: the merges alone would be a million nodes. */
    private void read(String json) {
        try (JsonParser in = JSON.createParser(json)) {
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
            throw new BadInput(file + ": not readable as a tokenizer: " + TokenizerFiles.firstLine(e), e);
        }
        added.forEach(token -> ids.put(token.content(), token.id()));
    }

    private void readAdded(JsonNode tokens) {
        for (JsonNode token : tokens) {
            int id = token.path("id").asInt(-1);
            String content = token.path("content").asText("");
            if (id < 0 || content.isEmpty()) {
                throw new BadInput(file + ": an added token without id or content");
            }
            boolean looksAround = token.path("lstrip").asBoolean(false)
                    || token.path("rstrip").asBoolean(false)
                    || token.path("single_word").asBoolean(false)
                    || token.path("normalized").asBoolean(false);
            added.add(new Added(id, content, token.path("special").asBoolean(false), looksAround));
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
}
