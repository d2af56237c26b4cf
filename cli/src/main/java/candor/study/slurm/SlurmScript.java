package candor.study.slurm;

import candor.BadInput;
import candor.io.IoReason;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** The script of a study's jobs: a template with what differs between studies filled in, quoted for the shell. */
final class SlurmScript {
    private static final String DIRECTORY = "{{directory}}";
    private static final String COMMAND = "{{command}}";
    private static final long MAX_BYTES = 1 << 20;

    private SlurmScript() {}

    /**
     * The text of the script.
     *
     * @param template a file of the user's, or null for ours
     * @param directory where the command runs
     * @param command that runs the study, word by word
     */
    static String of(Path template, Path directory, List<String> command) {
        String text = template == null ? ours() : read(template);
        String words = command.stream().map(SlurmScript::quoted).collect(Collectors.joining(" "));
        // What is filled in is never looked through for placeholders itself.
        StringBuilder script = new StringBuilder();
        for (String line : text.split("\n", -1)) {
            boolean comment = line.startsWith("#");
            script.append(comment ? line : filled(line, quoted(directory.toString()), words))
                    .append('\n');
        }
        return script.substring(0, script.length() - 1);
    }

    private static String filled(String line, String directory, String words) {
        int at = line.indexOf(DIRECTORY);
        if (at >= 0) {
            return line.substring(0, at)
                    + directory
                    + filled(line.substring(at + DIRECTORY.length()), directory, words);
        }
        at = line.indexOf(COMMAND);
        if (at >= 0) {
            return line.substring(0, at) + words + filled(line.substring(at + COMMAND.length()), directory, words);
        }
        return line;
    }

    private static String ours() {
        try (InputStream in = SlurmScript.class.getResourceAsStream("study.sh")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path template) {
        String text;
        try {
            if (Files.size(template) > MAX_BYTES) {
                throw new BadInput(template + ": is larger than " + MAX_BYTES + " bytes: no script is");
            }
            text = Files.readString(template);
        } catch (IOException e) {
            throw new BadInput(
                    template + ": cannot be read: " + IoReason.of(e) + "; --slurm-template expects a script", e);
        }
        if (!text.startsWith("#!")) {
            throw new BadInput(template + ", line 1: must begin with #! and a shell, as sbatch demands");
        }
        for (String wanted : List.of(DIRECTORY, COMMAND)) {
            boolean there = text.lines().anyMatch(line -> !line.startsWith("#") && line.contains(wanted));
            if (!there) {
                throw new BadInput(template + ": lacks the placeholder " + wanted + " on a line that is not a comment");
            }
        }
        return text;
    }

    /** A word as the shell takes it for itself, whatever is in it. */
    static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }
}
