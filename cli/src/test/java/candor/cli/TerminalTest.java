package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candor.study.StudyFixture;
import candor.train.RunStatus;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a person does to long work on a terminal: Ctrl-C, once and twice, kill, and a window that is closed. */
@Tag("slow")
@Timeout(300)
class TerminalTest {
    private static final Path GOLDEN = Path.of(System.getProperty("candor.goldens"), "qwen3");
    /** So many that nothing ends by itself. */
    private static final String STEPS = "1000000";

    private static final List<String> SIGNALS = List.of("INT", "TERM", "HUP");
    private static final Map<String, Integer> EXIT_CODES = Map.of("INT", 130, "TERM", 143, "HUP", 129);

    @TempDir
    private static Path temp;

    /** Every command that takes long, by a name. */
    private static final Map<String, Work> WORK = new LinkedHashMap<>();

    /**
     * A command.
     *
     * @param atWork what it says once it is at work
     * @param words  all but its output
     */
    private record Work(String atWork, List<String> words) {
        String[] into(Path output) {
            List<String> all = new ArrayList<>(words);
            all.addAll(List.of("--output", output.toString()));
            return all.toArray(String[]::new);
        }
    }

    private static void work(String name, String atWork, String... words) {
        WORK.put(name, new Work(atWork, List.of(words)));
    }

    private static void training(String name, String atWork, String method, String data, String file) {
        work(
                name,
                atWork,
                "train",
                method,
                data,
                file,
                "--model",
                model(),
                "--max-steps",
                STEPS,
                "--save-steps",
                "0",
                "--per-device-train-batch-size",
                "2",
                "--logging-steps",
                "1",
                "--threads",
                "1");
    }

    private static String model() {
        return GOLDEN.resolve("model").toString();
    }

    private static String lines(String name, int lines, IntFunction<String> line) throws IOException {
        List<String> rows = IntStream.range(0, lines)
                .mapToObj(i -> line.apply(i).replace('\'', '"'))
                .toList();
        return Files.write(temp.resolve(name), rows).toString();
    }

    private static String chats(int rows) throws IOException {
        return lines(
                "chats-" + rows + ".jsonl",
                rows,
                i -> "{'messages':[{'role':'user','content':'" + i + "?'},{'role':'assistant','content':'It is " + i
                        + ".'}]}");
    }

    @BeforeAll
    static void prepare() throws IOException {
        Pty.assumeThere();
        String chats = chats(8);
        training("sft", ": step 2 of", "sft", "--data", chats);
        training(
                "kto",
                ": step 1 of",
                "kto",
                "--data",
                lines(
                        "rated.jsonl",
                        8,
                        i -> "{'prompt':'" + i + "?','completion':'It is " + i + ".','label':" + (i % 2 == 0) + "}"));
        training("full", ": step 1 of", "full", "--data", chats);
        training(
                "sweep",
                "large: step 1 of",
                "sft",
                "--config",
                Files.writeString(temp.resolve("sweep.yaml"), """
                    data: %s
                    runs:
                      - name: small
                        lora_rank: 2
                      - name: large
                        lora_rank: 4
                    """.formatted(chats))
                        .toString());
        work(
                "generate",
                "tok/s",
                "generate",
                "--model",
                model(),
                "--prompts",
                lines("prompts.jsonl", 5000, i -> "{'prompt':'Count to " + i + "'}"),
                "--max-new-tokens",
                "8",
                "--threads",
                "1",
                "--kv-cache-mib",
                "16");
        work(
                "eval",
                "answering: ",
                "eval",
                "gsm8k",
                "--model",
                model(),
                "--data",
                lines(
                        "questions.jsonl",
                        5000,
                        i -> "{'question':'" + i + " and 1?','answer':'So #### " + (i + 1) + "'}"),
                "--num-fewshot",
                "0",
                "--threads",
                "1");
        work(
                "study",
                "direct, training",
                "study",
                "direct",
                "--set",
                "train.max_steps=" + STEPS,
                "--config",
                StudyFixture.direct(temp.resolve("direct")).toString());
        work(
                "loop",
                "loop, conversations",
                "study",
                "loop",
                "--config",
                StudyFixture.loop(temp.resolve("loop")).toString());
        work("quickstart", "direct, training", "quickstart", "--threads", "1");
        work(
                "merge",
                "merging",
                "merge",
                "--model",
                model(),
                "--threads",
                "1",
                "--adapter",
                GOLDEN.resolve("adapter").toString());
        work("world", ": step 0 of", "world", "train", "--base-rows", "200", "--threads", "1");
    }

    private static Pty candor(String... arguments) {
        return Pty.start(temp, Pty.java(Candor.class, arguments));
    }

    private static JsonNode json(Path file) throws IOException {
        return new ObjectMapper().readTree(file.toFile());
    }

    private static void assertKept(Path run) throws IOException {
        JsonNode record = json(run.resolve("run.json"));
        assertThat(record.get("status").asText()).as("%s", run).isEqualTo("interrupted");
        assertThat(run.resolve("checkpoints/step-" + record.get("steps_done").asInt()))
                .isDirectory();
    }

