package candor.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Where numbers were measured, in the words that a table of them begins with. */
final class Machine {
    private Machine() {}

    static String describe() {
        return "Commit " + commit() + "; " + processor() + ", "
                + Runtime.getRuntime().availableProcessors()
                + " processors; JDK " + Runtime.version() + "; " + System.getProperty("os.name") + " "
                + System.getProperty("os.arch") + ".";
    }

    /** The name of the processor and the clock that it says it has, where the system tells. */
    private static String processor() {
        String name = cpuInfo("model name");
        String family = cpuInfo("cpu family");
        String model = cpuInfo("model");
        String clock = cpuInfo("cpu MHz");
        return name + " (family " + family + ", model " + model + ", " + clock + " MHz)";
    }

    private static String cpuInfo(String key) {
        Path file = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(file)) {
            return "unknown";
        }
        try (var lines = Files.lines(file)) {
            return lines.filter(line -> line.split(":")[0].strip().equals(key))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException e) {
            return "unknown";
        }
    }

    static String commit() {
        try {
            Process git = new ProcessBuilder("git", "describe", "--always", "--dirty", "--exclude=*")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String name = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            boolean ended = git.waitFor(10, TimeUnit.SECONDS);
            return ended && git.exitValue() == 0 && !name.isEmpty() ? name : "unknown";
        } catch (IOException e) {
            return "unknown"; // no git here
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "unknown";
        }
    }
}
