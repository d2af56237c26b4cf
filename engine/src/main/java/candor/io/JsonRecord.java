package candor.io;

import candor.BadInput;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A record of ours, such as a run's or an evaluation's: a JSON object of a bounded size in a file. It may have been edited since, or be
 * somebody else's; {@link JsonFile} is for what other programs write, value by value.
 */
public final class JsonRecord {
    /** More than any record that we write. */
    private static final int MOST_BYTES = 16 << 20;

    private static final ObjectMapper JSON = Json.mapper(MOST_BYTES);

    private JsonRecord() {}

    /**
     * Reads it; empty where there is no such file.
     *
     * @throws BadInput where the file is too large, or holds anything but one JSON object
     */
    public static Optional<ObjectNode> read(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                return Optional.empty();
            }
            if (Files.size(file) > MOST_BYTES) {
                throw new BadInput(file + ": is larger than the " + MOST_BYTES + " bytes that it may have");
            }
            if (JSON.readTree(Files.readAllBytes(file)) instanceof ObjectNode object) {
                return Optional.of(object);
            }
            throw new BadInput(file + ": is not a JSON object");
        } catch (JsonProcessingException e) {
            throw new BadInput(file + ": " + Json.reason(e), e);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
    }
}
