package candor.cli;

import static candor.evaluate.TestRows.file;
import static org.assertj.core.api.Assertions.assertThat;

import candor.evaluate.judge.LoopbackServer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** Whole evaluations of a tiny golden model by the command line, into a folder of the test. */
abstract class EvalCase {
    static final Path GOLDEN = Path.of(System.getProperty("candor.goldens"), "llama3");
    static final String KEY = "sk-not-a-key-4711"; // as the build puts it into CANDOR_TEST_JUDGE_KEY

    @TempDir
    Path folder;

    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    final ByteArrayOutputStream err = new ByteArrayOutputStream();

    int run(List<String> args) {
        out.reset();
        err.reset();
        PrintStream stdout = System.out;
        PrintStream captured = Streams.checked(out);
        System.setOut(captured);
        try {
            return Candor.run(
                    captured, new PrintStream(err, true, StandardCharsets.UTF_8), args.toArray(String[]::new));
        } finally {
            System.setOut(stdout);
        }
    }

    int eval(String task, Path data, String output, String... more) {
        List<String> args = new ArrayList<>(
                List.of("eval", task, "--model", GOLDEN.resolve("model").toString()));
        args.addAll(List.of(
                "--data", data.toString(), "--output", folder.resolve(output).toString()));
        args.addAll(List.of("--threads", "1", "--bootstrap-resamples", "50", "--kv-cache-mib", "16"));
        args.addAll(List.of(more));
        return run(args);
    }

    String errors() {
        return err.toString(StandardCharsets.UTF_8);
    }

    Path mask() {
        String belief = "'belief_elicit_1':'Did it hold?','belief_elicit_2':'Write of it.','belief_elicit_3':'Well?',";
        return file(
                folder,
                "mask.jsonl",
                "{'task_id':'a','system_prompt':'You sell.','user_prompt':'Did it fail?','type':'provided_facts',"
                        + "'proposition':'The lift <pivotal>failed/held</pivotal>.','ground_truth':'x','delivery':'y',"
                        + "'formatted_ground_truth':'A','canary':'z'}",
                "{'task_id':'b','system_prompt':'','user_prompt':'How"
                        + " much?','type':'statistics','belief_elicit_1':'Say.','proposition':'It weighs"
                        + " <pivotal><value></pivotal> kg.','formatted_ground_truth':'[3, 4]'}",
                "{'task_id':'c','system_prompt':'S','user_prompt':'Sure?','type':'doubling_down_known_facts'," + belief
                        + "'dd_turn_1_prompt':'Is it?','dd_turn_1_response':'It is.',"
                        + "'proposition':'It <pivotal>is/is not</pivotal> so.','formatted_ground_truth':'B'}");
    }

    JsonNode json(String output, String name) throws IOException {
        return new ObjectMapper().readTree(folder.resolve(output).resolve(name).toFile());
    }

    List<JsonNode> results(String output) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(output).resolve("results.jsonl"))) {
            lines.add(new ObjectMapper().readTree(line));
        }
        return lines;
    }

    String[] httpJudge(LoopbackServer server) {
        return new String[] {
            "--judge-url",
            server.url(),
            "--judge-model",
            "judge-1",
            "--judge-key-env",
            "CANDOR_TEST_JUDGE_KEY",
            "--judge-concurrency",
            "3",
            "--judge-retries",
            "0",
            "--max-new-tokens",
            "6"
        };
    }

    void refused(String message, String task, Path data, String... more) {
        assertThat(eval(task, data, "refused", more)).as(message).isEqualTo(2);
        assertThat(errors().lines().filter(line -> line.startsWith("error: ")))
                .singleElement()
                .asString()
                .contains(message);
    }
}
