package candor.evaluate.humaneval;

import candor.BadInput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Runs Python programs that nobody vouches for: under bubblewrap, without a network, with their own /tmp and process
 * table, nothing of the machine but a read-only /usr, and bounds on memory, processor time, wall time, processes and files.
 */
public final class Sandbox {
    /** What a program may use. */
    public record Limits(int cpuSeconds, int wallSeconds, long memoryBytes) {
        public static final Limits DEFAULT = new Limits(5, 30, 1L << 30);
    }

    /**
     * How a program ended.
     *
     * @param passed whether it ran to its last line
     * @param reason in words
     */
    public record Result(boolean passed, String reason) {}

    private static final long MAX_FILE_BYTES = 16 << 20;
    private static final int MAX_PROCESSES = 64;
    private static final int MAX_REASON = 200;

    private final Programs programs;
    private final boolean isolated;
    private final Limits limits;
    private final SecureRandom random = new SecureRandom();

    private Sandbox(Programs programs, boolean isolated, Limits limits) {
        this.programs = programs;
        this.isolated = isolated;
        this.limits = limits;
    }

    /**
     * The sandbox of this machine.
     *
     * @throws BadInput where the machine has none, with what is missing
     */
    public static Sandbox open(Limits limits) {
        Sandbox sandbox = new Sandbox(Programs.find(true), true, limits);
        Result trial = sandbox.run("");
        if (!trial.passed()) {
            throw new BadInput(
                    "bwrap does not work on this machine (" + trial.reason()
                            + "): are user namespaces allowed? Nothing is run without a sandbox, unless --unsafe-no-sandbox asks for it");
        }
        return sandbox;
    }

    /** No sandbox: bounds on time and memory alone. The program can read, write and send whatever the user can. */
    public static Sandbox unsafe(Limits limits) {
        return new Sandbox(Programs.find(false), false, limits);
    }

    /** What this machine lacks for a sandbox, in words; empty where it lacks nothing. */
    public static Optional<String> missing() {
        return Programs.missing(true);
    }

    /** "bwrap" or "none", for the record of a run. */
    String kind() {
        return isolated ? "bwrap" : "none";
    }

    /** Runs a program to its end, or to a limit. */
    public Result run(String program) {
        // A program that leaves early, by exit or by error, never writes this; it is new every time.
        byte[] bytes = new byte[16];
        random.nextBytes(bytes);
        String mark = HexFormat.of().formatHex(bytes);
        String whole = program + "\n\nimport os as _os\n_os.write(1, b\"\\n" + mark + "\\n\")\n";
        Path folder = null;
        try {
            folder = Files.createTempDirectory("candor-run");
            Path file = Files.writeString(folder.resolve("program.py"), whole, StandardCharsets.UTF_8);
            // Whatever the umask says: whoever the program runs as must be able to read it. Its folder stays ours
            // alone.
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
            return execute(file, mark);
        } catch (IOException e) {
            throw new BadInput("the program cannot be run: " + e.getMessage() + "; check the disk of " + folder, e);
        } finally {
            Folders.delete(folder);
        }
    }

    private Result execute(Path file, String mark) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command(file))
                .directory(file.getParent().toFile())
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile());
        builder.environment().clear();
        Process process = builder.start();
        Tail tail = Tail.of(process.getInputStream());
        try {
            boolean ended = process.waitFor(limits.wallSeconds(), TimeUnit.SECONDS);
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            String output = tail.text();
            if (!ended) {
                return new Result(false, "ran longer than " + limits.wallSeconds() + " s");
            }
            if (process.exitValue() == 0 && output.strip().endsWith(mark)) {
                return new Result(true, "passed");
            }
            return new Result(false, reason(process.exitValue(), output));
        } catch (InterruptedException e) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new BadInput("interrupted while a program ran");
        }
    }

    private static String reason(int code, String output) {
        if (code == 0) {
            return "ended before its tests";
        }
        if (code == 128 + 9 || code == 128 + 24) {
            return "was killed at its bound of processor time";
        }
        String last = output.strip().lines().reduce((a, b) -> b).orElse("");
        return "exit code " + code
                + (last.isEmpty() ? "" : ": " + last.substring(0, Math.min(MAX_REASON, last.length())));
    }

    private List<String> command(Path file) {
        List<String> command = new ArrayList<>();
        if (isolated) {
            command.add(programs.bwrap().toString());
            command.addAll(programs.privileges());
            command.addAll(List.of("--die-with-parent", "--new-session", "--clearenv"));
            command.addAll(programs.readOnly());
            command.addAll(List.of("--proc", "/proc", "--dev", "/dev", "--size", Long.toString(64 << 20)));
            command.addAll(List.of("--perms", "1777", "--tmpfs", "/tmp"));
            command.addAll(List.of("--ro-bind", file.toString(), "/tmp/program.py", "--chdir", "/tmp"));
            // bwrap's own / and /dev/shm lie in memory without a bound, and /proc/sys belongs to root.
            command.addAll(List.of("--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"));
            command.addAll(programs.asNobody());
        }
        command.addAll(List.of(
                programs.prlimit().toString(),
                "--as=" + limits.memoryBytes(),
                "--cpu=" + limits.cpuSeconds(),
                "--fsize=" + MAX_FILE_BYTES,
                "--core=0"));
        if (isolated) {
            command.add("--nproc=" + MAX_PROCESSES);
        }
        command.addAll(List.of(
                "--", programs.python().toString(), "-I", "-B", isolated ? "/tmp/program.py" : file.toString()));
        return command;
    }
}
