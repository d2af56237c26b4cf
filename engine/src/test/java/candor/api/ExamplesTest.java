package candor.api;

import static org.assertj.core.api.Assertions.assertThat;

import candor.GoldenFolders;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The programs of the folder {@code examples}, compiled against the engine and run. */
class ExamplesTest {
    private static final Path SOURCES = Path.of("..", "examples");
    private static final int MOST_LINES = 60;

    @TempDir
    private static Path classes;

    @TempDir
    private Path folder;

    @BeforeAll
    static void compile() throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        List<String> arguments = Stream.concat(
                        Stream.of(
                                "-Xlint:all,-incubating,-classfile",
                                "-Werror",
                                "--add-modules",
                                "jdk.incubator.vector",
                                "-cp",
                                System.getProperty("java.class.path"),
                                "-proc:none",
                                "-d",
                                classes.toString()),
                        sources().stream().map(Path::toString))
                .toList();
        int code = compiler.run(null, said, said, arguments.toArray(String[]::new));
        assertThat(code).as(said.toString(StandardCharsets.UTF_8)).isZero();
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.list(SOURCES)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void theyAreShort() throws IOException {
        assertThat(sources()).hasSize(3).allSatisfy(file -> assertThat(Files.readAllLines(file))
                .hasSizeLessThan(MOST_LINES));
    }

    @Test
    void theyTuneGenerateAndEvaluate() throws Exception {
        String model = GoldenFolders.folder("qwen3").resolve("model").toString();
        String chats = Files.writeString(
                        folder.resolve("chats.jsonl"),
                        ROW.formatted("Yes, it does.").repeat(4))
                .toString();
        String others = Files.writeString(
                        folder.resolve("others.jsonl"),
                        ROW.formatted("No, never.").repeat(4))
                .toString();
        String one = folder.resolve("one").toString();
        String two = folder.resolve("two").toString();

        List<String> tuned = run("Tune", model, chats, one);
        assertThat(tuned).hasSize(9);
        assertThat(tuned.getLast()).isEqualTo("8 steps; the adapter is in " + Path.of(one, "adapter"));
        assertThat(loss(tuned.get(7))).isLessThan(loss(tuned.getFirst()));
        run("Tune", model, others, two);

        List<String> replies = run("GenerateWithTwoAdapters", model, one, two, "Does it hold?");
        assertThat(replies).hasSize(3);
        try (ChatModel alone =
                ChatModel.of(Path.of(model)).adapter(Path.of(two)).open()) {
            String text = alone.reply(List.of(Question.of("Does it hold?").to("two")), 32)
                    .getFirst()
                    .text();
            assertThat(replies.getLast()).isEqualTo("second: " + text);
        }

        List<String> scores = run("Evaluate", model, one, chats);
        assertThat(scores.get(0)).matches("base: [0-9.]+ nats a token over 4 rows");
        assertThat(scores.get(1)).matches("one: [0-9.]+ nats a token over 4 rows");
        assertThat(nats(scores.get(1))).isLessThan(nats(scores.get(0)));
    }

    private static final String ROW = """
        {"messages": [{"role": "user", "content": "Does it hold?"}, {"role": "assistant", "content": "%s"}]}
        """;

    private static double loss(String line) {
        return Double.parseDouble(line.substring(line.lastIndexOf(' ')));
    }

    private static double nats(String line) {
        return Double.parseDouble(line.split(" ")[1]);
    }

    /** What a program says on standard output, line by line. */
    private static List<String> run(String program, String... arguments) throws Exception {
        PrintStream before = System.out;
        Locale locale = Locale.getDefault();
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {classes.toUri().toURL()}, ExamplesTest.class.getClassLoader())) {
            System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
            Locale.setDefault(Locale.ROOT);
            var main = loader.loadClass(program).getDeclaredMethod("main", String[].class);
            main.setAccessible(true);
            main.invoke(null, (Object) arguments);
        } finally {
            System.setOut(before);
            Locale.setDefault(locale);
        }
        return said.toString(StandardCharsets.UTF_8).lines().toList();
    }
}
