package candor.generate.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.comm.Communicator;
import candor.comm.ThreadCommunicator;
import candor.generate.Generator;
import candor.generate.Sampling;
import candor.ops.cpu.CpuBackend;
import candor.text.SpecialTextPolicy;
import candor.text.TemplateChoice;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GenerateRunTest {
    private static final Path GOLDEN = Path.of(System.getProperty("candor.goldens"), "llama3");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Sampling DRAWN = new Sampling(1, 0, 0.95, 1, 4);

    @TempDir
    private Path folder;

    private Path prompts() {
        return folder.resolve("prompts.jsonl");
    }

    private Path output() {
        return folder.resolve("out.jsonl");
    }

    private Path partial() {
        return folder.resolve("out.jsonl.partial");
    }

    private RunSettings settings(
            Sampling sampling, int maxNewTokens, List<String> adapters, boolean resume, boolean force) {
        return new RunSettings(
                GOLDEN.resolve("model"),
                null,
                null,
                adapters,
                prompts(),
                output(),
                sampling,
                maxNewTokens,
                List.of("xyz"),
                true,
                SpecialTextPolicy.REFUSE,
                LocalDate.of(2026, 1, 2),
                TemplateChoice.DEFAULT,
                "cpu",
                resume,
                force);
    }

    private RunSettings drawn(boolean resume) {
        return settings(DRAWN, 6, List.of("base", GOLDEN.resolve("adapter").toString()), resume, false);
    }

    private static boolean run(RunSettings settings, int sequences, BooleanSupplier stop) {
        try (GenerateRun run = GenerateRun.prepare(settings);
                CpuBackend backend = new CpuBackend(1)) {
            return run.run(
                    backend,
                    new Generator.Settings(sequences, 64, 1 << 24),
                    Map.of("device", "here"),
                    (rows, tokens) -> {},
                    stop);
        }
    }

    /** By several processes, of which the first writes. */
    private static boolean run(int processes, RunSettings settings, BooleanSupplier stop) throws Exception {
        Generator.Settings size = new Generator.Settings(1, 64, 1 << 24);
        try (ExecutorService threads = Executors.newFixedThreadPool(processes)) {
            List<Future<Boolean>> running = new ArrayList<>();
            for (Communicator comm : ThreadCommunicator.group(processes, Duration.ofSeconds(120))) {
                running.add(threads.submit(() -> {
                    try (GenerateRun run =
                                    comm.leads() ? GenerateRun.prepare(settings) : GenerateRun.helping(settings);
                            CpuBackend backend = new CpuBackend(1)) {
                        if (comm.leads()) {
                            return run.run(comm, backend, size, Map.of("device", "here"), (rows, tokens) -> {}, stop);
                        }
                        run.help(comm, backend, size, () -> false);
                        return true;
                    }
                }));
            }
            for (Future<Boolean> each : running) {
                each.get();
            }
            return running.getFirst().get();
        }
    }

    /** Also where it is stopped between two rounds and gone on with by others, or all is done already. */
    @Test
    void severalProcessesWriteTheBytesOfOne() throws Exception {
        write(chats(13));
        run(drawn(false));
        byte[] alone = Files.readAllBytes(output());
        Files.delete(output());
        assertThat(run(3, drawn(false), () -> false)).isTrue();
        assertThat(Files.readAllBytes(output())).isEqualTo(alone);
        assertThat(run(2, drawn(true), () -> false)).isTrue();
        Files.delete(output());
        assertThat(run(2, drawn(false), () -> Files.exists(partial()) && size(partial()) > 3000))
                .isFalse();
        assertThat(output()).doesNotExist();
        assertThat(run(3, drawn(true), () -> false)).isTrue();
        assertThat(Files.readAllBytes(output())).isEqualTo(alone);
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void run(RunSettings settings) {
        assertThat(run(settings, 3, () -> false)).isTrue();
    }

    private void write(List<String> lines) {
        try {
            Files.write(prompts(), lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> chats(int count) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            lines.add(
                    i % 3 == 2
                            ? "{\"id\":" + i + ",\"prompt\":\"What about " + i % 4 + "?\"}"
                            : "{\"id\":" + i + ",\"messages\":[{\"role\":\"user\",\"content\":\"What about " + i % 5
                                    + "?\"}]}");
        }
        return lines;
    }

    private List<JsonNode> rows() throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(output())) {
            rows.add(JSON.readTree(line));
        }
        return rows;
    }

    @Test
    void goldenPromptsGiveGoldenTokensThroughEveryAdapter() throws IOException {
        JsonNode golden = JSON.readTree(GOLDEN.resolve("generate.json").toFile());
        List<String> lines = new ArrayList<>();
        golden.forEach(
                row -> lines.add("{\"messages\":" + row.get("messages") + ",\"completion\":\"ours\",\"n\":1.50}"));
        write(lines);
        String adapter = GOLDEN.resolve("adapter").toString();
        run(settings(Sampling.GREEDY, 24, List.of(adapter, "base"), false, false));
        List<JsonNode> rows = rows();
        assertThat(rows).hasSize(2 * golden.size());
        for (int i = 0; i < rows.size(); i++) {
            boolean base = i % 2 == 1;
            JsonNode expected = golden.get(i / 2);
            assertThat(rows.get(i).get("messages")).isEqualTo(expected.get("messages"));
            assertThat(rows.get(i).get("token_ids")).isEqualTo(expected.get(base ? "base" : "adapter"));
            assertThat(rows.get(i).get("adapter").asText()).isEqualTo(base ? "null" : adapter);
            assertThat(rows.get(i).get("logprobs")).hasSameSizeAs(rows.get(i).get("token_ids"));
            assertThat(rows.get(i).get("finish_reason").asText()).isIn("stop", "length");
            assertThat(rows.get(i).get("original").get("completion").asText()).isEqualTo("ours");
            assertThat(rows.get(i).get("n").asText()).isEqualTo("1.5");
        }
        JsonNode record = JSON.readTree(folder.resolve("out.jsonl.run.json").toFile());
        assertThat(record.get("device").asText()).isEqualTo("here");
        assertThat(record.get("settings").get("max_new_tokens").asInt()).isEqualTo(24);
        assertThat(partial()).doesNotExist();
    }

    @Test
    void aRowDoesNotDependOnTheOrderNorOnTheSize() throws IOException {
        List<String> lines = chats(12);
        write(lines);
        run(drawn(false), 1, () -> false);
        List<String> inOrder = Files.readAllLines(output());
        Files.delete(output());
        run(drawn(false), 12, () -> false);
        assertThat(Files.readAllLines(output())).as("another batch size").isEqualTo(inOrder);
        Files.delete(output());
        // Prompts of the same tokens may swap what is said; 5 and 4 different ones are among the 12.
        Collections.shuffle(lines, new Random(3));
        write(lines);
        run(drawn(false), 4, () -> false);
        assertThat(said(Files.readAllLines(output()))).isEqualTo(said(inOrder));
        // The second prompt of the same tokens draws other numbers.
        assertThat(said(inOrder).stream().distinct().count()).isGreaterThan(18);
    }

    private static List<String> said(List<String> lines) throws IOException {
        List<String> said = new ArrayList<>();
        for (String line : lines) {
            ObjectNode row = (ObjectNode) JSON.readTree(line);
            row.remove("id");
            said.add(row.toString());
        }
        Collections.sort(said);
        return said;
    }

    @Test
    void anInterruptedRunGoesOnWhereItStopped() throws IOException {
        write(chats(9));
        run(drawn(false));
        byte[] whole = Files.readAllBytes(output());
        Files.delete(output());
        boolean resume = false;
        int sessions = 0;
        for (boolean done = false; !done; sessions++) {
            int[] steps = {0};
            int most = 5 + sessions;
            done = run(drawn(resume), 1 + sessions % 4, () -> steps[0]++ >= most);
            resume = true;
            assertThat(Files.exists(output())).isEqualTo(done);
        }
        assertThat(sessions).isGreaterThan(4);
        assertThat(Files.readAllBytes(output())).isEqualTo(whole);
        assertThat(partial()).doesNotExist();
    }

    /** Whatever a kill leaves of the journal, no row is lost and none is there twice. */
    @Test
    void aJournalTornAtAnyByteGoesOn() throws IOException {
        write(chats(4));
        run(drawn(false));
        byte[] whole = Files.readAllBytes(output());
        Files.delete(output());
        int[] steps = {0};
        assertThat(run(drawn(false), 8, () -> steps[0]++ >= 6)).isFalse();
        byte[] journal = Files.readAllBytes(partial());
        long header = Arrays.asList(new String(journal, java.nio.charset.StandardCharsets.UTF_8).split("\n"))
                .getFirst()
                .length();
        for (int length = 0; length <= journal.length; length += length < header ? 97 : 61) {
            Files.write(partial(), Arrays.copyOf(journal, length));
            run(drawn(true));
            assertThat(Files.readAllBytes(output()))
                    .as("torn at byte %d", length)
                    .isEqualTo(whole);
            Files.delete(output());
        }
    }

    @Test
    void damageIsSaidNotHealed() throws IOException {
        write(chats(4));
        int[] steps = {0};
        assertThat(run(drawn(false), 8, () -> steps[0]++ >= 8)).isFalse();
        List<String> lines = Files.readAllLines(partial());
        assertThat(lines).hasSizeGreaterThan(2);
        Files.write(partial(), List.of(lines.get(0), lines.get(1), lines.get(1)));
        assertThatThrownBy(() -> run(drawn(true)))
                .isInstanceOf(BadInput.class)
                .hasMessage(partial() + ", line 3: is there twice; start over with force");
        Files.write(partial(), List.of(lines.get(0), lines.get(1).replace("\"value\":{", "\"value\":")));
        assertThatThrownBy(() -> run(drawn(true)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("line 2: is damaged");
        Files.write(partial(), List.of("{\"not\":\"ours\"}"));
        assertThatThrownBy(() -> run(drawn(true)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("is not a journal of ours");
    }

    @Test
    void anotherRunIsNotGoneOnWith() throws IOException {
        write(chats(4));
        int[] steps = {0};
        assertThat(run(drawn(false), 2, () -> steps[0]++ >= 8)).isFalse();
        List<String> adapters = drawn(true).adapters();
        assertThatThrownBy(() -> run(settings(new Sampling(1, 0, 0.9, 1, 4), 6, adapters, true, false)))
                .isInstanceOf(BadInput.class)
                .hasMessage(partial()
                        + ": was begun with other settings: top_p was 0.95, is 0.9; give the old ones, or start"
                        + " over with force");
        assertThatThrownBy(() -> run(settings(DRAWN, 7, adapters, true, false)))
                .hasMessageContaining("max_new_tokens was 6, is 7");
        assertThatThrownBy(() -> run(settings(DRAWN, 6, List.of("base"), true, false)))
                .hasMessageContaining("adapters was [");
        write(chats(5));
        assertThatThrownBy(() -> run(drawn(true))).hasMessageContaining("prompts_sha256 was \"");
        write(chats(4));
        run(drawn(true));
        // And done is done.
        run(drawn(true));
        assertThatThrownBy(() -> run(settings(DRAWN, 7, adapters, true, false)))
                .hasMessageContaining("out.jsonl: was begun with other settings: max_new_tokens was 6, is 7");
    }

    @Test
    void nothingIsWrittenOverWithoutForce() throws IOException {
        write(chats(2));
        Files.writeString(output(), "mine");
        List<String> base = List.of();
        assertThatThrownBy(() -> run(settings(DRAWN, 2, base, false, false)))
                .isInstanceOf(BadInput.class)
                .hasMessage(output() + ": exists already; overwrite it with force, or choose another output");
        assertThatThrownBy(() -> run(settings(DRAWN, 2, base, true, false)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("out.jsonl.run.json, which would say what it was made of, does not");
        assertThat(output()).hasContent("mine");
        // An interrupted run leaves the old file, too.
        int[] steps = {0};
        assertThat(run(settings(DRAWN, 2, base, false, true), 1, () -> steps[0]++ >= 3))
                .isFalse();
        assertThat(output()).hasContent("mine");
        Files.delete(output());
        assertThatThrownBy(() -> run(settings(DRAWN, 2, base, false, false)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("out.jsonl.partial: is the beginning of such a run; continue with resume");
        run(settings(DRAWN, 3, base, false, true));
        assertThat(rows())
                .hasSize(2)
                .allMatch(row -> row.get("token_ids").size() == 3
                        || row.get("finish_reason").asText().equals("stop"));
    }

    @Test
    void aRunThatComesToNothingLeavesNothing() {
        write(chats(2));
        assertThatThrownBy(() -> run(settings(
                        DRAWN,
                        2,
                        List.of(GOLDEN.resolveSibling("qwen3")
                                .resolve("adapter")
                                .toString()),
                        false,
                        false)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("check that the adapter was made for this model");
        assertThat(folder.toFile().list()).containsExactly("prompts.jsonl");
    }

    @Test
    void twoRunsDoNotShareAnOutput() {
        write(chats(2));
        try (GenerateRun first = GenerateRun.prepare(drawn(false))) {
            assertThat(first.rows()).isEqualTo(4);
            assertThatThrownBy(() -> GenerateRun.prepare(drawn(true)))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("another process is writing it");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiterString = "=>", textBlock = """
        {"messages":[]} => 'messages' is empty
        {"prompt":""} => 'prompt' is empty
        {"prompt":[{"role":"user","content":" "}]} => message 1 of 'prompt' is empty
        {"prompt":7} => 'prompt' is a number, expected a list of messages
        {"text":"x"} => has neither 'messages' nor 'prompt'
        {"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]} => 'messages' ends with a message of the assistant
        {"messages":[{"role":"robot","content":"a"}]} => unknown role 'robot'
        {"messages":[{"role":"user","content":"<|eot_id|>"}]} => holds the text <|eot_id|>
        {"prompt":"<|eot_id|>"} => holds the text <|eot_id|>
        {"prompt":"x","messages":null, => is not valid JSON
        [1] => is not a JSON object
        """)
    void aBadRowIsNamed(String row, String problem) {
        write(List.of(chats(1).getFirst(), row));
        assertThatThrownBy(() -> run(drawn(false)))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(prompts() + ", line 2: ")
                .hasMessageContaining(problem);
        assertThat(folder.toFile().list()).containsExactly("prompts.jsonl");
    }

    @Test
    void aPromptLongerThanTheContextIsNamedWithItsLength() {
        write(List.of(chats(1).getFirst(), "{\"prompt\":\"" + "a b ".repeat(300) + "\"}"));
        assertThatThrownBy(() -> run(drawn(false)))
                .isInstanceOf(BadInput.class)
                .hasMessageMatching(".*, line 2: the prompt has \\d{3} tokens, and the model takes 512 .*");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n\n"})
    void aFileWithoutPromptsIsRefused(String content) throws IOException {
        Files.writeString(prompts(), content);
        assertThatThrownBy(() -> run(drawn(false)))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(prompts().toString());
    }

    @Test
    void settingsThatMakeNoSenseAreRefused() {
        write(chats(1));
        assertThatThrownBy(() -> settings(DRAWN, 0, List.of(), false, false))
                .isInstanceOf(BadInput.class)
                .hasMessage("a reply of 0 tokens is none; give max_new_tokens as 1 or more");
        assertThatThrownBy(() -> settings(DRAWN, 1, List.of("a", "a"), false, false))
                .isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> settings(DRAWN, 1, List.of(), true, true)).isInstanceOf(BadInput.class);
        assertThatThrownBy(() ->
                        run(settings(DRAWN, 1, List.of(folder.resolve("none").toString()), false, false)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("no such folder");
    }

    @Test
    void aMissingTemplateIsSaid() throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        Path source = Path.of(System.getProperty("candor.goldens"), "qwen3", "model");
        for (String name : List.of("config.json", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(source.resolve(name), model.resolve(name));
        }
        write(chats(1));
        RunSettings settings = new RunSettings(
                model,
                null,
                null,
                List.of(),
                prompts(),
                output(),
                DRAWN,
                1,
                List.of(),
                false,
                SpecialTextPolicy.REFUSE,
                LocalDate.of(2026, 1, 2),
                TemplateChoice.DEFAULT,
                "cpu",
                false,
                false);
        assertThatThrownBy(() -> run(settings)).isInstanceOf(BadInput.class).hasMessageContaining("no chat template");
    }
}
