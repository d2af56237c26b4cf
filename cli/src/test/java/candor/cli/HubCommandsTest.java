package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candor.hub.HubServer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Names on the Hub, from the command line: in processes of their own, since the Hub is where the environment says. */
@Timeout(300)
class HubCommandsTest {
    private static final String SECRET = "hf_thisIsNotShown";
    private static final Path GOLDEN = Path.of(System.getProperty("candor.goldens"), "llama3");
    private static final int PIECE = 20_000;

    @TempDir
    private Path folder;

    private HubServer server;
    private final byte[] big = new byte[2_000_000];

    @BeforeEach
    void serve() throws IOException {
        new Random(1).nextBytes(big);
        server = new HubServer();
        HubServer.Repository tiny = server.model("org/tiny");
        for (String file :
                List.of("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json")) {
            tiny.small(file, Files.readAllBytes(GOLDEN.resolve("model").resolve(file)));
        }
        tiny.large("model.safetensors", Files.readAllBytes(GOLDEN.resolve("model/model.safetensors")));
        server.model("org/old").small("config.json", "{}").large("pytorch_model.bin", new byte[3]);
        server.dataset("databricks/databricks-dolly-15k").small("README.md", "").small("data/rows.parquet", "{}");
        server.model("org/big").small("config.json", "{}").large("model.safetensors", big);
        server.dataset("org/chats")
                .small("data/train.jsonl", "{\"prompt\": \"Does it hold?\", \"completion\": \" It does.\"}\n".repeat(4))
                .small("data/test.jsonl", "{\"prompt\": \"Will it?\", \"completion\": \" It will.\"}\n");
        server.dataset("openai/gsm8k")
                .small("main/train-00000-of-00001.jsonl", "{}")
                .small("main/test-00000-of-00001.jsonl", "{\"question\": \"1 + 1?\", \"answer\": \"#### 2\"}\n")
                .small("socratic/test-00000-of-00001.jsonl", "{}");
    }

    @AfterEach
    void end() throws IOException {
        server.close();
    }

    /** What one command line ended with. */
    private record Said(String text) {
        Said done() {
            assertThat(text).endsWith("ended with 0.\n");
            return this;
        }

        Said refused(String... parts) {
            assertThat(text).endsWith("ended with 2.\n").contains(parts);
            assertThat(text.lines().filter(line -> line.startsWith("error: "))).hasSize(1);
            assertThat(text).doesNotContain("\tat candor.");
            return this;
        }
    }

    private ProcessBuilder process(List<String> command) {
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().put("HF_ENDPOINT", server.url());
        builder.environment().put("HF_HOME", folder.resolve("hf").toString());
        builder.environment().put("HF_HUB_OFFLINE", "0");
        builder.environment().put("HF_TOKEN", SECRET);
        return builder;
    }

    /** Runs command lines one after another in one process; words are parted by blanks. */
    private List<Said> run(String... lines) throws IOException, InterruptedException {
        Path file = Files.write(
                folder.resolve("lines"),
                Stream.of(lines).map(line -> line.replace(' ', '\t')).toList());
        Process process = process(Pty.java(Commands.class, file.toString())).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        assertThat(text).doesNotContain(SECRET);
        List<Said> said = new ArrayList<>();
        for (String part : text.split("(?<=ended with \\d{1,3}\\.\\n)")) {
            said.add(new Said(part));
        }
        assertThat(said).as(text).hasSameSizeAs(lines);
        return said;
    }

    private Path snapshot(String repository) {
        return folder.resolve("hf/hub").resolve(repository).resolve("snapshots").resolve(HubServer.COMMIT);
    }

