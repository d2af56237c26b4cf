package candor.train.config;

import candor.BadInput;
import candor.io.IoReason;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A configuration file: keys and values, or with {@code runs} a sweep, a list of runs that each say how they differ from
 * the rest of the file.
 *
 * @param common what every run shares
 * @param runs   what each run of a sweep says for itself; empty where the file is one run
 */
public record ConfigFile(Settings common, List<Settings> runs) {
    private static final String RUNS = "runs";
    private static final int MAX_VALUES = 10_000;

    /**
     * Reads a file.
     *
     * @param parser of YAML or JSON, at its start
     * @param file   its name, for messages
     * @param notes  told what a user should hear, though all is well
     */
    public static ConfigFile read(JsonParser parser, String file, Consumer<String> notes) {
        try {
            return new Reader(parser, file, notes).read();
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
            throw new BadInput(
                    file + (line > 0 ? ", line " + line : "") + ": cannot be read: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
    }

    private record Reader(JsonParser parser, String file, Consumer<String> notes) {
        ConfigFile read() throws IOException {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw wrong("must hold lines of the form key: value");
            }
            Settings common = Settings.NONE;
            List<Settings> runs = new ArrayList<>();
            List<String> seen = new ArrayList<>();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String key = key(seen);
                if (key.equals(RUNS)) {
                    parser.nextToken();
                    runs.addAll(runs());
                } else {
                    common = value(common, key);
                }
            }
            if (parser.nextToken() != null) {
                throw wrong("holds more than one document");
            }
            return new ConfigFile(common, List.copyOf(runs));
        }

        private List<Settings> runs() throws IOException {
            if (parser.currentToken() != JsonToken.START_ARRAY) {
                throw wrong("runs must be a list, each item the keys of one run");
            }
            List<Settings> runs = new ArrayList<>();
            while (parser.nextToken() == JsonToken.START_OBJECT) {
                Settings run = Settings.NONE;
                List<String> seen = new ArrayList<>();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    run = value(run, key(seen));
                }
                runs.add(run);
            }
            if (parser.currentToken() != JsonToken.END_ARRAY || runs.isEmpty()) {
                throw wrong("runs must be a list, each item the keys of one run");
            }
            return runs;
        }

        private String key(List<String> seen) throws IOException {
            String key = parser.currentName();
            if (seen.contains(key)) {
                throw wrong(key + " appears twice");
            }
            if (seen.size() >= MAX_VALUES) {
                throw wrong("there are more than " + MAX_VALUES + " keys");
            }
            seen.add(key);
            return key;
        }

        private Settings value(Settings settings, String key) throws IOException {
            String origin = file + ", line " + parser.currentTokenLocation().getLineNr();
            List<String> texts = new ArrayList<>();
            JsonToken first = parser.nextToken();
            if (first == JsonToken.START_OBJECT && ObjectText.isFor(key)) {
                texts.add(ObjectText.read(parser));
            } else if (first == JsonToken.START_ARRAY) {
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    texts.add(scalar(key));
                    if (texts.size() > MAX_VALUES) {
                        throw wrong(key + " has more than " + MAX_VALUES + " values");
                    }
                }
            } else {
                texts.add(scalar(key));
            }
            return settings.withFamiliar(key, texts, origin, TrainSettings.KEYS, notes);
        }

        private String scalar(String key) throws IOException {
            JsonToken token = parser.currentToken();
            if (token == null || token == JsonToken.VALUE_NULL || !token.isScalarValue()) {
                throw wrong(key
                        + (token == JsonToken.VALUE_NULL ? " has no value" : " must be a value or a list of values"));
            }
            return parser.getText();
        }

        private BadInput wrong(String what) {
            int line = parser.currentTokenLocation().getLineNr();
            return new BadInput(file + (line > 0 ? ", line " + line : "") + ": " + what);
        }
    }
}
