package candor.comm.mpi;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candor.bindings.MpiLibrary.Kind;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Starts a class of the tests as several processes, by the mpirun of an MPI.
 *
 * @param kind the MPI
 */
record Mpirun(Kind kind) {
    private static final int SECONDS = 300;

    /** What came of it: the lines of standard output and standard error, and the exit code. */
    record Result(List<String> lines, int code) {}

    /** Runs a main class; skips the test, by name, where this MPI is not here. */
    Result run(int processes, Map<String, String> environment, Class<?> main, String... arguments)
            throws IOException, InterruptedException {
        String name = kind == Kind.OPEN_MPI ? "mpirun.openmpi" : "mpirun.mpich";
        Path mpirun = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
        assumeTrue(mpirun != null, name + " is not on the PATH");
        assumeTrue(kind.isThere(), "the library for " + kind + " was not built");
        List<String> command = new ArrayList<>(List.of(mpirun.toString(), "-n", Integer.toString(processes)));
        // MPICH's kills all as soon as one has died, before another could say so, unless it is told to leave that
        // alone.
        command.add(kind == Kind.OPEN_MPI ? "--oversubscribe" : "-disable-auto-cleanup");
        // Behind env, since Open MPI's mpirun rewrites the command lines of programs that are called java.
        command.addAll(List.of(
                "env",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("surefire.real.class.path", System.getProperty("java.class.path")),
                main.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        builder.environment().put("OMPI_ALLOW_RUN_AS_ROOT", "1");
        builder.environment().put("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
        Process process = builder.start();
        process.getOutputStream().close();
        List<String> lines = process.inputReader().lines().toList();
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException("still there after " + SECONDS + " s: " + lines);
        }
        return new Result(lines, process.exitValue());
    }
}
