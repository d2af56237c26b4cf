package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Phrases that nobody would say, in what users read: the texts of main sources (but not what models are told), README.md and the manual. */
class PlainEnglishTest {
    private static final Path ROOT =
            Path.of(System.getProperty("basedir", ".")).toAbsolutePath().getParent();

    private static final Pattern LITERAL = Pattern.compile("\"((?:[^\"\\\\\n]|\\\\.)*)\"");
    private static final Pattern JOINED = Pattern.compile("\"\\s*\\+\\s*\"");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\\bwhom of\\b",
                "\\bmend(s|ed)?\\b",
                "\\bgo(es)? on (from|with|training)\\b",
                "\\bcommand goes on\\b",
                "\\blies? (below|in|at|under|beside) ",
                "\\bstands? (here|there) (twice|a second)",
                "\\bcommas part\\b",
                "(?<!there )\\bis no (folder|file\\b|path|text\\b|array|object|number\\b|list|JSON|URL)",
                "\\btake (it|them|one of the two) out\\b",
                "\\bwrites? over (it|an|a|the)\\b",
                "\\b(start|begin)s? anew\\b",
                ", wanted (text|an?|true|JSON)\\b",
            })
    void nobodySays(String phrase) throws IOException {
        Pattern pattern = Pattern.compile(phrase);
        assertThat(texts().filter(text -> pattern.matcher(text.said()).find()).toList())
                .as(phrase)
                .isEmpty();
    }

    /** @param file where it is said */
    private record Text(Path file, String said) {}

    private static Stream<Text> texts() throws IOException {
        List<Text> sources;
        try (Stream<Path> files = Stream.of("bindings", "engine", "cli", "bench")
                .map(module -> ROOT.resolve(module).resolve("src/main/java"))
                .flatMap(PlainEnglishTest::walk)) {
            sources = files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> !file.toString().contains("/candor/world/"))
                    .flatMap(PlainEnglishTest::literals)
                    .toList();
        }
        List<Text> pages = new ArrayList<>();
        for (Path page : ReadmeCommands.pages(ROOT)) {
            Files.readAllLines(page).forEach(line -> pages.add(new Text(page, line)));
        }
        return Stream.concat(sources.stream(), pages.stream());
    }

    private static Stream<Path> walk(Path folder) {
        try {
            return Files.walk(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<Text> literals(Path file) {
        try {
            String source = Files.readAllLines(file).stream()
                    .filter(line ->
                            !line.strip().startsWith("*") && !line.strip().startsWith("/"))
                    .reduce("", (all, line) -> all + line + "\n");
            Matcher literal = LITERAL.matcher(JOINED.matcher(source).replaceAll(""));
            return literal.results().map(found -> new Text(file, found.group(1)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
