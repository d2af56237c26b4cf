package candor.bench;

import candor.BadInput;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * How long a user waits for a fresh process: from its start to the end of {@code ./candor --version}, to the first finished step
 * of {@code train sft} and {@code train kto} and to the first token of {@code generate}, on the model that comes with the program. The programs
 * take turns, so that what else the machine does falls on all of them; the first turn, in which files come from the disk, does
 * not count.
 */
final class StartUp {
    private static final int ROWS = 64;

    /** A run has ended without the line, or it has the line: nothing takes longer. */
    private static final String FIRST_STEP = "step 1 of ";

    /**
     * A program.
     *
     * @param until what the line that ends the measurement looks like; null for the end of the process
     * @param result what a process that ran to its end has written; null for nothing
     */
    private record Program(String what, List<String> command, Predicate<String> until, Path result) {}

    private StartUp() {}

    /** A Markdown table. The launcher is that of the folder that this runs in. */
    static String measure(int rounds) throws IOException, InterruptedException {
        Path launcher = Path.of("candor").toAbsolutePath();
        if (!Files.isExecutable(launcher)) {
            throw new BadInput(launcher + ": no launcher here; start ./candor bench StartUp in a checkout");
        }
        Path folder = Files.createTempDirectory("candor-startup");
        try {
            List<Program> programs = programs(launcher.toString(), folder);
            double[][] seconds = new double[programs.size()][rounds];
            for (int round = -1; round < rounds; round++) {
                for (int i = 0; i < programs.size(); i++) {
                    double took = time(programs.get(i), folder);
                    if (round >= 0) {
                        seconds[i][round] = took;
                    }
                }
            }
            MarkdownTable table =
                    new MarkdownTable("from the start of the process to", "s, median", "95 % from", "to", "runs");
            for (int i = 0; i < programs.size(); i++) {
                Median median = Median.of(seconds[i]);
                table.add(
                        programs.get(i).what,
                        Numbers.show(median.value()),
                        Numbers.error(median.low(), median.value()),
                        Numbers.error(median.high(), median.value()),
                        String.valueOf(median.count()));
            }
            return Machine.describe() + "\n\n" + table;
        } finally {
            delete(folder);
        }
    }

    private static List<Program> programs(String launcher, Path folder) throws IOException {
        Path data = folder.resolve("chats.jsonl");
        Path rated = folder.resolve("rated.jsonl");
        Path prompts = folder.resolve("prompts.jsonl");
        Path replies = folder.resolve("replies.jsonl");
        Chats chats = new Chats(1);
        List<String> rows = new ArrayList<>();
        List<String> ratedRows = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            String user = chats.user().fields().get("content").toString();
            String assistant = chats.assistant().fields().get("content").toString();
            rows.add("{\"prompt\": \"%s\", \"completion\": \"%s\"}".formatted(user, assistant));
            ratedRows.add("{\"prompt\": \"%s\", \"completion\": \"%s\", \"label\": %s}"
                    .formatted(user, assistant, i % 2 == 0));
        }
        Files.write(data, rows);
        Files.write(rated, ratedRows);
        Files.writeString(prompts, "{\"prompt\": \"What about the weather in Oslo?\"}\n");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return List.of(
                new Program("the end of java -version, the JVM alone", List.of(java, "-version"), null, null),
                new Program("the end of ./candor --version", List.of(launcher, "--version"), null, null),
                new Program(
                        "the first step of ./candor train sft",
                        train(launcher, "sft", data, folder),
                        StartUp::step,
                        null),
                new Program(
                        "the first step of ./candor train kto",
                        train(launcher, "kto", rated, folder),
                        StartUp::step,
                        null),
                new Program(
                        "the end of ./candor generate, one token",
                        List.of(
                                launcher,
                                "generate",
                                "--prompts",
                                prompts.toString(),
                                "--output",
                                replies.toString(),
                                "--max-new-tokens",
                                "1"),
                        null,
                        replies));
    }

    private static List<String> train(String launcher, String objective, Path data, Path folder) {
        return List.of(
                launcher,
                "train",
                objective,
                "--data",
                data.toString(),
                "--output",
                folder.resolve("run").toString(),
                "--max-steps",
                "1",
                "--logging-steps",
                "1");
    }

    private static boolean step(String line) {
        return line.contains(FIRST_STEP);
    }

    /** Seconds to the line, or to the end. Either way the process has ended well when this returns. */
    private static double time(Program program, Path folder) throws IOException, InterruptedException {
        delete(folder.resolve("run"));
        if (program.result != null) {
            Files.deleteIfExists(program.result);
        }
        List<String> said = new ArrayList<>();
        double seconds = 0;
        long start = System.nanoTime();
        Process process =
                new ProcessBuilder(program.command).redirectErrorStream(true).start();
        try (BufferedReader out = process.inputReader()) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                said.add(line);
                if (program.until != null && seconds == 0 && program.until.test(line)) {
                    seconds = (System.nanoTime() - start) / 1e9;
                }
            }
        }
        int code = process.waitFor();
        if (program.until == null) {
            seconds = (System.nanoTime() - start) / 1e9;
        }
        boolean without = program.result != null && Files.size(program.result) == 0;
        if (code != 0 || seconds == 0 || without) {
            throw new IllegalStateException(program.command + " ended with " + code
                    + " and did not do what it should:\n" + String.join("\n", said));
        }
        return seconds;
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
