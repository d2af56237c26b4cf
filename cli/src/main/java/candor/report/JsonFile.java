package candor.report;

import candor.BadInput;
import candor.data.read.Json;
import candor.io.IoReason;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A JSON object of a bounded size. */
final class JsonFile {
    private static final int MAX_BYTES = 64 << 20;
    private static final ObjectMapper JSON = Json.mapper(MAX_BYTES);

    private JsonFile() {}

    /** Reads it; empty where there is no such file. */
    static Optional<ObjectNode> read(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                return Optional.empty();
            }
            if (Files.size(file) > MAX_BYTES) {
                throw new BadInput(file + ": is larger than the " + MAX_BYTES + " bytes that it may have");
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
