package candor.cli;

import candor.BadInput;
import candor.io.IoReason;
import candor.train.config.Nearest;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/**
 * What can be measured, by {@code bench/names.properties}: a mistyped name shows at once, not after a build and minutes of
 * measuring.
 *
 * @param benchmarks by name, with their parameters; those that JMH does not run are without a dot
 */
record BenchNames(Map<String, List<String>> benchmarks, List<String> shapes, List<String> operations) {
    private static final String SHAPES = "shapes";
    private static final String OPERATIONS = "operations";

    /** Behind a shape's name: with weights in this form. */
    private static final String FORM = ":(bf16|nf4|int8|fp8)$";

    private static final List<String> BACKENDS = List.of("cpu", "cuda", "cuda-emulated", "plain");

    /** @param root of a checkout */
    static BenchNames read(Path root) {
        Path file = root.resolve("bench").resolve("names.properties");
        Properties names = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            names.load(reader);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read (" + IoReason.of(e) + "); run ./candor bench in a checkout", e);
        }
        Map<String, List<String>> benchmarks = new TreeMap<>();
        names.stringPropertyNames().forEach(name -> benchmarks.put(name, list(names.getProperty(name))));
        List<String> shapes = benchmarks.remove(SHAPES);
        return new BenchNames(benchmarks, shapes, benchmarks.remove(OPERATIONS));
    }

    private static List<String> list(String text) {
        return Arrays.stream(text.split(",")).filter(name -> !name.isEmpty()).toList();
    }

    /**
     * Refuses names that there are not.
     *
     * @param parameters those that are set
     * @throws BadInput names the nearest
     */
    void check(
            String pattern,
            Collection<String> askedShapes,
            Collection<String> askedOperations,
            Collection<String> askedBackends,
            Collection<String> parameters) {
        Map<String, List<String>> chosen = chosen(pattern);
        askedShapes.forEach(shape -> require("--shape", shape.replaceFirst(FORM, ""), shapes));
        askedOperations.forEach(operation -> require("--op", operation, operations));
        askedBackends.forEach(backend -> require("--backend", backend, BACKENDS));
        Set<String> known = new LinkedHashSet<>();
        chosen.values().forEach(known::addAll);
        for (String parameter : parameters) {
            if (known.isEmpty()) {
                throw new BadInput("--param " + parameter + ": what is chosen has no parameters");
            }
            require("--param", parameter, known);
        }
    }

    private Map<String, List<String>> chosen(String pattern) {
        if (benchmarks.containsKey(pattern)) {
            return Map.of(pattern, benchmarks.get(pattern));
        }
        Pattern compiled;
        try {
            compiled = Pattern.compile(pattern);
        } catch (PatternSyntaxException e) {
            throw new BadInput("bench " + pattern + ": not a regular expression: " + e.getDescription(), e);
        }
        Map<String, List<String>> chosen = new TreeMap<>(benchmarks);
        chosen.keySet()
                .removeIf(name -> !name.contains(".") || !compiled.matcher(name).find());
        if (chosen.isEmpty()) {
            throw new BadInput("bench " + pattern + ": names no benchmark" + didYouMean(pattern, classes())
                    + "; there are " + String.join(", ", classes()) + ", and parts of such names");
        }
        return chosen;
    }

    private Set<String> classes() {
        return benchmarks.keySet().stream()
                .map(name -> name.replaceFirst("^candor\\.bench\\.", "").replaceFirst("\\..*", ""))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static void require(String option, String name, Collection<String> known) {
        if (!known.contains(name)) {
            throw new BadInput(
                    option + " " + name + ": not one of " + String.join(", ", known) + didYouMean(name, known));
        }
    }

    private static String didYouMean(String name, Collection<String> known) {
        return Nearest.near(name, known)
                .map(near -> "; did you mean " + near + "?")
                .orElse("");
    }
}
