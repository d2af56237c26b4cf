package candor.cli;

import candor.BadInput;
import candor.io.IoReason;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** The lines of a UTF-8 text, one at a time, with their numbers. A byte order mark and CRLF are taken off. */
final class TextLines implements AutoCloseable {
    private final String name;
    private final BufferedReader reader;
    private int number;

    /** @param name for error messages */
    TextLines(String name, InputStream in) {
        this.name = name;
        this.reader = new BufferedReader(new InputStreamReader(
                in,
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT)));
    }

    /** The next line, or null at the end. */
    String next() {
        number++;
        try {
            String line = reader.readLine();
            return number == 1 && line != null && line.startsWith("\ufeff") ? line.substring(1) : line;
        } catch (CharacterCodingException e) {
            throw new BadInput(name + ", near line " + number + ": not UTF-8: convert the text first", e);
        } catch (IOException e) {
            throw new BadInput(name + ": cannot be read: " + IoReason.of(e), e);
        }
    }

    /** Where {@link #next} is, for error messages. */
    String place() {
        return name + ", line " + number;
    }

    @Override
    public void close() {
        try {
            reader.close();
        } catch (IOException e) {
            throw new BadInput(name + ": cannot be read: " + IoReason.of(e), e);
        }
    }
}
