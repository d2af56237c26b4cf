package candor.study.slurm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import candor.bindings.MpiLibrary.Kind;
import candor.study.HereStudies;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A study on a real Slurm: a cluster of this one machine, which cluster.sh starts from Debian's packages. */
@Tag("slow")
class SlurmClusterTest {
    private static final int UNAVAILABLE = 3;

    @TempDir
    private Path folder;

    private record Said(int code, String text) {}

    private Said say(Path path, String... command) throws IOException, InterruptedException {
        Path output = Files.createTempFile(folder, "said", ".txt");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        if (path != null) {
            builder.environment().merge("PATH", path.toString(), (old, ours) -> ours + File.pathSeparator + old);
        }
        Process process = builder.start();
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly();
        }
        return new Said(process.waitFor(), Files.readString(output).strip());
    }

    private Path script() throws IOException {
        Path script = folder.resolve("cluster.sh");
        try (var in = SlurmClusterTest.class.getResourceAsStream("cluster.sh")) {
            Files.copy(in, script);
        }
        return script;
    }

    @AfterEach
    void stop() throws Exception {
        say(
                null,
                "bash",
                folder.resolve("cluster.sh").toString(),
                "stop",
                folder.resolve("cluster").toString());
    }

    /** What ./candor is to a user: the program as this test runs it. */
    private Path candor() throws IOException {
        List<String> words = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx512m",
                "-Dcandor.home=" + folder,
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "candor.cli.Candor"));
        Path program = folder.resolve("candor");
        StringBuilder text = new StringBuilder("#!/bin/bash\nexec");
        words.forEach(word -> text.append(' ').append(SlurmScript.quoted(word)));
        Files.writeString(program, text + " \"$@\"\n");
        assertThat(program.toFile().setExecutable(true)).isTrue();
        return program;
    }

    private String submit(Path bin, Path candor, Path config, String... more) throws Exception {
        List<String> words = new ArrayList<>(List.of(
                candor.toString(),
                "study",
                "mixture",
                "--config",
                config.toString(),
                "--output",
                folder.resolve("on cluster").toString(),
                "--launcher",
                "slurm",
                "--sbatch=--cpus-per-task=1"));
        words.addAll(List.of(more));
        Said said = say(bin, words.toArray(String[]::new));
        assertThat(said.code()).as(said.text()).isZero();
        String[] lines = said.text().split("\n");
        return lines[lines.length - 1];
    }

    private void awaitEmptyQueue(Path bin) throws Exception {
        for (int i = 0; i < 1200; i++) {
            if (say(bin, bin.resolve("squeue").toString(), "-h").text().isEmpty()) {
                return;
            }
            Thread.sleep(500);
        }
        assertThat(logs()).as("the jobs do not end").isEmpty();
    }

    private String logs() throws IOException {
        StringBuilder all = new StringBuilder();
        Path logs = folder.resolve("on cluster/slurm/logs");
        try (Stream<Path> files = Files.list(logs)) {
            for (Path file : files.sorted().toList()) {
                all.append(file.getFileName()).append(":\n").append(Files.readString(file, StandardCharsets.UTF_8));
            }
        }
        return all.toString();
    }

    /** The folder of its commands; without a cluster the test is skipped. */
    private Path start() throws Exception {
        Said started = say(
                null,
                "bash",
                script().toString(),
                "start",
                folder.resolve("cluster").toString());
        assumeThat(started.code()).as(started.text()).isNotEqualTo(UNAVAILABLE);
        assertThat(started.code()).as(started.text()).isZero();
        return Path.of(started.text().lines().reduce((first, second) -> second).orElseThrow());
    }

    /** A study with one group, in which there is something to share. */
    private Path oneGroup() throws IOException {
        Path config = HereStudies.mixture(folder);
        return Files.writeString(
                config,
                Files.readString(config)
                        .replace("slots: 3", "slots: 6")
                        .replace(
                                "  save_steps",
                                "  gradient_accumulation_steps: 3\n  num_train_epochs: 1\n  save_steps"));
    }

    private void assertShared(Path config) throws IOException {
        Path output = folder.resolve("on cluster");
        assertThat(HereStudies.results(output)).isEqualTo(HereStudies.run(config, folder.resolve("here")));
        assertThat(output.resolve("training/mixture-50/seed-8/run.json"))
                .content()
                .contains("\"processes\" : 2");
    }

    private void assume(Path bin, Kind kind, String mpi) throws Exception {
        assumeThat(kind.isThere()).as("the library for " + kind).isTrue();
        assumeThat(say(bin, bin.resolve("srun").toString(), "--mpi=list").text())
                .as("what srun has")
                .contains(mpi);
    }

    /** A task on each of two nodes. */
    @Test
    void jobsOfSeveralTasksShareAStudy() throws Exception {
        Path bin = start();
        assume(bin, Kind.MPICH, "pmi2");
        Path config = oneGroup();
        submit(
                bin,
                candor(),
                config,
                "--sbatch=--ntasks=2",
                "--sbatch=--nodes=2",
                "--sbatch=--export=ALL,SLURM_MPI_TYPE=pmi2");
        awaitEmptyQueue(bin);
        assertThat(logs()).doesNotContain("error:");
        assertShared(config);
    }

    /** On one node: two that are one machine are not told apart by PMIx, whose files have the same names on both. */
    @Test
    void aStepByHandSharesAStudyToo() throws Exception {
        Path bin = start();
        assume(bin, Kind.OPEN_MPI, "pmix");
        Path config = oneGroup();
        List<String> words = List.of(
                candor().toString(),
                "study",
                "mixture",
                "--config",
                config.toString(),
                "--output",
                folder.resolve("on cluster").toString());
        List<String> step = new ArrayList<>(List.of(bin.resolve("srun").toString(), "--ntasks=2", "--nodes=1"));
        step.addAll(words);
        Said apart = say(bin, step.toArray(String[]::new));
        assertThat(apart.code()).isEqualTo(2);
        assertThat(apart.text().lines().filter(line -> line.startsWith("error: ")))
                .singleElement()
                .asString()
                .startsWith("error: srun started 2 processes that do not know of each other");
        step.add(1, "--mpi=pmix");
        Said shared = say(bin, step.toArray(String[]::new));
        assertThat(shared.code()).as(shared.text()).isZero();
        assertShared(config);
    }

    @Test
    void aStudyAsJobsIsTheStudyRunHereAndMayBeSubmittedAgain() throws Exception {
        Path bin = start();
        Path candor = candor();
        Path config = HereStudies.mixture(folder);

        assertThat(submit(bin, candor, config)).contains("submitted: data 1, group 2 (1-2), results ");
        awaitEmptyQueue(bin);
        Path output = folder.resolve("on cluster");
        Map<String, String> results = HereStudies.results(output);
        assertThat(results).as(logs()).isEqualTo(HereStudies.run(config, folder.resolve("here")));

        // Group 2 is lost and group 1 is not: one task, and the same results.
        Files.delete(output.resolve("groups/group-2.done"));
        assertThat(submit(bin, candor, config)).contains(" (2), results ");
        awaitEmptyQueue(bin);
        assertThat(submit(bin, candor, config)).startsWith("submitted: results ");
        awaitEmptyQueue(bin);
        assertThat(HereStudies.results(output)).as(logs()).isEqualTo(results);
        assertThat(logs()).doesNotContain("error:");
    }
}