    @Test
    void whatIsNamedIsDownloadedAndUsed() throws Exception {
        Files.writeString(
                folder.resolve("sft.yaml"), "model: org/tiny\ndata: [org/chats]\nmax_steps: 1\nlora_rank: 2\n");
        Files.writeString(folder.resolve("prompts.jsonl"), "{\"prompt\": \"Does it hold?\"}\n");
        List<Said> said = run(
                "train sft --config sft.yaml --output one --threads 1",
                "train sft --model org/tiny --data org/chats/data/train.jsonl --eval-data org/chats --max-steps 1"
                        + " --lora-rank 2 --output two --threads 1",
                "eval gsm8k --model org/tiny --data openai/gsm8k/main --output scores --max-new-tokens 4 --num-fewshot"
                        + " 0 --threads 1 --inspect-log logs",
                "eval gsm8k --model org/tiny --data openai/gsm8k --output other",
                "upload two --repo org/adapter --license mit --yes",
                "generate --model org/tiny --adapter org/adapter base --prompts prompts.jsonl --output replies.jsonl"
                        + " --max-new-tokens 2 --threads 1",
                "study direct --preset llama-3.1-8b-instruct --model org/nope --output s --dry-run",
                "chat --model runs/none");
        said.getFirst().done();
        assertThat(said.getFirst().text())
                .contains("org/tiny: 5 files", "org/tiny: model of the Hub at commit 0123456789ab, downloaded");
        said.get(1).done();
        assertThat(said.get(1).text()).contains("org/tiny: model of the Hub at commit 0123456789ab, from the cache");
        said.get(2).done();
        said.get(3).refused("has several files; give one of openai/gsm8k/main/test-00000-of-00001.jsonl");
        said.get(4).done();
        said.get(5).done();
        said.get(6).refused("org/nope: there is no such model", "there is no folder org/nope here, either");
        said.get(7).refused("runs/none: there is no such model");

        JsonNode run =
                new ObjectMapper().readTree(folder.resolve("two/run.json").toFile());
        assertThat(run.path("repositories").path("model").path("repository").asText())
                .isEqualTo("org/tiny");
        assertThat(run.path("repositories").path("model").path("commit").asText())
                .isEqualTo(HubServer.COMMIT);
        assertThat(run.path("repositories").path("data/0").path("repository").asText())
                .isEqualTo("org/chats");
        assertThat(run.path("inputs").path("model/model.safetensors").asText()).hasSize(64);
        JsonNode adapter = new ObjectMapper()
                .readTree(folder.resolve("two/adapter/adapter_config.json").toFile());
        assertThat(adapter.path("base_model_name_or_path").asText()).isEqualTo("org/tiny");
        assertThat(adapter.path("revision").asText()).isEqualTo(HubServer.COMMIT);
        assertThat(folder.resolve("two/adapter/README.md")).content().startsWith("---\nbase_model: org/tiny\n");
        assertThat(folder.resolve("replies.jsonl")).content().contains("\"adapter\":\"org/adapter@0123456789ab\"");
        JsonNode scores =
                new ObjectMapper().readTree(folder.resolve("scores/run.json").toFile());
        assertThat(scores.path("repository").asText()).isEqualTo("org/tiny");
        try (Stream<Path> logs = Files.list(folder.resolve("logs"))) {
            JsonNode eval = new ObjectMapper()
                    .readTree(logs.findFirst().orElseThrow().toFile())
                    .path("eval");
            assertThat(eval.path("model").asText()).isEqualTo("candor/org/tiny");
            assertThat(eval.path("metadata").path("commit").asText()).isEqualTo(HubServer.COMMIT);
        }
        // The same adapter, whether a file or options named its model.
        assertThat(folder.resolve("one/adapter/adapter_model.safetensors"))
                .hasSameBinaryContentAs(folder.resolve("two/adapter/adapter_model.safetensors"));
        for (String record : List.of("one/run.json", "two/run.json", "scores/run.json", "replies.jsonl.run.json")) {
            assertThat(folder.resolve(record)).content().doesNotContain(SECRET);
        }
    }

    @Test
    void downloadSaysWhatComesAndWhatIsWrong() throws Exception {
        List<Said> said = run(
                "download org/tiny --dry-run",
                "download org/tiny",
                "download --dataset org/chats --include data/train*",
                "download --preset gsm8k",
                "download --preset gsm",
                "download",
                "download tiny",
                "download org/chats",
                "download org/tiny/config.json",
                "download org/tiny@main --revision main",
                "download org/tiny --revision nowhere",
                "download --preset gsm8k org/tiny",
                "download org/tiny --max-workers 0",
                "download org/tiny --include *.bin",
                "download org/old",
                "download --preset dolly");
        said.getFirst().done();
        assertThat(said.getFirst().text())
                .contains("609,640  model.safetensors")
                .contains("5 of 5 files");
        said.get(1).done();
        assertThat(said.get(1).text()).contains(snapshot("models--org--tiny") + "\n");
        said.get(2).done();
        assertThat(snapshot("datasets--org--chats").resolve("data/train.jsonl")).isRegularFile();
        assertThat(snapshot("datasets--org--chats").resolve("data/test.jsonl")).doesNotExist();
        said.get(3).done();
        assertThat(said.get(3).text())
                .contains("openai/gsm8k, MIT")
                .contains("next: ./candor eval gsm8k --data openai/gsm8k/main/test-00000-of-00001.jsonl --output"
                        + " eval/gsm8k");
        assertThat(snapshot("datasets--openai--gsm8k").resolve("socratic")).doesNotExist();
        said.get(4).refused("there is no such preset; did you mean gsm8k?", "alpaca-cleaned");
        said.get(5).refused("name a repository");
        said.get(6).refused("tiny: is not a name on the Hub");
        said.get(7).refused("is a data set", "--dataset");
        said.get(8).refused("--include 'config.json'");
        said.get(9).refused("names a revision, too");
        said.get(10).refused("has no revision nowhere");
        said.get(11).refused("--preset names its repository");
        said.get(12).refused("--max-workers 0");
        said.get(13).refused("has no file *.bin");
        said.get(14).refused("has its weights as pickles alone (pytorch_model.bin)");
        assertThat(snapshot("models--org--old")).doesNotExist();
        said.get(15).refused("has none of the files that --preset dolly knows");
        assertThat(snapshot("datasets--databricks--databricks-dolly-15k")).doesNotExist();
    }

