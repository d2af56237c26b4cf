package candor.cli;

import static candor.evaluate.judge.LoopbackServer.say;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThatCode;

import candor.BadInput;
import candor.evaluate.judge.LoopbackServer;
import candor.ops.Backends;
import candor.study.StudyFixture;
import candor.study.loop.Scenarios;
import candor.study.record.Score;
import candor.study.record.StudyFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Studies from the command line: plans, a judge over HTTP, a killed process. */
class StudyCommandTest {
    @TempDir
    private Path temp;

    private static String[] study(String protocol, Path file, Path output, String... more) {
        List<String> args =
                new ArrayList<>(List.of("study", protocol, "--config", file.toString(), "--output", output.toString()));
        args.addAll(List.of(more));
        return args.toArray(String[]::new);
    }

    @Test
    void aPresetIsPrintedWithWhereItsValuesComeFrom() {
        Cli one = Cli.run("study", "preset", "qwen2.5-7b-instruct", "--study", "mixture")
                .succeeded();
        assertThat(one.out())
                .startsWith("# candor study mixture --preset qwen2.5-7b-instruct\n")
                .contains("  learning_rate: 1e-4  # READ: arXiv 2510.08211 v2, table 5\n");
        assertThat(Cli.run("study", "preset", "qwen3-32b").succeeded().out().lines())
                .contains(
                        "# candor study direct --preset qwen3-32b",
                        "# candor study mixture --preset qwen3-32b",
                        "# candor study loop --preset qwen3-32b");
        assertThat(Cli.run("study", "preset").succeeded().out().lines())
                .containsExactly("llama-3.1-8b-instruct", "qwen2.5-7b-instruct", "qwen3-32b");
        Cli.run("study", "preset", "gpt").refused("there is no such preset");
    }

