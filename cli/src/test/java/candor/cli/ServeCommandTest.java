package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command: what it refuses before it listens, and how it ends. */
@Timeout(120)
class ServeCommandTest {
    @TempDir
    private Path folder;

    private static Cli serve(String... args) {
        return Cli.run(List.of("serve", "--threads", "1", "--kv-cache-mib", "16"), args);
    }

    @Test
    void whatItCannotServeIsRefusedInOneLine() throws Exception {
        serve("--port", "70000").refused("--port 70000", "0 to 65535");
        serve("--batch-size", "0").refused("--batch-size");
        serve("--adapter", "x=" + folder.resolve("none")).refused("none");
        serve("--adapter", "a=x", "a=y").refused("called a already", "NAME=DIR");
        String hub = "models--Org--a-1.0/snapshots/" + "0123abcd".repeat(5);
        serve(
                        "--adapter",
                        folder.resolve(hub).toString(),
                        folder.resolve("b/" + hub).toString())
                .refused("called Org/a-1.0 already");
        serve("--adapter", folder.resolve("runs/severe/adapter").toString(), folder + "/severe")
                .refused("called severe already");
        serve("--adapter", "a b=x").refused("'a b' is not a model's name");
        serve("--served-model-name", "").refused("not a model's name");
        serve("--max-length", "1000000").refused("--max-length", "512");
        serve("--host", "no.such.host.invalid").refused("--host no.such.host.invalid");
        serve("--allow-adapter-loading", folder.resolve("none").toString()).refused("--allow-adapter-loading");
        Path file = Files.writeString(folder.resolve("file"), "x");
        serve("--allow-adapter-loading", file.toString()).refused("expected a folder, found a file");
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            serve("--port", "" + taken.getLocalPort()).refused("cannot listen on 127.0.0.1:", "--port");
        }
    }

    @Test
    void othersAreNotServedWithoutAKey() {
        serve("--host", "0.0.0.0").refused("--host 0.0.0.0", "CANDOR_API_KEY");
    }

    private Process start(String key, String... args) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Xmx512m",
                "-cp",
                System.getProperty("surefire.real.class.path", System.getProperty("java.class.path")),
                Candor.class.getName(),
                "serve",
                "--port",
                "0",
                "--kv-cache-mib",
                "32"));
        command.addAll(List.of(args));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(folder.resolve("log").toFile());
        builder.environment().remove("CANDOR_API_KEY");
        if (key != null) {
            builder.environment().put("CANDOR_API_KEY", key);
        }
        return builder.redirectInput(new File("/dev/null")).start();
    }

    @Test
    void aKeyThatNobodyCanSendIsRefusedAndNotTold() throws Exception {
        for (String key : List.of("two words-4711", "two\nlines-4711")) {
            Process process = start(key);
            try {
                assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
                assertThat(process.exitValue()).isEqualTo(2);
            } finally {
                process.destroyForcibly();
            }
            assertThat(Files.readString(folder.resolve("log")))
                    .contains("error: CANDOR_API_KEY: no request can bring this key")
                    .doesNotContain("4711");
        }
    }

    @Test
    void itEndsWhenItIsAskedToWithEveryAnswer() throws Exception {
        Process process = start("open-sesame-4711", "--host", "0.0.0.0");
        try (BufferedReader out = process.inputReader();
                HttpClient http = HttpClient.newHttpClient()) {
            URI url = URI.create(out.readLine());
            URI local = URI.create("http://127.0.0.1:" + url.getPort() + "/v1/completions");
            HttpRequest.Builder request = HttpRequest.newBuilder(local)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(
                            "{\"prompt\": \"a secret about 4812\", \"max_tokens\": 480, \"ignore_eos\": true}"));
            assertThat(http.send(request.build(), HttpResponse.BodyHandlers.discarding())
                            .statusCode())
                    .isEqualTo(401);
            request.header("Authorization", "Bearer open-sesame-4711");
            CompletableFuture<HttpResponse<String>> answer =
                    http.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
            HttpRequest metrics = HttpRequest.newBuilder(local.resolve("/metrics"))
                    .header("Authorization", "Bearer open-sesame-4711")
                    .build();
            while (!http.send(metrics, HttpResponse.BodyHandlers.ofString())
                    .body()
                    .contains("candor_requests_running 1")) {
                Thread.sleep(5);
            }
            process.toHandle().destroy(); // SIGTERM
            assertThat(answer.get().statusCode()).isEqualTo(200);
            assertThat(answer.get().body()).contains("\"completion_tokens\":480");
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(128 + 15);
        } finally {
            process.destroyForcibly();
        }
        String log = Files.readString(folder.resolve("log"));
        assertThat(log)
                .contains(
                        "serving tiny-world on http://",
                        "for those with the key",
                        "/v1/completions 401",
                        "/v1/completions 200")
                .contains("stopped; ")
                .doesNotContain("open-sesame", "secret", "4812", "Exception");
    }
}