    @Test
    void uploadAsksFirst() throws Exception {
        Files.createDirectory(folder.resolve("adapter"));
        Files.write(folder.resolve("adapter/adapter_model.safetensors"), new byte[100]);
        Files.writeString(folder.resolve("adapter/adapter_config.json"), "{\"base_model_name_or_path\": \"org/base\"}");
        List<Said> said = run(
                "upload adapter --repo org/new --dry-run --license mit",
                "upload adapter --repo new",
                "upload adapter --repo hf://datasets/org/new",
                "upload nowhere --repo org/new");
        said.getFirst().done();
        assertThat(said.getFirst().text()).contains("100  adapter_model.safetensors", "README.md", "3 files");
        said.get(1).refused("new: is not a name on the Hub");
        said.get(2).refused("must be the name of a repository of models");
        said.get(3).refused("nowhere: no such folder");
        assertThat(server.received()).isEmpty();

        Process piped = process(Pty.java(Candor.class, "upload", "adapter", "--repo", "org/new"))
                .redirectInput(ProcessBuilder.Redirect.PIPE)
                .start();
        piped.getOutputStream().close();
        assertThat(new String(piped.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .contains("there is no terminal to ask");
        assertThat(piped.waitFor()).isEqualTo(2);
    }

    /** Sends large files in small pieces. */
    private void slowly(AtomicInteger transfers) {
        server.faultElsewhere = (request, out) -> {
            transfers.incrementAndGet();
            int from = (int) request.from();
            out.write(("HTTP/1.1 " + (from == 0 ? "200 OK" : "206 Partial Content") + "\r\nContent-Range: bytes " + from
                            + "-" + (big.length - 1) + "/" + big.length + "\r\nContent-Length: " + (big.length - from)
                            + "\r\n\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));
            pieces(out, from);
            return true;
        };
    }

    private void pieces(OutputStream out, int from) throws IOException, InterruptedException {
        for (int at = from; at < big.length; at += PIECE) {
            out.write(big, at, Math.min(PIECE, big.length - at));
            out.flush();
            Thread.sleep(40);
        }
    }

    @Test
    void twoProcessesFetchAFileOnce() throws Exception {
        AtomicInteger transfers = new AtomicInteger();
        slowly(transfers);
        Process one = process(Pty.java(Candor.class, "download", "org/big")).start();
        Process other = process(Pty.java(Candor.class, "download", "org/big")).start();
        String said = new String(one.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                + new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(one.waitFor()).isZero();
        assertThat(other.waitFor()).isZero();
        assertThat(transfers).hasValue(1);
        assertThat(said).contains("another process downloads it; waiting");
        assertThat(snapshot("models--org--big").resolve("model.safetensors")).hasBinaryContent(big);
    }

    @Test
    void ctrlCKeepsWhatCameAndSaysHowToContinue() throws Exception {
        Pty.assumeThere();
        AtomicInteger transfers = new AtomicInteger();
        slowly(transfers);
        String environment =
                "export HF_ENDPOINT='" + server.url() + "' HF_HOME='" + folder.resolve("hf") + "' HF_HUB_OFFLINE=0";
        List<String> command = Pty.java(Candor.class, "download", "org/big");
        try (Pty terminal = Pty.start(folder, 100, environment, "", command)) {
            terminal.await("left").type(Pty.CTRL_C).await("continue with: ./candor download org/big");
            assertThat(terminal.code()).isEqualTo(130);
        }
        Path blobs = folder.resolve("hf/hub/models--org--big/blobs");
        try (Stream<Path> files = Files.list(blobs)) {
            assertThat(files.filter(file -> file.toString().endsWith(".incomplete")))
                    .singleElement()
                    .satisfies(file -> assertThat(Files.size(file)).isBetween(1L, big.length - 1L));
        }
        server.faultElsewhere = (request, out) -> false;
        try (Pty terminal = Pty.start(folder, 100, environment, "", command)) {
            assertThat(terminal.await("are there").code()).isZero();
        }
        assertThat(server.receivedElsewhere().getLast().from()).isPositive();
        assertThat(snapshot("models--org--big").resolve("model.safetensors")).hasBinaryContent(big);
        try (Stream<Path> files = Files.list(blobs)) {
            assertThat(files.map(file -> file.getFileName().toString())).noneMatch(name -> name.contains("incomplete"));
        }
        assertThat(server.receivedElsewhere().size()).isEqualTo(2);
    }

    @Test
    void aDownloadBeforeWorkIsStoppedLikeTheWork() throws Exception {
        slowly(new AtomicInteger());
        Process process = process(
                        Pty.java(Candor.class, "generate", "--model", "org/big", "--prompts", "p", "--output", "o"))
                .start();
        while (server.receivedElsewhere().isEmpty()) {
            Thread.sleep(20);
        }
        process.toHandle().destroy(); // SIGTERM: a SIGINT may be ignored where the tests run in the background
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(said).isEqualTo(143);
        assertThat(said).contains("continue with: ./candor generate --model org/big --prompts p --output o");
    }
}
