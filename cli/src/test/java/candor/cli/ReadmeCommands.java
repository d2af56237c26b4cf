package candor.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What README.md tells its readers to type.
 *
 * @param blocks its command lines, those of fenced blocks whole, with continued lines joined
 * @param inline commands in running text, from {@code ./candor} to the closing mark
 * @param studies settings in YAML, each with the command that its first line names
 */
record ReadmeCommands(List<Line> blocks, List<Line> inline, List<Yaml> studies) {
    private static final Pattern INLINE = Pattern.compile("`(\\./candor[^`]*)`");
    private static final Pattern NAMED = Pattern.compile("# (\\S+\\.yaml): +(\\./candor .*?--config \\S+)(?: .*)?");

    /** A command line, and the line of the file that it begins on. */
    record Line(int number, String text) {}

    /** A file of settings, and the command that takes it. */
    record Yaml(String file, String text, Line command) {}

    static ReadmeCommands of(Path readme) throws IOException {
        List<Line> blocks = new ArrayList<>();
        List<Line> inline = new ArrayList<>();
        List<Yaml> studies = new ArrayList<>();
        List<String> lines = Files.readAllLines(readme);
        StringBuilder prose = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).startsWith("```")) {
                prose.append(lines.get(i)).append(' ');
                continue;
            }
            boolean yaml = lines.get(i).equals("```yaml");
            int first = i + 1;
            int end = first;
            while (!lines.get(end).equals("```")) {
                end++;
            }
            if (yaml) {
                yaml(lines.subList(first, end), first + 1).ifPresent(studies::add);
            } else {
                commands(lines.subList(first, end), first + 1, blocks);
            }
            i = end;
        }
        Matcher named = INLINE.matcher(prose);
        while (named.find()) {
            inline.add(new Line(0, named.group(1)));
        }
        return new ReadmeCommands(blocks, inline, studies);
    }

    private static void commands(List<String> block, int first, List<Line> into) {
        StringBuilder joined = new StringBuilder();
        int began = 0;
        for (int i = 0; i < block.size(); i++) {
            String line = block.get(i);
            began = joined.isEmpty() ? first + i : began;
            if (line.endsWith("\\")) {
                joined.append(line, 0, line.length() - 1);
            } else {
                joined.append(line);
                if (!joined.toString().isBlank()) {
                    into.add(new Line(began, joined.toString()));
                }
                joined.setLength(0);
            }
        }
    }

    private static Optional<Yaml> yaml(List<String> block, int first) {
        Matcher named = NAMED.matcher(block.getFirst());
        return named.matches()
                ? Optional.of(
                        new Yaml(named.group(1), String.join("\n", block) + "\n", new Line(first, named.group(2))))
                : Optional.empty();
    }
}
