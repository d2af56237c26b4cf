package candor.train.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One setting that a user can give: its name, what values it takes, and its default.
 *
 * @param key      its name in snake case, as in YAML; the flag is the same with dashes
 * @param kind     what values it takes, and how they are read
 * @param fallback its value where nobody gives one, or null: {@link Settings#get} then answers null
 * @param help     one sentence for {@code --help}
 * @param <T>      the type of a value
 */
public record Setting<T>(String key, Kind<T> kind, T fallback, String help) {
    /** What values a setting takes. */
    public sealed interface Kind<T> {
        /** What stands for a value in {@code --help}. */
        String label();

        /** Reads the texts that were given (one, but for lists), or says what a good value is by throwing {@link Wrong}. */
        T read(List<String> texts) throws Wrong;
    }

    /** A value that a setting does not take. The message continues "… must be". */
    public static final class Wrong extends Exception {
        private static final long serialVersionUID = 1L;

        Wrong(String mustBe) {
            super(mustBe);
        }
    }

    /** A whole number from {@code least} up. */
    public record Whole(long least, long most) implements Kind<Long> {
        @Override
        public String label() {
            return "N";
        }

        @Override
        public Long read(List<String> texts) throws Wrong {
            try {
                long value = Long.parseLong(only(texts));
                if (value >= least && value <= most) {
                    return value;
                }
            } catch (NumberFormatException e) {
                // The same answer as for a number out of range.
            }
            throw new Wrong("a whole number from " + least + (most == Long.MAX_VALUE ? " up" : " to " + most));
        }
    }

    /** Several whole numbers, at least one of them; commas separate them, too. */
    public record Wholes(long least, long most) implements Kind<List<Long>> {
        @Override
        public String label() {
            return "N";
        }

        @Override
        public List<Long> read(List<String> texts) throws Wrong {
            Whole one = new Whole(least, most);
            List<Long> all = new ArrayList<>();
            for (String text : new Texts("N", true).read(texts)) {
                all.add(one.read(List.of(text)));
            }
            return List.copyOf(all);
        }
    }

    /** A finite number between two bounds; a bound may be left out of the range. */
    public record Real(double least, boolean orEqual, double most, boolean orMost) implements Kind<Double> {
        public Real(double least, boolean orEqual, double most) {
            this(least, orEqual, most, true);
        }

        @Override
        public String label() {
            return "X";
        }

        @Override
        public Double read(List<String> texts) throws Wrong {
            try {
                double value = Double.parseDouble(only(texts));
                if (Double.isFinite(value)
                        && (orEqual ? value >= least : value > least)
                        && (orMost ? value <= most : value < most)) {
                    return value;
                }
            } catch (NumberFormatException e) {
                // The same answer as for a number out of range.
            }
            throw new Wrong("a number " + (orEqual ? "from " : "above ") + plain(least)
                    + (most == Double.MAX_VALUE
                            ? orEqual ? " up" : ""
                            : (orMost ? " to " : " to below ") + plain(most)));
        }

        private static String plain(double value) {
            return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
        }
    }

    /** Yes or no; a flag without a value is yes, and {@code --no-…} is no. */
    public record YesNo() implements Kind<Boolean> {
        @Override
        public String label() {
            return "";
        }

        @Override
        public Boolean read(List<String> texts) throws Wrong {
            return switch (only(texts).toLowerCase(Locale.ROOT)) {
                case "true", "yes" -> true;
                case "false", "no" -> false;
                default -> throw new Wrong("true or false");
            };
        }
    }

    /**
     * One constant of an enum, written in lower case with dashes; capitals and underscores are read the same.
     *
     * @param former what constants were called before: old files are read, and help does not name them
     */
    public record Choice<E extends Enum<E>>(Class<E> type, Map<String, E> former) implements Kind<E> {
        public Choice(Class<E> type) {
            this(type, Map.of());
        }

        @Override
        public String label() {
            return String.join("|", names());
        }

        private List<String> names() {
            return List.of(type.getEnumConstants()).stream().map(Choice::name).toList();
        }

        static String name(Enum<?> constant) {
            return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        @Override
        public E read(List<String> texts) throws Wrong {
            String text = only(texts).toLowerCase(Locale.ROOT).replace('_', '-');
            for (E constant : type.getEnumConstants()) {
                if (name(constant).equals(text)) {
                    return constant;
                }
            }
            if (former.containsKey(text)) {
                return former.get(text);
            }
            throw new Wrong("one of " + String.join(", ", names()));
        }
    }

    /** What is computed again, of all layers or of so many. */
    public record Recomputing() implements Kind<AskedRecompute> {
        @Override
        public String label() {
            return "auto|none|selective|full|full=N,selective=N";
        }

        @Override
        public AskedRecompute read(List<String> texts) throws Wrong {
            AskedRecompute asked = AskedRecompute.of(only(texts));
            if (asked == null) {
                throw new Wrong(AskedRecompute.MUST_BE);
            }
            return asked;
        }
    }

    /** A text that is not empty: a path, a name. */
    public record Text(String label) implements Kind<String> {
        @Override
        public String read(List<String> texts) throws Wrong {
            String text = only(texts);
            if (text.isBlank()) {
                throw new Wrong("a text that is not empty");
            }
            return text;
        }
    }

    /** A JSON object, kept as its text; a YAML file may write it as keys and values. */
    public record JsonObject() implements Kind<String> {
        private static final ObjectMapper JSON = new ObjectMapper();

        @Override
        public String label() {
            return "JSON";
        }

        @Override
        public String read(List<String> texts) throws Wrong {
            try {
                JsonNode node = JSON.readTree(only(texts));
                if (node != null && node.isObject()) {
                    return node.toString();
                }
            } catch (JsonProcessingException e) {
                // The same answer as for JSON of another kind.
            }
            throw new Wrong("a JSON object such as {\"enable_thinking\": false}");
        }
    }

    /**
     * Several texts, at least one of them.
     *
     * @param commas whether commas separate texts, too
     */
    public record Texts(String label, boolean commas) implements Kind<List<String>> {
        public Texts(String label) {
            this(label, false);
        }

        @Override
        public List<String> read(List<String> texts) throws Wrong {
            List<String> all = commas
                    ? texts.stream()
                            .flatMap(text -> Stream.of(text.split(",", -1)).map(String::strip))
                            .toList()
                    : List.copyOf(texts);
            if (all.isEmpty() || all.stream().anyMatch(String::isBlank)) {
                throw new Wrong("one or more texts that are not empty");
            }
            return all;
        }
    }

    private static String only(List<String> texts) throws Wrong {
        if (texts.size() != 1) {
            throw new Wrong("one value, not " + texts.size());
        }
        return texts.getFirst().strip();
    }

    static Setting<Double> atLeast(double least, String key, Double fallback, String help) {
        return new Setting<>(key, new Real(least, true, Double.MAX_VALUE), fallback, help);
    }

    static Setting<Double> above(double least, String key, Double fallback, String help) {
        return new Setting<>(key, new Real(least, false, Double.MAX_VALUE), fallback, help);
    }

    static Setting<Boolean> yesNo(String key, boolean fallback, String help) {
        return new Setting<>(key, new YesNo(), fallback, help);
    }

    static <E extends Enum<E>> Setting<E> choice(String key, Class<E> type, E fallback, String help) {
        return new Setting<>(key, new Choice<>(type), fallback, help);
    }

    static <E extends Enum<E>> Setting<E> choice(
            String key, Class<E> type, E fallback, Map<String, E> former, String help) {
        return new Setting<>(key, new Choice<>(type, former), fallback, help);
    }

    static Setting<String> text(String key, String label, String fallback, String help) {
        return new Setting<>(key, new Text(label), fallback, help);
    }

    static Setting<List<String>> texts(String key, String label, List<String> fallback, String help) {
        return new Setting<>(key, new Texts(label), fallback, help);
    }

    /** The flag: {@code --learning-rate} for {@code learning_rate}. */
    public String flag() {
        return flagOf(key);
    }

    /** The flag of a setting by its name. */
    public static String flagOf(String key) {
        return "--" + key.replace('_', '-');
    }

    /** The default as a user would write it. */
    public Optional<String> fallbackText() {
        return Optional.ofNullable(fallback)
                .map(value -> value instanceof Enum<?> constant
                        ? Choice.name(constant)
                        : value instanceof List<?> list
                                ? String.join(
                                        ",", list.stream().map(Object::toString).toList())
                                : value.toString());
    }
}
