package candor.evaluate.humaneval;

import candor.BadInput;
import candor.io.IoReason;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The programs that running Python safely takes.
 *
 * @param bwrap null where no sandbox is wanted
 * @param setpriv null where the user is not root: what runs then has no more rights than the user
 * @param python the interpreter itself, behind wrappers such as pyenv's
 * @param prefix the folder of its library
 */
record Programs(Path bwrap, Path setpriv, Path prlimit, Path python, Path prefix) {
    /** The user without rights, by convention. */
    private static final int NOBODY = 65534;

    /** Finds them on PATH. */
    static Programs find(boolean isolated) {
        missing(isolated).ifPresent(what -> {
            throw new BadInput(what + " is missing: install it (Debian, Ubuntu: apt install bubblewrap python3)"
                    + (isolated ? "; nothing is run without a sandbox, unless --unsafe-no-sandbox asks for it" : ""));
        });
        List<String> lines = ask(onPath("python3").orElseThrow());
        return new Programs(
                isolated ? onPath("bwrap").orElseThrow() : null,
                isolated && isRoot() ? onPath("setpriv").orElseThrow() : null,
                onPath("prlimit").orElseThrow(),
                Path.of(lines.get(0)),
                Path.of(lines.get(1)));
    }

    static Optional<String> missing(boolean isolated) {
        List<String> wanted = new ArrayList<>(List.of("prlimit", "python3"));
        if (isolated) {
            wanted.addFirst("bwrap");
            if (isRoot()) {
                wanted.add("setpriv");
            }
        }
        return wanted.stream().filter(name -> onPath(name).isEmpty()).findFirst();
    }

    private static boolean isRoot() {
        return ProcessHandle.current().info().user().orElse("").equals("root");
    }

    private static Optional<Path> onPath(String name) {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
        for (String folder : path.split(File.pathSeparator)) {
            if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, name))) {
                return Optional.of(Path.of(folder, name));
            }
        }
        return Optional.empty();
    }

    private static List<String> ask(Path python) {
        String program = "import sys; print(sys.executable); print(sys.base_prefix)";
        try {
            Process process = new ProcessBuilder(python.toString(), "-I", "-c", program)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            if (process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0 && lines.size() == 2) {
                return lines;
            }
        } catch (IOException e) {
            throw new BadInput(python + ": cannot be started: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new BadInput(python + ": does not run a Python program; repair it or put another python3 on PATH");
    }

    /**
     * How bwrap starts. Root must become somebody else inside: bwrap leaves root its capabilities, the files of /proc are
     * root's own, and the kernel bounds everybody's processes but root's. A user namespace would know root alone.
     */
    List<String> privileges() {
        return setpriv == null
                ? List.of("--unshare-all", "--cap-drop", "ALL")
                : List.of(
                        "--unshare-ipc",
                        "--unshare-pid",
                        "--unshare-net",
                        "--unshare-uts",
                        "--unshare-cgroup-try",
                        "--cap-drop",
                        "ALL",
                        "--cap-add",
                        "CAP_SETUID",
                        "--cap-add",
                        "CAP_SETGID");
    }

    /** What comes before a command inside, so that it does not run as root. */
    List<String> asNobody() {
        return setpriv == null
                ? List.of()
                : List.of(
                        setpriv.toString(),
                        "--reuid=" + NOBODY,
                        "--regid=" + NOBODY,
                        "--clear-groups",
                        "--inh-caps=-all",
                        "--no-new-privs",
                        "--");
    }

    /** What a program in the sandbox sees of the machine: /usr, and Python where it lies elsewhere. */
    List<String> readOnly() {
        List<String> binds = new ArrayList<>(List.of("--ro-bind", "/usr", "/usr"));
        for (String name : List.of("/bin", "/sbin", "/lib", "/lib64")) {
            Path path = Path.of(name);
            if (Files.isSymbolicLink(path)) {
                binds.addAll(List.of("--symlink", target(path), name));
            } else if (Files.isDirectory(path)) {
                binds.addAll(List.of("--ro-bind", name, name));
            }
        }
        binds.addAll(List.of("--dir", "/etc", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"));
        for (Path folder : List.of(prefix, python.getParent())) {
            if (!folder.startsWith("/usr")) {
                // Made by bwrap itself, the folders above would be closed to anyone but root.
                for (Path above : ancestors(folder)) {
                    binds.addAll(List.of("--dir", above.toString()));
                }
                binds.addAll(List.of("--ro-bind", folder.toString(), folder.toString()));
            }
        }
        return binds;
    }

    /** The folders above one, the highest first, without the root. */
    private static List<Path> ancestors(Path folder) {
        List<Path> above = new ArrayList<>();
        for (Path parent = folder.getParent();
                parent != null && parent.getNameCount() > 0;
                parent = parent.getParent()) {
            above.addFirst(parent);
        }
        return above;
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            throw new BadInput(link + ": cannot be read: " + IoReason.of(e), e);
        }
    }
}
