package candor.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What README.md and the manual tell their readers to type. A line that several pages have is here once, where it comes first
 * in a block.
 *
 * @param blocks command lines, those of fenced blocks whole, with continued lines joined
 * @param inline commands in README's running text, from {@code ./candor} to the closing mark
 * @param files  settings in YAML, each with the command that its first line names
 */
record ReadmeCommands(List<Line> blocks, List<Line> inline, List<Yaml> files) {
    private static final Pattern INLINE = Pattern.compile("`(\\./candor[^`]*)`");
    private static final Pattern NAMED = Pattern.compile("# (\\S+\\.yaml): +(\\./candor .*?--config \\S+)(?: .*)?");
    private static final Pattern PAGE = Pattern.compile("\\]\\(([a-z-]+\\.md)\\)");
    private static final String FENCE = "```";

    /** The languages of blocks that are not typed: what is printed, written into files, sent, or computed. */
    private static final Set<String> NOT_TYPED = Set.of("text", "json", "java", "c", "http", "bibtex");

    /** A command line, and where it begins. */
    record Line(String page, int number, String text) {
        /** Without the remark behind it. */
        String command() {
            return text.replaceFirst(" +# .*", "").strip();
        }
    }

    /** A file of settings, and the command that takes it. */
    record Yaml(String file, String text, Line command) {}

    /** README.md, and the pages of the manual in the order in which {@code docs/index.md} names them. */
    static List<Path> pages(Path root) throws IOException {
        Path index = root.resolve("docs/index.md");
        List<Path> pages = new ArrayList<>(List.of(root.resolve("README.md"), index));
        Matcher page = PAGE.matcher(Files.readString(index));
        while (page.find()) {
            pages.add(index.resolveSibling(page.group(1)));
        }
        return pages.stream().distinct().toList();
    }

    static ReadmeCommands of(List<Path> pages) throws IOException {
        ReadmeCommands all = new ReadmeCommands(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        Set<String> seen = new HashSet<>();
        for (Path page : pages) {
            all.read(page, page.equals(pages.getFirst()), seen);
        }
        all.inline.removeIf(line -> seen.contains(plain(line)));
        return all;
    }

    private void read(Path file, boolean withInline, Set<String> seen) throws IOException {
        String page = file.getFileName().toString();
        List<String> lines = Files.readAllLines(file);
        StringBuilder prose = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).startsWith(FENCE)) {
                prose.append(lines.get(i)).append(' ');
                continue;
            }
            String language = lines.get(i).substring(FENCE.length());
            int first = i + 1;
            int end = first;
            while (!lines.get(end).equals(FENCE)) {
                end++;
            }
            List<String> block = lines.subList(first, end);
            if (language.equals("yaml")) {
                yaml(page, block, first + 1).ifPresent(files::add);
            } else if (language.isEmpty()) {
                commands(page, block, first + 1, seen);
            } else if (!NOT_TYPED.contains(language)) {
                throw new IllegalStateException(
                        page + ", line " + first + ": a block of an unknown language, " + language);
            }
            i = end;
        }
        Matcher named = INLINE.matcher(prose);
        while (withInline && named.find()) {
            inline.add(new Line(page, 0, named.group(1)));
        }
    }

    private void commands(String page, List<String> block, int first, Set<String> seen) {
        StringBuilder joined = new StringBuilder();
        int began = 0;
        for (int i = 0; i < block.size(); i++) {
            String line = block.get(i);
            began = joined.isEmpty() ? first + i : began;
            if (line.endsWith("\\")) {
                joined.append(line, 0, line.length() - 1);
            } else {
                Line whole = new Line(page, began, joined + line);
                if (!whole.command().isEmpty() && seen.add(plain(whole))) {
                    blocks.add(whole);
                }
                joined.setLength(0);
            }
        }
    }

    private static String plain(Line line) {
        return line.command().replaceAll(" +", " ");
    }

    private static Optional<Yaml> yaml(String page, List<String> block, int first) {
        Matcher named = NAMED.matcher(block.getFirst());
        return named.matches()
                ? Optional.of(new Yaml(
                        named.group(1), String.join("\n", block) + "\n", new Line(page, first, named.group(2))))
                : Optional.empty();
    }
}
