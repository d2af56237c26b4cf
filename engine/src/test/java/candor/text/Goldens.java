package candor.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;

/** The golden cases, as tests of this package read them. */
final class Goldens {
    static final LocalDateTime NOW = LocalDateTime.of(2026, 3, 5, 14, 7, 9);
    private static final ObjectMapper JSON = new ObjectMapper();

    private Goldens() {}

    static Path folder(String name) {
        return Path.of(System.getProperty("candor.goldens"), name);
    }

    static ChatEncoder encoder(String name) {
        Path model = folder(name).resolve("model");
        return new ChatEncoder(Tokenizer.load(model), ChatTemplate.load(model, NOW), SpecialTextPolicy.REFUSE);
    }

    static JsonNode json(String name, String file) throws IOException {
        return JSON.readTree(folder(name).resolve(file).toFile());
    }

    static List<JsonNode> lines(String name, String file) throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(folder(name).resolve(file))) {
            rows.add(JSON.readTree(line));
        }
        return rows;
    }

    @SuppressWarnings("unchecked")
    static List<Message> messages(JsonNode array) {
        List<Message> messages = new ArrayList<>();
        array.forEach(node -> messages.add(new Message((java.util.Map<String, Object>) JsonValues.of(node))));
        return messages;
    }

    static int[] ints(JsonNode array) {
        int[] out = new int[array.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = array.get(i).asInt();
        }
        return out;
    }
}
