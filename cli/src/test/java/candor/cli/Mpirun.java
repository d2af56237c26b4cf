package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candor.bindings.MpiLibrary.Kind;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Starts the program in several processes. */
final class Mpirun {
    /** For a shell: Open MPI's mpirun wants to be told twice. */
    static final String AS_ROOT = "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1";

    private Mpirun() {}

    /** Waits for something to become true, which it does. */
    static void await(Callable<Boolean> happens) throws Exception {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        while (!happens.call()) {
            assertThat(System.nanoTime()).isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    /**
     * The command line up to the program's own arguments; the test is skipped where it cannot be started.
     *
     * @param main its class
     */
    static List<String> command(Kind kind, int processes, Class<?> main) {
        String name = kind == Kind.OPEN_MPI ? "mpirun.openmpi" : "mpirun.mpich";
        Path mpirun = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
        assumeTrue(mpirun != null, name + " is not on the PATH");
        assumeTrue(kind.isThere(), "the library for " + kind + " was not built");
        return new ArrayList<>(List.of(
                mpirun.toString(),
                kind == Kind.OPEN_MPI ? "--oversubscribe" : "-disable-auto-cleanup",
                "-n",
                Integer.toString(processes),
                // Open MPI's mpirun rewrites the command lines of programs that are called java.
                "env",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-DRUST_FLAVOR=cpu",
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("surefire.real.class.path", System.getProperty("java.class.path")),
                main.getName()));
    }

    /** Starts it, without input. */
    static Process start(List<String> command, Path log) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("OMPI_ALLOW_RUN_AS_ROOT", "1");
        builder.environment().put("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
        Process process =
                builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
        process.getOutputStream().close();
        return process;
    }

    /** Waits for its end, which comes. */
    static void ends(Process process) throws InterruptedException {
        boolean ended = process.waitFor(10, TimeUnit.MINUTES);
        if (!ended) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        assertThat(ended).isTrue();
    }

    /** Its environment says its number; that of a process that has ended meanwhile says nothing. */
    private static boolean hasRank(ProcessHandle process, int rank) {
        try {
            String environment = Files.readString(
                    Path.of("/proc", Long.toString(process.pid()), "environ"), StandardCharsets.ISO_8859_1);
            return environment.matches("(?s)(.*\\x00)?(OMPI_COMM_WORLD_RANK|PMI_RANK)=" + rank + "\\x00.*");
        } catch (IOException e) {
            return false;
        }
    }

    /** Kills one of its processes. */
    static void kill(Process process, int rank) {
        process.descendants().filter(each -> hasRank(each, rank)).forEach(ProcessHandle::destroyForcibly);
    }

    /** Sends a signal to one of its processes. */
    static void signal(Process process, int rank, String name) throws IOException, InterruptedException {
        for (ProcessHandle each :
                process.descendants().filter(each -> hasRank(each, rank)).toList()) {
            new ProcessBuilder("kill", "-" + name, Long.toString(each.pid()))
                    .start()
                    .waitFor();
        }
    }

    /** The errors that were told. */
    static List<String> errors(Path log) throws IOException {
        return Files.readAllLines(log).stream()
                .filter(line -> line.startsWith("error: "))
                .toList();
    }
}
