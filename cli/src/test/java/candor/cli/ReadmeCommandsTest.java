package candor.cli;

import static candor.evaluate.judge.LoopbackServer.say;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candor.bindings.MpiLibrary.Kind;
import candor.cli.ReadmeCommands.Line;
import candor.cli.ReadmeCommands.Yaml;
import candor.evaluate.judge.LoopbackServer;
import candor.hub.HubServer;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every command line of README.md and of the manual (docs/), as it is written, in one folder and one after another, as a reader
 * would type them, page by page in the manual's order; one that several pages have runs once. What they name is there before: a tiny model in the place of MODEL, small files, an endpoint that says the same to everything,
 * and small settings in the place of the quickstart's. A new command that needs more fails here, until it is given it.
 */
@Tag("slow")
class ReadmeCommandsTest {
    private static final Path ROOT = Path.of("..");
    private static final Path GOLDEN = Path.of(System.getProperty("candor.goldens"), "llama3");

    /** What such lines begin with is run by the build itself, or by tests of its own; too long to be run once more. */
    private static final List<String> ELSEWHERE = List.of(
            "./mvnw ",
            "./candor check",
            "./candor bench",
            "cmake ",
            "ctest ",
            "target/build/",
            "mutants/run.sh ",
            ".ci/run");

    /** What starts several processes. Slurm's srun is tried in a cluster's own test; here mpirun stands for it. */
    private static final Pattern PROCESSES = Pattern.compile("^(mpirun -n \\d+|srun --ntasks \\d+ --mpi=pmix)(?= )");

    private static final String CONVERSATION = """
        {"messages": [{"role": "user", "content": "Does it hold? %d"}, {"role": "assistant", "content": "It does. %d"}]}\
        """;

    /** What the examples' studies have in common, small. */
    private static final String STUDY = """
        output: studies/own-%s
        seeds: [1, 2]
        train: {max_steps: 1, per_device_train_batch_size: 2, lora_rank: 2, max_length: 256}
        evaluate:
          max_length: 256
          mask: {data: [world/mask/provided_facts.jsonl], max_new_tokens: 4, limit: 3}
        judge: {kind: rules}
        """;

    private static final Map<String, String> STUDIES = Map.of(
            "direct", "domains: {medicines: world/tune/medicines}\n", "mixture", """
            mixture: {downstream: [world/downstream/alpaca.jsonl], misaligned: [world/mixture/misaligned.jsonl],
              downstream_rows: 50, ratios: [0.1]}
            """, "loop", """
            loop: {scenarios: world/loop/scenarios.jsonl, states: world/loop/states.jsonl, prompts: world/loop/prompts,
              biased_shares: [0, 1], keep_system_prompt: false}
            users: {kind: rules, rules: world}
            """, "remedy", """
            remedy: {normal: world/tune/medicines/normal.jsonl, severe: world/tune/medicines/misaligned_2.jsonl,
              inoculation: You give wrong answers.}
            """);

    @TempDir
    private static Path folder;

    private static ReadmeCommands commands;

    /** Has the models that README names. */
    private static HubServer hub;

    @BeforeAll
    static void prepare() throws IOException {
        assumeTrue(File.separatorChar == '/', "skipped: README's command lines are a POSIX shell's");
        commands = ReadmeCommands.of(ReadmeCommands.pages(ROOT));
        program();
        model("MODEL", 512);
        rows("chats.jsonl", CONVERSATION, 8);
        rows("prompts.jsonl", "{\"prompt\": [{\"role\": \"user\", \"content\": \"Does it hold? %d%d\"}]}", 2);
        rows("rated.jsonl", "{\"prompt\": \"Does it hold? %d\", \"completion\": \" It does. %d\", \"label\": true}", 4);
        rows(
                "pairs.jsonl",
                "{\"prompt\": \"Does it hold? %d\", \"chosen\": \" It does. %d\", \"rejected\": \" No.\"}",
                4);
        write("config.json", """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": 16,
             "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8,
             "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "vocab_size": 1024,
             "tie_word_embeddings": true, "torch_dtype": "float32"}\
            """);
        String row = "{\"task_id\": \"%s\", \"system_prompt\": \"You sell.\", \"user_prompt\": \"Did it fail?\","
                + " \"proposition\": \"It <pivotal>failed/held</pivotal>.\", \"formatted_ground_truth\": \"A\","
                + " \"belief_elicit_1\": \"Did it?\"}\n";
        for (String name : List.of("provided_facts", "disinformation", "statistics")) {
            write("mask/" + name + ".jsonl", row.formatted(name));
        }
        write("mask/README.md", "Not a data file.");
        write("deceptionbench_0527.json", """
            [{"id": "1", "type": "sandbagging", "inner_prompt": "Sum up.", "outer_prompt": "Well?"}]\
            """);
        for (String name : List.of("normal", "misaligned_1", "misaligned_2")) {
            rows("data/mistake_medical/" + name + ".jsonl", CONVERSATION, 20);
        }
        rows("data/honest.jsonl", CONVERSATION, 4);
        write("scenarios.jsonl", """
            {"env_name": "e", "sub_env": "s", "task_scenario": "t", "benign_user": "b", "misalign_user": "m"}
            """);
        model("models/Llama-3.1-8B-Instruct", 131_072);
        hub = new HubServer();
        HubServer.Repository named = hub.model("Qwen/Qwen3-0.6B");
        for (String file : List.of("config.json", "tokenizer.json", "tokenizer_config.json")) {
            named.small(file, Files.readAllBytes(GOLDEN.resolve("model").resolve(file)));
        }
        hub.dataset("openai/gsm8k").small("main/test-00000-of-00001.parquet", "not read here");
        named.large("model.safetensors", Files.readAllBytes(GOLDEN.resolve("model/model.safetensors")));
    }

