package candor.study.record;

import candor.BadInput;
import candor.io.IoReason;
import candor.io.Json;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * A file of one JSON object a line that another process may be writing, or was writing when it was killed: what stands behind
 * the last line break is not there yet, and is passed over.
 */
final class JsonLines {
    /** Room for a line. The longest that we write are a large benchmark's outcomes, under a megabyte. */
    static final int MAX_LINE_BYTES = 16 << 20;

    /** More lines than any study writes; a bound for what a stranger's file may cost. */
    static final int MAX_LINES = 5_000_000;

    private static final ObjectMapper JSON = Json.mapper(MAX_LINE_BYTES);

    /** One line: its fields, and its bytes with the line break. */
    record Line(Fields fields, byte[] bytes) {}

    private JsonLines() {}

    /**
     * Reads whole lines in order; a file that is not there has none.
     *
     * @return whether something stood behind the last line break
     */
    static boolean read(Path file, Consumer<Line> each) {
        if (!Files.exists(file)) {
            return false;
        }
        if (!Files.isRegularFile(file)) {
            throw new BadInput(file + ": is not a file");
        }
        try (InputStream in = Files.newInputStream(file)) {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            byte[] buffer = new byte[1 << 16];
            int number = 1;
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                int start = 0;
                for (int i = 0; i < n; i++) {
                    if (buffer[i] == '\n') {
                        line.write(buffer, start, i + 1 - start);
                        start = i + 1;
                        each.accept(
                                parse(file, number, bounded(file, number, line).toByteArray()));
                        number++;
                        line.reset();
                    }
                }
                line.write(buffer, start, n - start);
                bounded(file, number, line);
            }
            return line.size() > 0;
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
    }

    private static ByteArrayOutputStream bounded(Path file, int number, ByteArrayOutputStream line) {
        if (line.size() > MAX_LINE_BYTES) {
            throw new BadInput(file + ", line " + number + ": is longer than the " + MAX_LINE_BYTES
                    + " bytes that a line may have");
        }
        if (number > MAX_LINES && line.size() > 0) {
            throw new BadInput(file + ": has more than the " + MAX_LINES + " lines that a study may have");
        }
        return line;
    }

    private static Line parse(Path file, int number, byte[] bytes) {
        String where = file + ", line " + number;
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            if (JSON.readTree(text) instanceof ObjectNode object) {
                return new Line(new Fields(where, object), bytes);
            }
            throw new BadInput(where + ": is not a JSON object");
        } catch (CharacterCodingException e) {
            throw new BadInput(where + ": is not valid UTF-8", e);
        } catch (JsonProcessingException e) {
            throw new BadInput(where + ": " + Json.reason(e), e);
        }
    }
}
