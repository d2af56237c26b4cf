package candor.train.config;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Set;

/** Settings whose value is a JSON object may stand in a file as keys and values of their own. */
public final class ObjectText {
    /** The keys of such settings. */
    private static final Set<String> KEYS = Set.of(TrainSettings.CHAT_TEMPLATE_KWARGS.key());

    private static final int MAX_TOKENS = 10_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private ObjectText() {}

    /** Whether a key's value may be an object. */
    public static boolean isFor(String key) {
        return KEYS.contains(key);
    }

    /**
     * The object as JSON text. Its values keep the types that the parser tells: in YAML {@code false} is not text.
     *
     * @param parser at the object's start; at its end afterwards
     * @throws IOException what the parser throws, and where the object is larger than any setting
     */
    public static String read(JsonParser parser) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            int depth = 0;
            int tokens = 0;
            do {
                JsonToken token = parser.currentToken();
                if (token == null || ++tokens > MAX_TOKENS) {
                    throw new IOException("the object has no end, or more than " + MAX_TOKENS + " parts");
                }
                json.copyCurrentEvent(parser);
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                if (depth > 0) {
                    parser.nextToken();
                }
            } while (depth > 0);
        }
        return text.toString();
    }
}
