package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A conversation over pipes. */
class ChatCommandTest {
    private static final Path GOLDEN = Path.of(System.getProperty("candor.goldens"), "llama3");
    private static final String ADAPTER = GOLDEN.resolve("adapter").toString();

    /** What a conversation says on stdout and stderr. */
    private record Said(int code, List<String> replies, String notes) {}

    private static Said chat(List<String> lines, String... options) {
        InputStream in = System.in;
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream replies = new ByteArrayOutputStream();
        ByteArrayOutputStream notes = new ByteArrayOutputStream();
        List<String> args = new ArrayList<>(List.of("chat", "--threads", "1", "--kv-cache-mib", "64"));
        if (!List.of(options).contains("--model")) {
            args.addAll(List.of("--model", GOLDEN.resolve("model").toString()));
        }
        if (!List.of(options).contains("--max-new-tokens")) {
            args.addAll(List.of("--max-new-tokens", "7"));
        }
        args.addAll(List.of(options));
        try {
            System.setIn(new ByteArrayInputStream(String.join("\n", lines).getBytes(StandardCharsets.UTF_8)));
            System.setOut(new PrintStream(replies, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(notes, true, StandardCharsets.UTF_8));
            int code = Candor.run(System.out, System.err, args.toArray(String[]::new));
            String text = replies.toString(StandardCharsets.UTF_8);
            return new Said(code, List.of(text.split("\n", -1)), notes.toString(StandardCharsets.UTF_8));
        } finally {
            System.setIn(in);
            System.setOut(out);
            System.setErr(err);
        }
    }

    @Test
    void theSameSeedSaysTheSame() {
        String[] drawn = {"--temperature", "1"};
        Said one = chat(List.of("What about a loop?", "Are you sure?"), drawn);
        assertThat(one.code()).isZero();
        assertThat(one.replies()).hasSizeGreaterThanOrEqualTo(3);
        assertThat(chat(List.of("What about a loop?", "Are you sure?"), drawn)).isEqualTo(one);
        assertThat(chat(List.of("What about a loop?", "Are you sure?"), "--temperature", "1", "--seed", "9")
                        .replies())
                .isNotEqualTo(one.replies());
    }

    @Test
    void commandsChangeWhatIsSaid() {
        String question = "What about a loop?";
        List<String> plain = chat(List.of(question), "--temperature", "0").replies();
        assertThat(chat(List.of("/adapter " + ADAPTER, question), "--temperature", "0")
                        .replies())
                .isNotEqualTo(plain);
        assertThat(chat(List.of(question), "--temperature", "0", "--adapter", ADAPTER)
                        .replies())
                .isNotEqualTo(plain);
        assertThat(chat(List.of("/adapter " + ADAPTER, "/adapter", question), "--temperature", "0")
                        .replies())
                .isEqualTo(plain);
        assertThat(chat(List.of("/system Answer briefly.", question), "--temperature", "0")
                        .replies())
                .isNotEqualTo(plain);
        assertThat(chat(List.of("/system x", "/system", "", "  ", question, "/exit", "not said"), "--temperature", "0")
                        .replies())
                .isEqualTo(plain);
        // After a reset the question stands alone again.
        String twice = String.join(
                "\n",
                chat(List.of(question, "/reset", question), "--temperature", "0")
                        .replies());
        String once = String.join("\n", plain);
        assertThat(twice).isEqualTo(once + once);
    }

    @Test
    void whatCannotBeDoneIsSaidAndTheConversationGoesOn() {
        Said said = chat(
                List.of(
                        "/nothing",
                        "/adapter /nowhere",
                        "/adapter " + GOLDEN.resolveSibling("qwen3").resolve("adapter"),
                        "say <|eot_id|>",
                        "a b ".repeat(400),
                        "/help",
                        "What about a loop?"),
                "--temperature",
                "0");
        assertThat(said.code()).isZero();
        assertThat(said.notes().lines().filter(line -> line.startsWith("error: ")))
                .hasSize(5);
        assertThat(said.notes())
                .contains("/nothing: no such command", "/nowhere", "made for this model", "<|eot_id|>")
                .contains("start over with /reset")
                .contains("/system TEXT");
        assertThat(said.replies())
                .isEqualTo(chat(List.of("What about a loop?"), "--temperature", "0")
                        .replies());
    }

    @Test
    void numbersOutOfBoundsAreNamed() {
        Said said = chat(List.of("x"), "--max-new-tokens", "0");
        assertThat(said.code()).isEqualTo(2);
        assertThat(said.notes()).isEqualTo("error: --max-new-tokens 0: give 1 or more\n");
    }

    @Test
    void whatIsNotGivenIsAsTheModelsMakersSay(@TempDir Path folder) throws IOException {
        Path model = folder.resolve("model");
        Files.createDirectory(model);
        try (Stream<Path> files = Files.list(GOLDEN.resolve("model"))) {
            for (Path file : files.toList()) {
                Files.copy(file, model.resolve(file.getFileName()));
            }
        }
        List<String> said = List.of("What about a loop?");
        Said greedy = chat(said);
        assertThat(greedy.notes())
                .contains("(temperature 0 (always the likeliest token), top-p 1, top-k 0, repetition")
                .contains("generation_config.json");
        assertThat(greedy.replies()).isEqualTo(chat(said, "--temperature", "0").replies());
        Files.writeString(model.resolve("generation_config.json"), """
                {"do_sample": true, "temperature": 0.6, "top_p": 0.9, "top_k": 20, "repetition_penalty": 1.1,
                 "max_new_tokens": 5, "eos_token_id": 4}
                """);
        Said drawn = chat(said, "--model", model.toString(), "--top-k", "7");
        assertThat(drawn.notes())
                .contains("(temperature 0.6, top-p 0.9, top-k 7, repetition penalty 1.1, at most 7 new");
        assertThat(drawn.replies())
                .isEqualTo(chat(
                                said,
                                "--temperature",
                                "0.6",
                                "--top-p",
                                "0.9",
                                "--top-k",
                                "7",
                                "--repetition-penalty",
                                "1.1")
                        .replies());
    }
}
