package candor.study;

import candor.BadInput;
import candor.io.IoReason;
import candor.train.config.ObjectText;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Reads a study's YAML file into a {@link Section}. Bounded; no aliases, no tags, no second document. */
public final class StudyFile {
    private static final int MAX_BYTES = 1 << 20;
    private static final int MAX_DEPTH = 8;

    private final JsonParser parser;
    private final String file;

    private StudyFile(JsonParser parser, String file) {
        this.parser = parser;
        this.file = file;
    }

    /** Reads a file of the user's. */
    public static Section read(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new BadInput(file + ": is larger than " + MAX_BYTES + " bytes: no study's file is");
            }
            return read(Files.readAllBytes(file), file.toString());
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e) + "; --config expects a YAML file", e);
        }
    }

    /** Reads a file that comes with the program, beside a class. */
    public static Section resource(Class<?> beside, String name) {
        InputStream in = beside.getResourceAsStream(name);
        if (in == null) {
            throw new IllegalStateException("the program lacks " + name);
        }
        return read(in, name);
    }

    /** Reads a preset of ours. */
    public static Section read(InputStream in, String name) {
        try (in) {
            return read(in.readAllBytes(), name);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Section read(byte[] bytes, String name) throws IOException {
        try (JsonParser parser = new PlainYaml(name, new YAMLFactory().createParser(bytes))) {
            return new StudyFile(parser, name).document();
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
            // What it was reading, where, what was wrong, where again, with a copy of the text: we have told the place.
            String reason = e.getOriginalMessage()
                    .lines()
                    .filter(text -> !text.isBlank() && !text.startsWith(" "))
                    .limit(2)
                    .collect(Collectors.joining(", "));
            throw new BadInput(name + (line > 0 ? ", line " + line : "") + ": cannot be read: " + reason, e);
        }
    }

    private Section document() throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw wrong("must hold lines of the form key: value");
        }
        Section top = section(Section.empty(), 0);
        if (parser.nextToken() != null) {
            throw wrong("holds more than one document");
        }
        return top;
    }

    /** What stands between the start of an object, which was read, and its end. */
    private Section section(Section into, int depth) throws IOException {
        if (depth > MAX_DEPTH) {
            throw wrong("sections are nested more than " + MAX_DEPTH + " deep");
        }
        Section section = into;
        List<String> seen = new ArrayList<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            if (seen.contains(key)) {
                throw wrong(key + " appears twice");
            }
            if (key.isBlank() || key.contains(".")) {
                throw wrong("a key must have letters and no dots, not \"" + key + "\"");
            }
            seen.add(key);
            String where = place();
            JsonToken token = parser.nextToken();
            if (token == JsonToken.START_OBJECT && ObjectText.isFor(key)) {
                section = section.with(key, List.of(ObjectText.read(parser)), where);
            } else if (token == JsonToken.START_OBJECT) {
                section = section.with(key, section(section.inner(key, where), depth + 1), where);
            } else {
                section = section.with(key, texts(key, token), where);
            }
        }
        return section;
    }

    private List<String> texts(String key, JsonToken first) throws IOException {
        if (first != JsonToken.START_ARRAY) {
            return List.of(scalar(key, first));
        }
        List<String> texts = new ArrayList<>();
        for (JsonToken token = parser.nextToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            texts.add(scalar(key, token));
        }
        return texts;
    }

    private String scalar(String key, JsonToken token) throws IOException {
        if (token == null || token == JsonToken.VALUE_NULL || !token.isScalarValue()) {
            throw wrong(
                    key + (token == JsonToken.VALUE_NULL ? " has no value" : " must be a value or a list of values"));
        }
        return parser.getText();
    }

    private String place() {
        int line = parser.currentTokenLocation().getLineNr();
        return file + (line > 0 ? ", line " + line : "");
    }

    private BadInput wrong(String what) {
        return new BadInput(place() + ": " + what);
    }
}
