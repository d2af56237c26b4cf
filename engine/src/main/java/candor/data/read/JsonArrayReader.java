package candor.data.read;

import candor.BadInput;
import candor.io.IoReason;
import candor.io.Json;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A JSON array of objects, parsed as a stream. An element that is no object is a bad row; where the JSON itself is
 * broken, or an element is too long, nothing behind it can be trusted, and the file is refused.
 */
final class JsonArrayReader implements RowReader {
    private final Path file;
    private final ByteSource source;
    private final StrictUtf8Input input;
    private final ObjectMapper mapper;
    private final JsonParser parser;
    private long row;
    private boolean ended;

    JsonArrayReader(Path file, int maxRowBytes) {
        this.file = file;
        source = new ByteSource(file);
        input = new StrictUtf8Input(source, maxRowBytes);
        // Many values are read from one stream here: what follows a value is the next one.
        mapper = Json.mapper(maxRowBytes).copy().disable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
        try {
            // A reader, for the parser would guess the encoding of bytes.
            parser = mapper.createParser(new InputStreamReader(input, StandardCharsets.UTF_8));
            parser.nextToken();
        } catch (IOException e) {
            throw broken(e);
        }
    }

    @Override
    public Entry next() {
        if (ended) {
            return null;
        }
        input.startRow();
        try {
            JsonToken token = parser.nextToken();
            if (token == null) {
                throw new BadInput(file + ", line " + source.line() + ": the JSON array is never closed");
            }
            if (token == JsonToken.END_ARRAY) {
                if (parser.nextToken() != null) {
                    throw new BadInput(file + ", line " + line() + ": something follows the JSON array");
                }
                ended = true;
                return null;
            }
            Origin origin = new Origin(file, ++row, line());
            JsonNode node = mapper.readTree(parser);
            return node instanceof ObjectNode columns
                    ? new Entry.Row(origin, columns)
                    : new Entry.Bad(origin, "is not a JSON object");
        } catch (IOException e) {
            throw broken(e);
        }
    }

    private long line() {
        return parser.currentTokenLocation().getLineNr();
    }

    private BadInput broken(IOException e) {
        return switch (e) {
            case StrictUtf8Input.Refused refused ->
                new BadInput(file + ", line " + refused.line() + ": " + refused.getMessage(), e);
            case JsonProcessingException json -> {
                JsonLocation place = json.getLocation();
                long line = place == null ? source.line() : place.getLineNr();
                yield new BadInput(file + ", line " + line + ": " + Json.reason(json), e);
            }
            default -> new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        };
    }

    @Override
    public void close() {
        source.close();
    }
}