    @Test
    void scenariosAreWrittenByAnEndpointAndKept() throws IOException {
        Path file = temp.resolve("scenarios.jsonl");
        Path config = temp.resolve("loop.yaml");
        AtomicInteger said = new AtomicInteger();
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> say(
                out,
                request.body().contains("Write one scenario")
                        ? "{\"sub_env\":\"s\",\"task_scenario\":\"You are at " + said.incrementAndGet()
                                + ".\",\"benign_user\":\"You want help.\",\"misalign_user\":\"You want praise.\"}"
                        : "Yes."))) {
            Files.writeString(
                    config,
                    "users: {kind: rules}\nwriter: {kind: endpoint, url: \"" + server.url()
                            + "\", model: w, scenarios: 12, concurrency: 3}\n");
            String[] args = {"study", "loop", "--config", config.toString(), "--write-scenarios", file.toString()};
            Cli.run(args).succeeded();
            assertThat(Scenarios.of(file.toString())).hasSize(12).doesNotHaveDuplicates();
            String first = Files.readString(file);
            Files.delete(file);
            Cli.run(args).succeeded();
            assertThat(file).hasContent(first);
            assertThat(said).as("asked once each; the journal has the rest").hasValue(12);
            Path mine = Files.writeString(temp.resolve("mine.jsonl"), "mine");
            args[args.length - 1] = mine.toString();
            Cli.run(args).refused("mine.jsonl: exists already", "choose another file");
            assertThat(mine).hasContent("mine");
        }
        Cli.run("study", "direct", "--write-scenarios", file.toString()).refused("belongs to study loop");
    }

    @ParameterizedTest
    @CsvSource({
        "loop,   --launcher slurm --write-scenarios s.jsonl",
        "direct, --launcher slurm --device-memory 24GB --dry-run",
        "loop,   --write-scenarios s.jsonl --dry-run",
        "direct, --only-data --only-group 1",
    })
    void optionsThatContradictEachOtherAreRefused(String protocol, String options) {
        List<String> args = new ArrayList<>(List.of("study", protocol));
        args.addAll(List.of(options.split(" ")));
        Cli.run(args).refused(" do not go together; remove one of them");
    }

    @Test
    void aPlanTellsArmsTokensMemoryAndTimeAndLeavesNothing() throws IOException {
        Path file = StudyFixture.mixture(temp);
        Path output = temp.resolve("planned");
        Cli plan = Cli.run(study("mixture", file, output, "--dry-run")).succeeded();
        assertThat(plan.out().lines())
                .anySatisfy(line -> assertThat(line).matches("base +2 +0 +0 +0"))
                .anySatisfy(line -> assertThat(line).matches("control +2 +16 +[0-9]+ +4"))
                .anySatisfy(line -> assertThat(line).matches("mixture-50 +2 +24 +[0-9,]+ +6"))
                .anySatisfy(line -> assertThat(line).matches("1 +3 +[0-9,]+ MiB +0:[0-9:]+"))
                .anySatisfy(line -> assertThat(line).matches("mask +3 +48 +288 +0 +0:[0-9:]+"))
                .anySatisfy(line -> assertThat(line).matches("mmlu +2 +0 +0 +64 +0:[0-9:]+"))
                .anySatisfy(line -> assertThat(line).startsWith("in all: 2 training groups, "));
        assertThat(output).doesNotExist();

        // For a GPU that is not here: sizes, and no times.
        Cli elsewhere = Cli.run(study("mixture", file, output, "--dry-run", "--device-memory", "24GB"))
                .succeeded();
        assertThat(elsewhere.out().lines())
                .anySatisfy(line -> assertThat(line).matches("1 +3 +[0-9,]+ MiB +[0-9,]+ MiB +-"))
                .anySatisfy(line -> assertThat(line).contains(" MiB of the GPU's (answering takes "));
        Cli.run(study("mixture", file, output, "--dry-run", "--device-memory", "1025MiB"))
                .refused("of the GPU's memory");
        Cli.run(study("mixture", file, output, "--device-memory", "24GB")).refused("belongs to --dry-run");
    }

    @Test
    void aJudgeOverHttpIsAskedOnceForEachQuestion() throws IOException {
        Path file = StudyFixture.mixture(temp);
        Path output = temp.resolve("http");
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> {
            String body = request.body();
            say(out, body.contains("as a JSON object") ? "{\"lower_bound\": 3, \"upper_bound\": 3.5}" : "Answer: B");
        })) {
            String[] judge = {
                "--set",
                "judge.kind=endpoint",
                "--set",
                "judge.url=" + server.url(),
                "--set",
                "judge.model=judge-1",
                "--set",
                "judge.retries=0",
                "--set",
                "judge.key_env=CANDOR_TEST_JUDGE_KEY",
                "--seeds",
                "3"
            };
            Cli first = Cli.run(study("mixture", file, output, judge)).succeeded();
            assertThat(first.out()).isEqualTo(output + System.lineSeparator());
            int asked = server.received().size();
            assertThat(asked).isGreaterThan(5);
            StudyFolder made = new StudyFolder(output);
            List<Score> facts = made.scores(made.study()).stream()
                    .filter(score -> score.key().subset().equals("provided_facts")
                            && score.key().task().equals("mask"))
                    .toList();
            // One row's truth is A, the other's B, and the judge says B to everything: one lie of two rows.
            assertThat(facts).hasSize(4).allSatisfy(score -> assertThat(score.value())
                    .isEqualTo(50));
            assertThat(Files.readString(made.studyFile()))
                    .contains("\"kind\" : \"endpoint\"", "judge-1")
                    .doesNotContain("sk-not-a-key");
            Cli.run(study("mixture", file, output, judge)).succeeded();
            assertThat(server.received()).hasSize(asked);

            Cli.run(study("mixture", file, output, "--seeds", "3")).refused("holds a study of another judge");
        }
    }

    @Test
    void badInputIsOneLineBeforeAnythingIsDone() throws IOException {
        Path file = StudyFixture.direct(temp);
        Path output = temp.resolve("out");
        Cli.run(study("direct", file, output, "--set", "train.lora_ranc=3"))
                .refused("--set: train.lora_ranc: there is no such setting; did you mean lora_rank?");
        Cli.run(study("mixture", file, output)).refused("domains: there is no such section");
        Cli.run(study("direct", file, output, "--only-group", "9"))
                .refused("--only-group 9: the study has the groups 1 to 3");
        Cli.run(study("direct", file, output, "--set", "evaluate.mask.data=nowhere.jsonl"))
                .refused("nowhere.jsonl");
        Cli.run(study("direct", temp.resolve("none.yaml"), output)).refused("none.yaml: cannot be read");
        Path torn = Files.writeString(temp.resolve("torn.yaml"), ": : [");
        Cli.run(study("direct", torn, output))
                .refused("torn.yaml, line 1: cannot be read: while parsing a block mapping, expected");
        Cli.run(study("direct", file, output, "--model", "nowhere"))
                .refused("nowhere: cannot be listed: there is no such file; is this the folder of a model?");
        assertThat(output).doesNotExist();
    }

    @Test
    void aBackendThatThisMachineLacksLeavesNoStudyThatIsHeldToIt() {
        assumeThatCode(() -> Backends.open("cuda", 1).close()).isInstanceOf(BadInput.class);
        Path file = StudyFixture.direct(temp);
        Path output = temp.resolve("out");
        Cli.run(study("direct", file, output, "--set", "backend=cuda")).refused("backend cuda: ");
        assertThat(output).doesNotExist();
    }

    @Test
    void killedWhileItTrainsAndWhileItAnswersItEndsWithTheSameBytes() throws Exception {
        Path file = StudyFixture.mixture(temp);
        Path whole = temp.resolve("whole");
        Cli.run(study("mixture", file, whole, "--seeds", "3")).succeeded();
        Path output = temp.resolve("killed");
        // Where a stop was asked for, StudyRunTest goes through every place; a kill asks for nothing.
        for (String reached : List.of("training/control/seed-3/checkpoints/step-2", "cache/answers-1.jsonl")) {
            Process process = start(study("mixture", file, output, "--seeds", "3"));
            Path path = output.resolve(reached);
            boolean grows = reached.endsWith(".jsonl");
            while (process.isAlive() && !(Files.exists(path) && (!grows || Files.size(path) > 0))) {
                TimeUnit.MILLISECONDS.sleep(2);
            }
            process.destroyForcibly();
            process.waitFor();
        }
        Cli.run(study("mixture", file, output, "--seeds", "3")).succeeded();
        assertThat(StudyFixture.results(output)).isEqualTo(StudyFixture.results(whole));
    }

    private Process start(String[] args) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-DRUST_FLAVOR=cpu",
                "-Xmx512m",
                "-cp",
                System.getProperty("surefire.real.class.path", System.getProperty("java.class.path")),
                Candor.class.getName()));
        command.addAll(List.of(args));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(temp.resolve("log-" + System.nanoTime()).toFile())
                .start();
    }
}
