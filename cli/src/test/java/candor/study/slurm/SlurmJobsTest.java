package candor.study.slurm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Script and commands, without any Slurm; {@link SlurmClusterTest} has a real one. */
class SlurmJobsTest {
    private static final List<Integer> GROUPS = List.of(1, 2, 3, 5, 7, 8);

    @TempDir
    private Path folder;

    private SlurmJobs jobs(List<Integer> groups, List<String> command, Path template, String... options) {
        return new SlurmJobs(
                new SlurmJobs.Settings(
                        "candor-loop", folder, command, folder.resolve("out %j/slurm"), template, List.of(options)),
                groups);
    }

    @Test
    void numbersAreRanges() {
        assertThat(SlurmJobs.ranges(GROUPS)).isEqualTo("1-3,5,7-8");
        assertThat(SlurmJobs.ranges(List.of(4))).isEqualTo("4");
    }

    @Test
    void previewHasTheScriptAndWhatSubmitsIt() {
        String preview = jobs(GROUPS, List.of("/opt/candor", "study"), null, "--partition=gpu", "--comment=a b")
                .preview();
        assertThat(preview)
                .startsWith("#!/bin/bash\n")
                .contains("study=('/opt/candor' 'study')")
                .contains("# data=$(sbatch --parsable --job-name=candor-loop-data")
                .contains("--array=1-3,5,7-8 --dependency=afterok:ID-OF-data --kill-on-invalid-dep=yes --partition=gpu"
                        + " '--comment=a b'")
                .contains("--dependency=afterok:ID-OF-group")
                .contains("out %%j/slurm/logs/group-%A_%a.log");
        assertThat(folder.resolve("out %j")).doesNotExist();
        assertThat(jobs(List.of(), List.of("c"), null).preview())
                .contains("# results=$(")
                .doesNotContain("# data=$(", "# group=$(", "--dependency");
    }

    /** Runs the script as Slurm would, with a program that prints its arguments. */
    private String run(Path script, String part) throws IOException, InterruptedException {
        return run(script, part, Map.of());
    }

    private String run(Path script, String part, Map<String, String> job) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("bash", script.toString(), part).redirectErrorStream(true);
        builder.environment().put("SLURM_ARRAY_TASK_ID", "7");
        builder.environment().putAll(job);
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return process.exitValue() + "\n" + said;
    }

    @Test
    void everyWordReachesTheProgramAsItIs() throws Exception {
        Path odd = Files.createDirectories(folder.resolve("it's $HOME `x` \"{{command}}\""));
        List<String> command = List.of(
                "printf", "%s|", "a b", "it's", "$(touch hacked)", "`x`", "\"", "*", "", "{{directory}}", "a\nb");
        Path script = folder.resolve("study.sh");
        Files.writeString(script, SlurmScript.of(null, odd, command));
        String words = "a b|it's|$(touch hacked)|`x`|\"|*||{{directory}}|a\nb|";
        assertThat(run(script, "group")).isEqualTo("0\n" + words + "--only-group|7|");
        assertThat(run(script, "data")).isEqualTo("0\n" + words + "--only-data|");
        assertThat(run(script, "results")).isEqualTo("0\n" + words);
        assertThat(run(script, "other")).startsWith("2\nusage:");
        Files.writeString(script, SlurmScript.of(null, odd, List.of("pwd")).replace("--only-data", ""));
        assertThat(run(script, "results")).isEqualTo("0\n" + odd.toRealPath() + "\n");
    }

    /** A program that stands in for srun: it says how it was called, and ends with 138 when it hears USR1, as the tasks would. */
    private Path srun() throws IOException {
        Path srun = Files.createDirectories(folder.resolve("bin")).resolve("srun");
        Files.writeString(srun, """
            #!/bin/bash
            if [[ $1 == --mpi=list ]]; then
                echo pmi2 pmix >&2
                exit
            fi
            trap 'echo stopped; exit 138' USR1
            printf '%s|' "$@" "${SRUN_CPUS_PER_TASK:-}" started
            for ((i = 0; i < 600 && FOREVER; i++)); do
                sleep 0.1
            done
            """);
        assertThat(srun.toFile().setExecutable(true)).isTrue();
        return srun;
    }

    @Test
    void severalTasksRunAsAStep() throws Exception {
        Path script = folder.resolve("study.sh");
        Files.writeString(script, SlurmScript.of(null, folder, List.of("candor", "study", "a b")));
        Map<String, String> job = new HashMap<>(Map.of(
                "PATH", srun().getParent() + ":" + System.getenv("PATH"),
                "FOREVER", "0",
                "SLURM_NTASKS", "4",
                "SLURM_CPUS_PER_TASK", "8"));
        assertThat(run(script, "group", job)).isEqualTo("0\n--mpi=pmix|candor|study|a b|--only-group|7|8|started|");
        job.put("SLURM_MPI_TYPE", "pmi2");
        job.remove("SLURM_CPUS_PER_TASK");
        assertThat(run(script, "results", job)).isEqualTo("0\n--mpi=pmi2|candor|study|a b||started|");
    }

    @Test
    void theSignalAheadOfTheTimeLimitReachesTheTasks() throws Exception {
        Path script = folder.resolve("study.sh");
        Files.writeString(script, SlurmScript.of(null, folder, List.of("candor", "study")));
        ProcessBuilder builder = new ProcessBuilder("bash", script.toString(), "data").redirectErrorStream(true);
        builder.environment()
                .putAll(Map.of(
                        "PATH", srun().getParent() + ":" + System.getenv("PATH"),
                        "FOREVER", "1",
                        "SLURM_NTASKS", "2",
                        "SLURM_MPI_TYPE", "pmi2"));
        Process process = builder.start();
        StringBuilder said = new StringBuilder();
        try (Reader reader = process.inputReader()) {
            while (!said.toString().endsWith("|started|")) {
                said.append((char) reader.read());
            }
            process.toHandle().destroy(); // SIGTERM, to the shell alone
            assertThat(reader.readAllAsString()).isEqualTo("stopped\n");
        }
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(138);
    }

    @Test
    void aTemplateIsChecked() throws IOException {
        Path template = folder.resolve("mine.sh");
        Files.writeString(template, "#!/bin/sh\ncd {{directory}}\n{{command}}\n");
        assertThat(SlurmScript.of(template, Path.of("/a"), List.of("x"))).isEqualTo("#!/bin/sh\ncd '/a'\n'x'\n");
        Files.writeString(template, "#!/bin/sh\n# {{directory}}\n{{command}}\n");
        assertThatThrownBy(() -> SlurmScript.of(template, Path.of("/a"), List.of("x")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("lacks the placeholder {{directory}}");
        Files.writeString(template, "cd {{directory}}\n{{command}}\n");
        assertThatThrownBy(() -> SlurmScript.of(template, Path.of("/a"), List.of("x")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("line 1");
    }

    @Test
    void refusesWhatIsNoOption() {
        assertThatThrownBy(() -> jobs(GROUPS, List.of("c"), null, "gpu"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("--sbatch gpu");
    }
}
