package candor.train.config;

import candor.BadInput;
import candor.model.Recomputation;
import candor.model.Recompute;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What shall be computed again: auto (empty), the same for all layers, or layers by their number.
 *
 * @param all    for all layers; null where that is not asked for
 * @param counts how many layers do what, the others keep everything; empty where that is not asked for
 */
public record AskedRecompute(Recompute all, Map<Recompute, Integer> counts) {
    /** As little as fits. */
    static final AskedRecompute AUTO = new AskedRecompute(null, Map.of());

    /** What values were called before: old files are read, and help does not name them. */
    private static final Map<String, Recompute> FORMER = Map.of("cheap", Recompute.SELECTIVE, "block", Recompute.FULL);

    /** "full=12"; more digits than any model has layers are not read. */
    private static final Pattern COUNT = Pattern.compile("([a-z]+)\\s*=\\s*([0-9]{1,6})");

    /** What a good value is. */
    static final String MUST_BE =
            "one of auto, none, selective, full, or numbers of layers such as full=12,selective=20";

    public AskedRecompute {
        counts = Map.copyOf(counts);
    }

    /** Reads "auto", "full", "full=12,selective=20"; null where it is none of these. */
    static AskedRecompute of(String given) {
        String text = given.toLowerCase(Locale.ROOT);
        if (text.equals("auto")) {
            return AUTO;
        }
        if (!text.contains("=")) {
            Recompute all = named(text);
            return all == null ? null : new AskedRecompute(all, Map.of());
        }
        Map<Recompute, Integer> counts = new EnumMap<>(Recompute.class);
        for (String part : text.split(",", -1)) {
            Matcher matcher = COUNT.matcher(part.strip());
            Recompute kind = matcher.matches() ? named(matcher.group(1)) : null;
            if (kind == null || kind == Recompute.NONE || counts.containsKey(kind)) {
                return null;
            }
            counts.put(kind, Integer.parseInt(matcher.group(2)));
        }
        return new AskedRecompute(null, counts);
    }

    /** One of the words, or null. */
    private static Recompute named(String text) {
        for (Recompute each : Recompute.values()) {
            if (name(each).equals(text)) {
                return each;
            }
        }
        return FORMER.get(text);
    }

    /**
     * What was asked for, over so many layers; empty where the choice is free.
     *
     * @throws BadInput where there are not so many
     */
    public Optional<Recomputation> over(int layers, boolean inputsOnHost) {
        if (equals(AUTO)) {
            return Optional.empty();
        }
        int full = all == Recompute.FULL ? layers : counts.getOrDefault(Recompute.FULL, 0);
        int selective = all == Recompute.SELECTIVE ? layers : counts.getOrDefault(Recompute.SELECTIVE, 0);
        if (full + selective > layers) {
            throw new BadInput(
                    TrainSettings.RECOMPUTE.key() + " " + this + ": the model has " + layers + " layers",
                    "lower the numbers of {recompute}");
        }
        return Optional.of(Recomputation.of(full, selective, layers, inputsOnHost));
    }

    private static String name(Recompute recompute) {
        return recompute.name().toLowerCase(Locale.ROOT);
    }

    /** As a user gives it. */
    @Override
    public String toString() {
        if (all != null) {
            return name(all);
        }
        if (counts.isEmpty()) {
            return "auto";
        }
        StringBuilder text = new StringBuilder();
        for (Recompute each : List.of(Recompute.FULL, Recompute.SELECTIVE)) {
            if (counts.containsKey(each)) {
                text.append(text.isEmpty() ? "" : ",")
                        .append(name(each))
                        .append('=')
                        .append(counts.get(each));
            }
        }
        return text.toString();
    }
}
