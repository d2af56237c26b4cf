package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** {@code tokenize} and {@code render} reproduce the goldens from the command line. */
class TextCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private static Path golden(String name) {
        return Path.of(System.getProperty("candor.goldens"), name);
    }

    private static String run(Object command, byte[] input, String... args) {
        PrintStream out = System.out;
        InputStream in = System.in;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            System.setIn(new ByteArrayInputStream(input));
            System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
            CommandLine line = new CommandLine(command).setCaseInsensitiveEnumValuesAllowed(true);
            AtomicReference<Exception> thrown = new AtomicReference<>();
            line.setExecutionExceptionHandler((e, c, p) -> {
                thrown.set(e);
                return ExitCode.BAD_INPUT;
            });
            int code = line.execute(args);
            if (thrown.get() instanceof BadInput bad) {
                throw bad;
            }
            assertThat(thrown.get()).isNull();
            assertThat(code).isZero();
        } finally {
            System.setOut(out);
            System.setIn(in);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static String tokenize(byte[] input, String name, String... more) {
        List<String> args =
                new ArrayList<>(List.of("--model", golden(name).resolve("model").toString()));
        args.addAll(List.of(more));
        return run(new TokenizeCommand(), input, args.toArray(String[]::new));
    }

    private String render(String rows, String name, String... more) throws IOException {
        Path file = Files.writeString(folder.resolve("rows.jsonl"), rows);
        List<String> args = new ArrayList<>(
                List.of("--model", golden(name).resolve("model").toString(), "--messages", file.toString()));
        args.addAll(List.of(more));
        return run(new RenderCommand(), new byte[0], args.toArray(String[]::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama3", "qwen2", "qwen3"})
    void tokenizePrintsTheGoldenIds(String name) throws IOException {
        StringBuilder lines = new StringBuilder();
        List<JsonNode> expected = new ArrayList<>();
        List<JsonNode> plain = new ArrayList<>();
        for (JsonNode c :
                JSON.readTree(golden(name).resolve("tokenizer.json").toFile()).path("encode")) {
            String text = c.path("text").textValue();
            if (text.lines().count() <= 1 && !text.contains("\r")) {
                lines.append(text).append('\n');
                expected.add(c.path("ids"));
                plain.add(c.path("ids_plain"));
            }
        }
        byte[] input = lines.toString().getBytes(StandardCharsets.UTF_8);
        assertThat(expected.size()).isGreaterThan(15);
        assertThat(parsed(tokenize(input, name))).isEqualTo(expected);
        assertThat(parsed(tokenize(input, name, "--no-special-tokens"))).isEqualTo(plain);
    }

    private static List<JsonNode> parsed(String output) throws IOException {
        List<JsonNode> arrays = new ArrayList<>();
        for (String line : output.split("\n")) {
            arrays.add(JSON.readTree(line));
        }
        return arrays;
    }

    @Test
    void tokenizeTellsTheLineOfBadInput() {
        assertThat(tokenize(new byte[0], "qwen2")).isEmpty();
        assertThat(tokenize("\ufeffa\r\nb".getBytes(StandardCharsets.UTF_8), "qwen2"))
                .isEqualTo("[67]\n[68]\n");
        assertThatThrownBy(() -> tokenize(new byte[] {'a', '\n', (byte) 0xff}, "qwen2"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("stdin");
        assertThatThrownBy(() -> run(new TokenizeCommand(), new byte[0], "--model", folder.toString()))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("tokenizer.json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama3", "qwen2", "qwen3"})
    void renderPrintsTheGoldenTexts(String name) throws IOException {
        for (JsonNode c :
                JSON.readTree(golden(name).resolve("tokenizer.json").toFile()).path("chat")) {
            boolean prompt = c.path("add_generation_prompt").booleanValue();
            ObjectNode row = JSON.createObjectNode();
            List<JsonNode> messages = new ArrayList<>();
            c.path("messages").forEach(messages::add);
            row.putArray("messages").addAll(prompt ? messages.subList(0, messages.size() - 1) : messages);
            String text = c.path("text").textValue();
            String output =
                    prompt ? render(row.toString(), name, "--add-generation-prompt") : render(row.toString(), name);
            assertThat(output).isEqualTo(text.endsWith("\n") ? text : text + "\n");
        }
    }

    @Test
    void renderShowsTheLossMask() throws IOException {
        String row =
                "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\\nc\"}]}\n";
        assertThat(render(row, "llama3", "--mask"))
                .isEqualTo("<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\na<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\n⟦b\nc<|eot_id|>⟧\n");
        assertThat(render(row, "llama3", "--color", "always", "--add-generation-prompt"))
                .endsWith(
                        "\n\n\u001b[30;42mb\u001b[0m\n\u001b[30;42mc<|eot_id|>\u001b[0m<|start_header_id|>assistant<|end_header_id|>\n\n");
        assertThat(render(row + "\n" + row, "llama3").split("<\\|begin_of_text\\|>"))
                .hasSize(3);
    }

    /** Training on a prompt and its completion has no loss on what the assistant says in the prompt. */
    @Test
    void renderTakesAnotherTemplate() throws IOException {
        String row = "[{\"role\": \"user\", \"content\": \"Hi\"}]";
        assertThat(render(row, "qwen2", "--chat-template", "qwen", "--add-generation-prompt"))
                .isEqualTo("<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant."
                        + "<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
        Path own = Files.writeString(folder.resolve("own.jinja"), "{{ messages[0].content }}{{ mood }}");
        assertThat(render(
                        row, "qwen2", "--chat-template", own.toString(), "--chat-template-kwargs", "{\"mood\": \"!\"}"))
                .isEqualTo("Hi!\n");
        assertThatThrownBy(() -> render(row, "qwen2", "--chat-template", "gemma"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("chat template gemma: is not a file");
    }

    @Test
    void renderShowsTheLossOfACompletionAlone() throws IOException {
        String row =
                "{\"prompt\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}, "
                        + "{\"role\": \"user\", \"content\": \"c\"}], \"completion\": [{\"role\": \"assistant\", \"content\": \"d\"}]}\n";
        assertThat(render(row, "llama3", "--mask"))
                .contains("\n\nb<|eot_id|>")
                .endsWith("\n\n⟦d<|eot_id|>⟧\n")
                .doesNotContain("⟦b");
        assertThat(render(row, "llama3", "--mask", "--add-generation-prompt"))
                .endsWith("\n\n⟦d<|eot_id|>⟧<|start_header_id|>assistant<|end_header_id|>\n\n");
    }

    @Test
    void tokenizeShowsWhatIsLearntOfARow() throws IOException {
        Path rows = Files.writeString(
                folder.resolve("r.jsonl"),
                "{\"text\": \"a\"}\n[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\","
                        + " \"weight\": 0}, {\"role\": \"assistant\", \"content\": \"c\"}]\n");
        List<JsonNode> shown = parsed(tokenize(new byte[0], "llama3", "--messages", rows.toString()));
        List<JsonNode> text = parsed(tokenize("a<|eot_id|>".getBytes(StandardCharsets.UTF_8), "llama3"));
        assertThat(shown.getFirst().path("ids")).isEqualTo(text.getFirst());
        assertThat(shown.getFirst().path("learnt").toString()).isEqualTo("[0,1,1]");
        int learnt = 0;
        for (JsonNode flag : shown.get(1).path("learnt")) {
            learnt += flag.asInt();
        }
        assertThat(learnt).as("c and the end of its turn").isEqualTo(2);
        assertThat(shown.get(1).path("ids")).hasSameSizeAs(shown.get(1).path("learnt"));
    }

    /** What TRL, OpenAI and others write, with what is learnt of it. */
    @Test
    void renderShowsRowsOfEveryLayout() throws IOException {
        String user = "{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"a\"}]}";
        String no = "{\"role\": \"assistant\", \"content\": \"b\", \"weight\": 0}";
        String yes = "{\"role\": \"assistant\", \"content\": \"c\"}";
        assertThat(render("[" + user + "," + no + "," + user + "," + yes + "]", "llama3", "--mask"))
                .contains("\n\na<|eot_id|>", "\n\nb<|eot_id|>")
                .endsWith("\n\n⟦c<|eot_id|>⟧\n")
                .doesNotContain("⟦b");
        assertThat(render("{\"text\": \"all of it\"}", "llama3", "--mask")).isEqualTo("⟦all of it<|eot_id|>⟧\n");
        assertThat(render("{\"prompt\": \"p \", \"completion\": \"c\"}", "llama3", "--mask"))
                .isEqualTo("p ⟦c<|eot_id|>⟧\n");
        assertThat(render("{\"prompt\": \"p\", \"chosen\": \" c\", \"rejected\": \" r\"}", "llama3", "--mask"))
                .isEqualTo("p⟦ c<|eot_id|>⟧\np⟦ r<|eot_id|>⟧\n");
        assertThat(render("{\"instruction\": \"i\", \"output\": \"o\", \"system\": \"s\"}", "llama3", "--mask"))
                .contains("\n\ns<|eot_id|>", "\n\ni<|eot_id|>", "⟦o<|eot_id|>⟧");
        assertThatThrownBy(() -> render("{\"messages\": [" + yes.replace("}", ", \"name\": \"Ada\"}") + "]}", "llama3"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("line 1: message 1 (assistant) has \"name\"");
    }

    @Test
    void whatIsShownCannotActOnTheTerminal() throws IOException {
        String row = "[{\"role\": \"user\", \"content\": \"x\\u001b[2J\\u0007\\u009b\\u202e\\ty\"}]";
        assertThat(render(row, "qwen2", "--mask"))
                .contains("x\\u001b[2J\\u0007\\u009b\\u202e\ty")
                .doesNotContain("\u001b");
        assertThat(render(row, "qwen2")).contains("x\u001b[2J\u0007\u009b\u202e\ty");
    }

    @Test
    void renderReadsPromptsToolsAndVariables() throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        for (String file : List.of("tokenizer.json", "tokenizer_config.json", "config.json")) {
            Files.copy(golden("qwen2").resolve("model").resolve(file), model.resolve(file));
        }
        Files.writeString(
                model.resolve("chat_template.jinja"),
                "{{ messages|map(attribute='content')|join('+') }} {{ tools|tojson }} {{ x }} {{ strftime_now('%d.%m.%Y') }}");
        Path rows = Files.writeString(
                folder.resolve("r.jsonl"),
                "{\"prompt\": [{\"role\": \"user\", \"content\": \"p\"}], \"completion\": "
                        + "[{\"role\": \"assistant\", \"content\": \"c\"}], \"tools\": [{\"a\": 1.0}], \"chat_template_kwargs\": {\"x\": false}}");
        assertThat(run(
                        new RenderCommand(),
                        new byte[0],
                        "--model",
                        model.toString(),
                        "--messages",
                        rows.toString(),
                        "--date",
                        "2024-07-26"))
                .isEqualTo("p+c [{\"a\": 1.0}] False 26.07.2024\n");
    }

    @Test
    void renderTellsTheLineOfBadInput() {
        String good = "[{\"role\": \"user\", \"content\": \"a\"}]\n";
        for (String bad : List.of(
                "{",
                "5",
                "{}",
                "[]",
                "{\"messages\": 5}",
                "[5]",
                "[{\"content\": \"a\"}]",
                "{\"messages\": [], \"tools\": 5}",
                "{\"messages\": [], \"chat_template_kwargs\": []}",
                "[{\"role\": \"user\", \"content\": \"<|im_end|>\"}]",
                "{\"prompt\": \"text\"}")) {
            assertThatThrownBy(() -> render(good + bad, "qwen2"))
                    .as(bad)
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("rows.jsonl, line 2: ");
        }
        assertThatThrownBy(() -> run(
                        new RenderCommand(),
                        new byte[0],
                        "--model",
                        golden("qwen2").resolve("model").toString(),
                        "--messages",
                        folder.resolve("none").toString()))
                .isInstanceOf(BadInput.class);
    }
}
