package candor.export;

import candor.BadInput;
import candor.io.InputFile;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What tokenizer.json holds, vocabulary and merges included. It is read after {@link candor.text.Tokenizer} found it sound. */
final class TokenizerJson {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Two pieces that become one. */
    record Merge(String left, String right) {
        String whole() {
            return left + right;
        }
    }

    /** A token beside the model's vocabulary. */
    record Added(String content, boolean special) {}

    private final Path file;
    private final Map<String, JsonNode> parts = new HashMap<>();
    private final Map<String, JsonNode> model = new HashMap<>();
    private final Map<String, Integer> vocabulary = new HashMap<>();
    private final List<Merge> merges = new ArrayList<>();
    private final Map<Integer, Added> added = new TreeMap<>();

    private TokenizerJson(Path file) {
        this.file = file;
    }

    static TokenizerJson read(Path folder) {
        TokenizerJson json = new TokenizerJson(folder.resolve("tokenizer.json"));
        try (FileChannel channel = InputFile.open(json.file);
                JsonParser in = JSON.createParser(Channels.newInputStream(channel))) {
            json.read(in);
        } catch (JsonProcessingException e) {
            throw json.bad("is not a tokenizer: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw InputFile.unreadable(json.file, e);
        }
        return json;
    }

    /** Goes through the file without building a tree of vocabulary and merges. */
    private void read(JsonParser in) throws IOException {
        in.nextToken();
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String field = in.currentName();
            JsonToken value = in.nextToken();
            if (field.equals("model") && value == JsonToken.START_OBJECT) {
                readModel(in);
            } else if (field.equals("added_tokens")) {
                for (JsonNode token : JSON.<JsonNode>readTree(in)) {
                    added.put(
                            token.path("id").asInt(),
                            new Added(
                                    token.path("content").asText(),
                                    token.path("special").asBoolean()));
                }
            } else {
                parts.put(field, JSON.readTree(in));
            }
        }
    }

    private void readModel(JsonParser in) throws IOException {
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String field = in.currentName();
            JsonToken value = in.nextToken();
            if (field.equals("vocab") && value == JsonToken.START_OBJECT) {
                while (in.nextToken() == JsonToken.FIELD_NAME) {
                    String token = in.currentName();
                    in.nextToken();
                    vocabulary.put(token, in.getIntValue());
                }
            } else if (field.equals("merges") && value == JsonToken.START_ARRAY) {
                while (in.nextToken() != JsonToken.END_ARRAY) {
                    merges.add(merge(in));
                }
            } else {
                model.put(field, JSON.readTree(in));
            }
        }
    }

    /** "left right", or in newer files a list of the two. */
    private Merge merge(JsonParser in) throws IOException {
        if (in.currentToken() == JsonToken.START_ARRAY) {
            Merge merge = new Merge(in.nextTextValue(), in.nextTextValue());
            if (merge.left() != null && merge.right() != null && in.nextToken() == JsonToken.END_ARRAY) {
                return merge;
            }
        } else if (in.currentToken() == JsonToken.VALUE_STRING) {
            String[] two = in.getText().split(" ", -1);
            if (two.length == 2) {
                return new Merge(two[0], two[1]);
            }
        }
        throw bad("has a merge that is not two pieces");
    }

    /** A part beside the model, such as {@code pre_tokenizer}; JSON's null where there is none. */
    JsonNode part(String name) {
        return parts.getOrDefault(name, NullNode.getInstance());
    }

    /** A setting of the model, such as {@code byte_fallback}. */
    JsonNode setting(String name) {
        return model.getOrDefault(name, NullNode.getInstance());
    }

    /** The model's own tokens with their ids. */
    Map<String, Integer> vocabulary() {
        return vocabulary;
    }

    /** The first comes first. */
    List<Merge> merges() {
        return merges;
    }

    /** Tokens beside the vocabulary, or marked in it, by id. */
    Map<Integer, Added> added() {
        return added;
    }

    /** "FILE: WHAT; ADVICE". */
    BadInput bad(String what) {
        return new BadInput(file + ": " + what + "; take another model");
    }
}
