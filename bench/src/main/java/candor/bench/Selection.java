package candor.bench;

import candor.BadInput;
import candor.bindings.NativeLibrary;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.PatternSyntaxException;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * The benchmarks that a pattern names, and those among them that this machine cannot run.
 *
 * @param found   in JMH's order
 * @param skipped classes with the reason
 */
record Selection(List<BenchmarkListEntry> found, Map<String, String> skipped) {
    /**
     * @param pattern a regular expression that is found in class and method
     * @param library which native library {@link CallBenchmark} is to call
     * @throws BadInput where it is not a regular expression, or names nothing
     */
    static Selection of(String pattern, String library) {
        SortedSet<BenchmarkListEntry> all;
        try {
            all = BenchmarkList.defaultList()
                    .find(
                            OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT),
                            List.of(pattern),
                            List.of("CeilingBenchmark"));
        } catch (PatternSyntaxException e) {
            throw new BadInput("bench " + pattern + ": not a regular expression: " + e.getDescription());
        }
        if (all.isEmpty()) {
            throw new BadInput("bench " + pattern + ": names no benchmark; give one of " + String.join(", ", classes())
                    + ", or a part of a name");
        }
        Map<String, String> skipped = new TreeMap<>();
        List<BenchmarkListEntry> found = new ArrayList<>();
        for (BenchmarkListEntry entry : all) {
            String reason = skipped.computeIfAbsent(className(entry), name -> obstacle(name, library));
            if (reason.isEmpty()) {
                found.add(entry);
            }
        }
        skipped.values().removeIf(String::isEmpty);
        return new Selection(found, skipped);
    }

    private static Collection<String> classes() {
        Collection<String> names = new TreeSet<>(
                List.of(Profile.class.getSimpleName(), Scaling.class.getSimpleName(), StartUp.class.getSimpleName()));
        BenchmarkList.defaultList()
                .getAll(OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT), List.of())
                .forEach(entry -> names.add(className(entry)));
        names.remove(CeilingBenchmark.class.getSimpleName()); // runs with operations
        return names;
    }

    private static String obstacle(String name, String library) {
        boolean calls = name.equals(CallBenchmark.class.getSimpleName());
        if (name.equals(LaunchBenchmark.class.getSimpleName())
                || calls && CallBenchmark.library(library) == NativeLibrary.CUDA) {
            return LaunchBenchmark.obstacle();
        }
        if (calls && !NativeLibrary.EMULATED.isThere()) {
            return "there is no " + NativeLibrary.EMULATED.fileName();
        }
        return "";
    }

    private static String className(BenchmarkListEntry entry) {
        String name = entry.getUserClassQName();
        return name.substring(name.lastIndexOf('.') + 1);
    }

    static boolean isOperation(BenchmarkListEntry entry) {
        return className(entry).equals(OpBenchmark.class.getSimpleName());
    }

    static boolean hasShape(BenchmarkListEntry entry) {
        return hasParameter(entry, "model");
    }

    static boolean hasParameter(BenchmarkListEntry entry, String name) {
        return entry.getParams().hasValue() && entry.getParams().get().containsKey(name);
    }

    /** Patterns that name these benchmarks, and no others. */
    String[] only(Predicate<BenchmarkListEntry> which) {
        return found.stream()
                .filter(which)
                .map(entry -> "^" + entry.getUsername().replace(".", "\\.") + "$")
                .toArray(String[]::new);
    }
}