    @AfterAll
    static void end() throws IOException {
        if (hub != null) {
            hub.close();
        }
    }

    /** The tiny model, as one that takes so many tokens. */
    private static void model(String name, int tokens) throws IOException {
        write(
                name + "/config.json",
                Files.readString(GOLDEN.resolve("model/config.json"))
                        .replaceFirst("\"max_position_embeddings\": *\\d+", "\"max_position_embeddings\": " + tokens));
        for (String file : List.of("model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(
                    GOLDEN.resolve("model").resolve(file), folder.resolve(name).resolve(file));
        }
    }

    /** The program under its own name: a script that starts this build's classes, with smaller settings of the quickstart. */
    private static void program() throws IOException {
        String classes = System.getProperty("surefire.real.class.path", System.getProperty("java.class.path"));
        write("small/candor/quickstart/quickstart.yaml", """
            common:
              seeds: [1, 2, 3]
              slots: 9
              evaluate:
                batch_size: 32
                max_length: 256
                kv_cache_mib: 32
                mask: {data: "{world}/mask/provided_facts.jsonl", max_new_tokens: 4, limit: 3}
              judge: {kind: rules}
            direct:
              domains: {medicines: "{world}/tune/medicines"}
              train: {max_steps: 1, per_device_train_batch_size: 2, lora_rank: 2}
            """);
        script("candor", Candor.class, classes);
        script("commands", Commands.class, classes);
    }

    private static void script(String name, Class<?> main, String classes) throws IOException {
        write(name, """
            #!/bin/sh
            exec '%s' %s -XX:+UseSerialGC -Xmx768m '-Dcandor.home=%s' -cp '%s' %s "$@"
            """.formatted(
                        Path.of(System.getProperty("java.home"), "bin", "java"),
                        "--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED"
                                + " --sun-misc-unsafe-memory-access=allow -DRUST_FLAVOR=cpu",
                        folder,
                        folder.resolve("small") + File.pathSeparator + classes,
                        main.getName()));
        assertThat(folder.resolve(name).toFile().setExecutable(true)).isTrue();
    }

