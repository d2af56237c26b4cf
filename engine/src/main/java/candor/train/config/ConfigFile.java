package candor.train.config;

import candor.BadInput;
import candor.io.IoReason;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
     * @param method of the runs that do not say: what a name of another program means is a matter of that, too
     * @param notes  told what a user should hear, though all is well
     */
    public static ConfigFile read(JsonParser parser, String file, Method method, Consumer<String> notes) {
        try {
            return new Reader(parser, file, method, notes).read();
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
            throw new BadInput(
                    file + (line > 0 ? ", line " + line : "") + ": cannot be read: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
    }

    /** A key and its values as they stand in the file. */
    private record Entry(String key, List<String> texts, String origin) {}

    private record Reader(JsonParser parser, String file, Method fallback, Consumer<String> notes) {
        ConfigFile read() throws IOException {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw wrong("must hold lines of the form key: value");
            }
            List<Entry> common = new ArrayList<>();
            List<List<Entry>> runs = new ArrayList<>();
            List<String> seen = new ArrayList<>();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String key = key(seen);
                if (key.equals(RUNS)) {
                    parser.nextToken();
                    runs.addAll(runs());
                } else {
                    common.add(entry(key));
                }
            }
            if (parser.nextToken() != null) {
                throw wrong("holds more than one document");
            }
            Method shared = method(common).orElse(fallback);
            Set<Method> methods = new LinkedHashSet<>();
            runs.forEach(run -> methods.add(method(run).orElse(shared)));
            if (runs.isEmpty()) {
                methods.add(shared);
            }
            return new ConfigFile(
                    settings(common, methods),
                    runs.stream()
                            .map(run -> settings(run, Set.of(method(run).orElse(shared))))
                            .toList());
        }

        private List<List<Entry>> runs() throws IOException {
            if (parser.currentToken() != JsonToken.START_ARRAY) {
                throw wrong("runs must be a list, each item the keys of one run");
            }
            List<List<Entry>> runs = new ArrayList<>();
            while (parser.nextToken() == JsonToken.START_OBJECT) {
                List<Entry> run = new ArrayList<>();
                List<String> seen = new ArrayList<>();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    run.add(entry(key(seen)));
                }
                runs.add(run);
            }
            if (parser.currentToken() != JsonToken.END_ARRAY || runs.isEmpty()) {
                throw wrong("runs must be a list, each item the keys of one run");
            }
            return runs;
        }

        /** The method that is named; a word that is none is refused by whoever reads the settings. */
        private static Optional<Method> method(List<Entry> entries) {
            return entries.stream()
                    .filter(entry -> entry.key.equals(TrainSettings.METHOD.key()) && entry.texts.size() == 1)
                    .flatMap(entry -> Arrays.stream(Method.values())
                            .filter(method -> method.word().equalsIgnoreCase(entry.texts.getFirst())))
                    .findFirst();
        }

        /** @param methods whose settings are meant first by a name that other programs have */
        private Settings settings(List<Entry> entries, Set<Method> methods) {
            Set<String> first = new LinkedHashSet<>();
            methods.forEach(method -> TrainSettings.of(method).forEach(setting -> first.add(setting.key())));
            Settings settings = Settings.NONE;
            for (Entry entry : entries) {
                boolean known = TrainSettings.KEYS.contains(FamiliarNames.key(entry.key))
                        || FamiliarNames.find(entry.key, first).isEmpty();
                settings = settings.withFamiliar(
                        entry.key, entry.texts, entry.origin, known ? TrainSettings.KEYS : first, notes);
            }
            return settings;
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

        private Entry entry(String key) throws IOException {
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
            return new Entry(key, texts, origin);
        }

        private String scalar(String key) throws IOException {
            JsonToken token = parser.currentToken();
            if (token == JsonToken.VALUE_NULL
                    && FamiliarNames.find(key, TrainSettings.KEYS)
                            .filter(Familiar.Missing.class::isInstance)
                            .isPresent()) {
                return "none"; // as others' files say that what is not here shall not be
            }
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