    @Test
    void everySignalStopsEveryLongCommandInOrder() throws IOException {
        List<String> lines = new ArrayList<>();
        for (String signal : SIGNALS) {
            WORK.forEach((name, work) ->
                    lines.add(String.join("\t", work.into(temp.resolve(signal).resolve(name)))));
        }
        Path file = Files.write(temp.resolve("commands.txt"), lines);
        try (Pty pty = Pty.start(temp, Pty.java(Commands.class, file.toString()))) {
            for (String signal : SIGNALS) {
                for (Work work : WORK.values()) {
                    pty.await(work.atWork());
                    if (signal.equals("INT")) {
                        pty.type(Pty.CTRL_C);
                    } else {
                        pty.signal(signal);
                    }
                    pty.await(work.words().contains("merge") ? "start again with: " : "continue with: ")
                            .await("ended with " + EXIT_CODES.get(signal) + ".");
                }
            }
            assertThat(pty.code()).isZero();
        }
        for (String signal : SIGNALS) {
            Path folder = temp.resolve(signal);
            for (String run : List.of("sft", "kto", "full", "sweep/small", "sweep/large", "world/first")) {
                assertKept(folder.resolve(run));
            }
            assertThat(folder.resolve("generate.partial")).exists();
            assertThat(folder.resolve("eval/run.json")).exists();
            assertThat(folder.resolve("merge")).doesNotExist();
            try (Stream<Path> files = Files.list(folder)) {
                assertThat(files.filter(path -> path.getFileName().toString().startsWith(".")))
                        .isEmpty();
            }
        }
    }

    @Test
    void theLineThatIsShownGoesOn() {
        Path output = temp.resolve("to go on");
        try (Pty pty = candor(
                "train",
                "sft",
                "--data",
                temp.resolve("chats-8.jsonl").toString(),
                "--model",
                model(),
                "--max-steps",
                "60",
                "--logging-steps",
                "1",
                "--threads",
                "1",
                "--output",
                output.toString())) {
            pty.await(": step 2 of").type(Pty.CTRL_C);
            assertThat(pty.code()).isEqualTo(130);
            String shown = pty.output();
            String line = shown.substring(shown.indexOf("continue with: ") + "continue with: ".length());
            line = line.substring(0, line.indexOf("\r\n"));
            assertThat(line).startsWith("./candor train sft ").endsWith(" '" + output + "' --resume");
            String[] words =
                    line.replace("'", "").replace("to go on", "to_go_on").split(" ");
            for (int i = 0; i < words.length; i++) {
                words[i] = words[i].replace("to_go_on", "to go on");
            }
            Cli.run(List.of(words).subList(1, words.length).toArray(String[]::new))
                    .succeeded();
        }
        assertThat(output.resolve("adapter")).isDirectory();
    }

    @Test
    void ctrlCTwiceStopsAtOnce() throws IOException {
        Path output = temp.resolve("twice");
        // All rows are one step, which takes long.
        try (Pty pty = candor(
                "train",
                "sft",
                "--data",
                chats(20_000),
                "--model",
                model(),
                "--output",
                output.toString(),
                "--per-device-train-batch-size",
                "20",
                "--gradient-accumulation-steps",
                "1000",
                "--threads",
                "1")) {
            pty.await(": step 0 of").type(Pty.CTRL_C);
            pty.await("Ctrl-C").type(Pty.CTRL_C);
            pty.await("stopped at once; ").await("--resume");
            assertThat(pty.code()).isEqualTo(130);
        }
        assertThat(RunStatus.of(output, json(output.resolve("run.json")), "none"))
                .isEqualTo(RunStatus.KILLED);
        Cli.run("report", output.toString()).succeeded();
        assertThat(output.resolve("report.html")).content().contains("killed: its process ended without a word");
    }

    @ParameterizedTest
    @ValueSource(strings = {"sft", "generate", "eval", "study"})
    void aWindowThatIsClosedStopsInOrder(String name) throws IOException {
        Path output = temp.resolve("closed").resolve(name);
        try (Pty pty = candor(WORK.get(name).into(output))) {
            pty.await(WORK.get(name).atWork()).hangUp();
            assertThat(pty.code()).isEqualTo(129);
        }
        switch (name) {
            case "sft" -> assertKept(output);
            case "generate" ->
                assertThat(output.resolveSibling("generate.partial")).exists();
            default -> assertThat(output).isDirectory();
        }
    }

    @Test
    void whatWasIgnoredStaysIgnored() throws IOException {
        Path output = temp.resolve("ignored");
        List<String> command = Pty.java(Candor.class, WORK.get("sft").into(output));
        try (Pty pty = Pty.start(temp, 100, "trap '' INT HUP", "", command)) {
            pty.await(": step 2 of").type(Pty.CTRL_C).signal("HUP");
            pty.await(": step 1").await(": step 2").signal("TERM"); // of two digits: it went on
            assertThat(pty.code()).isEqualTo(143);
        }
        assertKept(output);
    }
}