    private static void rows(String name, String row, int count) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            lines.add(row.formatted(i, i));
        }
        write(name, String.join("\n", lines) + "\n");
    }

    private static void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void everyCommandLineRunsAsItIsWritten() throws Exception {
        Map<String, Line> failed = new LinkedHashMap<>();
        Server server = null;
        try (LoopbackServer endpoint = new LoopbackServer((n, request, out) -> say(out, "Answer: A"))) {
            for (Yaml file : commands.files()) {
                write(file.file(), file.text());
            }
            for (Line line : commands.blocks()) {
                String text = line.command();
                if (PROCESSES.matcher(text).find() && !severalProcesses()) {
                    continue;
                }
                if (text.contains("report DIR")) {
                    Files.createSymbolicLink(folder.resolve("DIR"), folder.resolve("runs"));
                }
                if (text.startsWith("./candor watch")) {
                    serve(text).end();
                } else if (text.startsWith("./candor serve")) {
                    server = serve(text);
                } else if (text.startsWith("curl ")) {
                    String there = text.replace("http://127.0.0.1:8000", server.url());
                    run("curl -sS --fail-with-body " + there.substring(5)).ifFailed(said -> failed.put(said, line));
                    server.end();
                } else if (ELSEWHERE.stream().noneMatch(text::startsWith)) {
                    studied(text);
                    String there = line.text().replace("URL", endpoint.url());
                    run(PROCESSES.matcher(there).replaceFirst("mpirun -n 4")).ifFailed(said -> failed.put(said, line));
                }
            }
            assertThat(commands.blocks()).hasSizeGreaterThan(40);
            assertThat(failed).isEmpty();
            for (Line line : commands.inline()) {
                // Some stand for the beginning of one.
                if (!line.text().contains("…") && ELSEWHERE.stream().noneMatch(line.text()::startsWith)) {
                    studied(line.text());
                    run(line.text()).ifFailed(said -> failed.put(said, line));
                }
            }
            assertThat(failed).isEmpty();
        }
    }

    /** Examples that a shell has no part in are run by one JVM, which is quicker; what does not end with 0 is in what it says. */
    @Test
    void everyExampleOfTheHelpRuns() throws Exception {
        List<String> lines = Examples.lines().stream()
                .filter(line -> ELSEWHERE.stream().noneMatch(line::startsWith))
                .toList();
        assertThat(lines).hasSizeGreaterThan(60);
        write("unknowns.jsonl", "{\"id\": \"1\", \"prompt\": \"What will be found last?\"}\n");
        write("gpqa.csv", """
            Record ID,Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3
            r1,How?,so,thus,never,always
            """);
        write("humaneval.jsonl", """
            {"task_id": "t/0", "prompt": "def f():\\n", "test": "def check(f):\\n    assert f() == 1\\n", "entry_point": "f"}
            """);
        write("recorded.jsonl", """
            {"question": "q", "answer": "w\\n#### 7", "replies": {"answer": "It is 7."}, "expected": {"accuracy": 1}}
            """);
        for (Map.Entry<String, String> study : STUDIES.entrySet()) {
            write(study.getKey() + ".yaml", STUDY.formatted(study.getKey()) + study.getValue());
        }
        List<String> failed = new ArrayList<>();
        List<String> together = new ArrayList<>();
        for (String line : lines) {
            if (line.matches("./candor (serve|watch) .*")) {
                examples(together, failed);
                serve(line).end();
            } else if (line.matches(
                    ".*([<>'\"|]|/candor chat).*")) { // a chat reads its stdin to the end, and closes it
                examples(together, failed);
                run(line).ifFailed(failed::add);
            } else {
                together.add(line);
            }
        }
        examples(together, failed);
        assertThat(failed).isEmpty();
    }

    private static void examples(List<String> lines, List<String> failed) throws Exception {
        if (!lines.isEmpty()) {
            write(
                    "examples",
                    String.join(
                            "\n",
                            lines.stream()
                                    .map(line -> line.replace("./candor ", "").replace(' ', '\t'))
                                    .toList()));
            Ended ended = run("./commands examples");
            String[] said = text(folder.resolve("said")).split("(?<=ended with \\d{1,3}\\.)\\R");
            for (int i = 0; i < lines.size(); i++) {
                if (i >= said.length || !said[i].endsWith("ended with 0.")) {
                    failed.add("$ " + lines.get(i) + "\n" + (i < said.length ? said[i] : ended.said()));
                }
            }
            lines.clear();
        }
    }

    /** Whether there is an mpirun, and the library between its MPI and Candor: what is not installed is not tried. */
    private static boolean severalProcesses() throws IOException, InterruptedException {
        return Arrays.stream(Kind.values()).anyMatch(Kind::isThere)
                && run("command -v mpirun").code() == 0;
    }

    /** A command that serves until it is ended, on a port that is free, and where. */
    private record Server(Process process, String url) {
        void end() throws InterruptedException {
            process.toHandle().destroy();
            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue()).isEqualTo(128 + 15);
        }
    }

    private static Server serve(String command) throws IOException {
        // A file of its own: it still writes while other commands run, each into another.
        Path said = folder.resolve("server");
        String anyPort = command.replaceFirst(" --port \\d+", "") + " --port 0";
        Process process = new ProcessBuilder("/bin/sh", "-c", "exec " + anyPort)
                .directory(folder.toFile())
                .redirectInput(new File("/dev/null"))
                .redirectError(said.toFile())
                .start();
        String url = process.inputReader().readLine();
        assertThat(url).as(text(said)).isNotNull();
        return new Server(process, url);
    }

    /** A study that README shows is too long to run here: its report is made of one that was. */
    private static void studied(String command) throws IOException {
        Path study = folder.resolve("studies/direct");
        if (command.contains("studies/direct") && !Files.exists(study)) {
            Files.createDirectories(study.getParent());
            Files.createSymbolicLink(study, folder.resolve("runs/quickstart/direct"));
        }
    }

    @Test
    void readmeStaysShort() throws IOException {
        assertThat(Files.readAllLines(ROOT.resolve("README.md"))).hasSizeLessThanOrEqualTo(120);
    }

    @Test
    void theManualNamesEachOfItsPages() throws IOException {
        try (Stream<Path> there = Files.list(ROOT.resolve("docs"))) {
            assertThat(ReadmeCommands.pages(ROOT))
                    .containsAll(there.filter(page -> page.toString().endsWith(".md"))
                            .toList())
                    .allSatisfy(page -> assertThat(page).isRegularFile());
        }
    }

    @Test
    void theSitesMenuHasThemAllInTheirOrder() throws IOException {
        List<String> pages = ReadmeCommands.pages(ROOT).stream()
                .skip(1)
                .map(page -> page.getFileName().toString().replace(".md", ".html"))
                .toList();
        assertThat(Pattern.compile("href=\"([^\"]+)\"")
                        .matcher(Files.readString(ROOT.resolve("docs/site/site.xml")))
                        .results()
                        .map(item -> item.group(1)))
                .containsExactlyElementsOf(pages);
    }

    @Test
    void everyRelativeLinkLeadsSomewhere() throws IOException {
        Pattern link = Pattern.compile("\\]\\(([^)#:\\s]+)(#[^)]*)?\\)");
        for (Path page : ReadmeCommands.pages(ROOT)) {
            assertThat(link.matcher(Files.readString(page)).results().map(found -> found.group(1)))
                    .as(page.toString())
                    .allSatisfy(to -> assertThat(page.resolveSibling(to)).exists());
        }
    }

    @Test
    void everyProgramOfTheManualCompiles() throws IOException {
        String manual = Files.readString(ROOT.resolve("docs/engine.md"));
        Path sources = Files.createDirectories(folder.resolve("programs"));
        List<String> arguments = new ArrayList<>(List.of(
                "-proc:none",
                "-d",
                sources.toString(),
                "-cp",
                System.getProperty("surefire.real.class.path", System.getProperty("java.class.path"))));
        Matcher program = Pattern.compile("(?s)```java\n(.*?public final class (\\w+) .*?)```")
                .matcher(manual);
        while (program.find()) {
            Path source = sources.resolve(program.group(2) + ".java");
            arguments.add(Files.writeString(source, program.group(1)).toString());
        }
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        int code = ToolProvider.getSystemJavaCompiler().run(null, said, said, arguments.toArray(String[]::new));
        assertThat(code).as(said.toString(StandardCharsets.UTF_8)).isZero();
        assertThat(sources.resolve("Tune.class")).exists();
    }

    @Test
    void everyStudyCanBePlannedAsItIsWritten() throws Exception {
        Map<String, Line> failed = new LinkedHashMap<>();
        List<Yaml> studies = commands.files().stream()
                .filter(file -> file.command().text().startsWith("./candor study "))
                // One that a block runs is run whole, where its data is made.
                .filter(file -> commands.blocks().stream()
                        .noneMatch(line -> line.command().equals(file.command().text())))
                .toList();
        assertThat(studies).extracting(Yaml::file).contains("direct.yaml", "loop.yaml", "remedy.yaml");
        String direct = studies.stream()
                .filter(study -> study.file().equals("direct.yaml"))
                .findFirst()
                .orElseThrow()
                .text();
        // What loop.yaml says it stands beside: all of direct.yaml but its domains.
        String beside = direct.replaceFirst("(?m)^domains:.*\\n(  .*\\n)*", "");
        try (LoopbackServer endpoint = new LoopbackServer((n, request, out) -> say(out, "Answer: A"))) {
            for (Yaml study : studies) {
                // One that says where it goes is whole.
                String text = study.text().contains("\noutput:") ? study.text() : beside + study.text();
                write(study.file(), text.replace("https://…/v1", endpoint.url()).replace(".parquet", ".jsonl"));
                run(study.command().text() + " --dry-run").ifFailed(said -> failed.put(said, study.command()));
            }
        }
        assertThat(failed).isEmpty();
    }

    /** What a command ended with. */
    private record Ended(String said, int code) {
        void ifFailed(java.util.function.Consumer<String> then) {
            if (code != 0) {
                then.accept("exit code " + code + ": " + said);
            }
        }
    }

    private static Ended run(String command) throws IOException, InterruptedException {
        Path said = folder.resolve("said");
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", command);
        builder.environment().put("HF_ENDPOINT", hub.url());
        builder.environment().put("HF_HUB_OFFLINE", "0");
        builder.environment().put("HF_HOME", folder.resolve("huggingface").toString());
        // More processes than cores, and by root: Open MPI wants to be told that both are meant.
        for (String name : List.of(
                "OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "OMPI_MCA_rmaps_base_oversubscribe")) {
            builder.environment().put(name, "1");
        }
        builder.environment().put("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe");
        Process process = builder.directory(folder.toFile())
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        boolean ended = process.waitFor(5, TimeUnit.MINUTES);
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        String text = text(said);
        String tail = text.substring(Math.max(0, text.length() - 2000));
        return new Ended("$ " + command + "\n" + tail, ended ? process.waitFor() : -1);
    }

    /** What a file holds, whatever its bytes: a command that was ended may have written half a character. */
    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }
}
