package candor.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;

/** Which Candor this is: its version, the commit it was built from where that is known, and the Java it runs on. */
final class Version {
    private Version() {}

    /** What asks for it, alone on a command line; then it is told without setting up any other option. */
    static final List<String> OPTIONS = List.of("--version", "-V");

    static List<String> lines() {
        String commit = commit().map(name -> " (" + name + ")").orElse("");
        return List.of(
                "candor " + project() + commit,
                "Java " + Runtime.version() + " (" + System.getProperty("java.vendor") + ")");
    }

    /** The version that the build gave us. */
    static String project() {
        try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The commit of the folder that the launcher started us from, "-dirty" behind it if files in it were changed. The
     * launcher rebuilds what has changed, so this is what runs. Of a release, the one that it was packed from, as its launcher
     * knows. Empty outside a git checkout, or without git.
     */
    static Optional<String> commit() {
        return Commit.OF_THIS;
    }

    /** Found out once, when it is first wanted: it takes a process. */
    private static final class Commit {
        static final Optional<String> OF_THIS = find();
    }

    private static Optional<String> find() {
        String packed = System.getProperty("candor.commit");
        if (packed != null) {
            return Optional.of(packed);
        }
        String home = System.getProperty("candor.home");
        if (home == null) {
            return Optional.empty();
        }
        try {
            Process git = new ProcessBuilder("git", "-C", home, "describe", "--always", "--dirty", "--exclude=*")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String name = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            boolean ended = git.waitFor(10, TimeUnit.SECONDS);
            return ended && git.exitValue() == 0 && !name.isEmpty() ? Optional.of(name) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // no git here
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
