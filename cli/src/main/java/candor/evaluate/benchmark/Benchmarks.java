package candor.evaluate.benchmark;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Every benchmark there is: each has a text in the resources, {@code tasks/NAME.md}, one line of which names its class, as in
 * {@code Class: candor.evaluate.gsm8k.Gsm8k}.
 */
public final class Benchmarks {
    private static final String FOLDER = "candor/evaluate/tasks/";
    private static final String ENDING = ".md";
    private static final Pattern CLASS = Pattern.compile("(?m)^Class: ([\\w.$]+)$");

    private Benchmarks() {}

    /** They are looked for once, when somebody asks. */
    private static final class Found {
        static final List<Benchmark> ALL = find();
    }

    /** All of them, by name. */
    public static List<Benchmark> all() {
        return Found.ALL;
    }

    /** The benchmark of a name, whether its words are parted by a dash or not. */
    public static Optional<Benchmark> named(String name) {
        return all().stream()
                .filter(benchmark -> benchmark.name().equals(name.replace('-', '_')))
                .findFirst();
    }

    private static List<Benchmark> find() {
        try {
            List<Benchmark> all = new ArrayList<>();
            for (String text : texts()) {
                all.add(open(text));
            }
            return List.copyOf(all);
        } catch (IOException | URISyntaxException e) {
            throw new IllegalStateException("the program's benchmarks cannot be listed", e);
        }
    }

    /** The names of all texts, wherever the class path has some. */
    private static SortedSet<String> texts() throws IOException, URISyntaxException {
        SortedSet<String> names = new TreeSet<>();
        for (URL folder : Collections.list(Benchmarks.class.getClassLoader().getResources(FOLDER))) {
            if (folder.openConnection() instanceof JarURLConnection jar) {
                jar.getJarFile().stream()
                        .map(entry -> entry.getName())
                        .filter(name -> name.startsWith(FOLDER))
                        .forEach(name -> names.add(name.substring(FOLDER.length())));
            } else {
                try (Stream<Path> files = Files.list(Path.of(folder.toURI()))) {
                    files.forEach(file -> names.add(file.getFileName().toString()));
                }
            }
        }
        names.removeIf(name -> !name.endsWith(ENDING));
        if (names.isEmpty()) {
            throw new IllegalStateException("the program lacks its benchmarks");
        }
        return names;
    }

    private static Benchmark open(String text) {
        Matcher named = CLASS.matcher(read(text));
        if (!named.find()) {
            throw new IllegalStateException(text + " names no class");
        }
        try {
            Benchmark benchmark = Class.forName(named.group(1))
                    .asSubclass(Benchmark.class)
                    .getConstructor()
                    .newInstance();
            if (!text.equals(benchmark.name() + ENDING)) {
                throw new IllegalStateException(text + " is of " + benchmark.name());
            }
            return benchmark;
        } catch (ReflectiveOperationException | ClassCastException e) {
            throw new IllegalStateException(text + " names no benchmark's class: " + named.group(1), e);
        }
    }

    private static String read(String text) {
        try (InputStream in = Benchmarks.class.getClassLoader().getResourceAsStream(FOLDER + text)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
