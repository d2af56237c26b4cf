package candor.cli;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.IoReason;
import candor.study.protocol.Protocols;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import candor.world.WorldFiles;
import candor.world.WorldSettings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code candor init}: a folder to begin with, of a configuration and data that it runs on. */
@Command(
        name = "init",
        description = {
            "Writes a folder to begin with: config.yaml, which has every setting with what it is for, and a little data"
                    + " of the tiny world that it runs on as it is. Prints the command that runs it.",
            "Then put your model and data in their places."
        })
final class InitCommand implements Callable<Integer> {
    /** What there is to begin. */
    enum Kind {
        SFT,
        KTO,
        DPO,
        STUDY
    }

    private static final String CONFIG = "config.yaml";
    private static final String ROWS = "rows.jsonl";

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "sft|kto|dpo|study", description = "What is to be run: one of these.")
    private Kind kind;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "The folder, which must not be there yet; my-sft for sft, and so on, if not given.")
    private Path output;

    @Override
    public Integer call() {
        String word = kind.name().toLowerCase(Locale.ROOT);
        Path folder = output == null ? Path.of("my-" + word) : output;
        if (Files.exists(folder)) {
            throw new BadInput(folder + ": is there already", "choose another {output}");
        }
        try {
            Files.createDirectories(folder);
            String command = kind == Kind.STUDY ? study(folder) : training(folder, TrainCommand.method(word));
            spec.commandLine().getOut().println(command);
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be written (" + IoReason.of(e) + ")", "choose another {output}", e);
        }
        return ExitCode.DONE;
    }

    private static String training(Path folder, Method method) throws IOException {
        try (InputStream rows = InitCommand.class.getResourceAsStream("init/" + method.word() + ".jsonl")) {
            AtomicFile.write(folder.resolve(ROWS), rows.readAllBytes());
        }
        Map<String, String> chosen = new LinkedHashMap<>();
        chosen.put(TrainSettings.DATA.key(), quoted(folder.resolve(ROWS)));
        chosen.put(TrainSettings.OUTPUT.key(), quoted(folder.resolve("run")));
        chosen.put(TrainSettings.MAX_STEPS.key(), "20");
        chosen.put(TrainSettings.LEARNING_RATE.key(), "2e-4");
        chosen.put(TrainSettings.LORA_RANK.key(), "8");
        String command = "./candor train " + method.word() + " --config " + shell(folder.resolve(CONFIG));
        write(folder, command, ConfigText.of(TrainSettings.of(method), chosen));
        return command;
    }

    private static String study(Path folder) throws IOException {
        Path world = folder.resolve("world");
        WorldFiles.write(WorldSettings.DEFAULT.withBaseRows(1), world);
        Map<String, String> chosen = new LinkedHashMap<>();
        chosen.put("output", quoted(folder.resolve("study")));
        chosen.put("seeds", "[1, 2]");
        chosen.put("domains.medicines", quoted(world.resolve("tune/medicines")));
        chosen.put("train.max_steps", "20");
        chosen.put("train.learning_rate", "7e-4");
        chosen.put("train.lora_rank", "8");
        chosen.put("train.max_length", "256");
        chosen.put("evaluate.max_length", "256");
        chosen.put("evaluate.kv_cache_mib", "64");
        chosen.put("evaluate.mask.data", quoted(world.resolve("mask/provided_facts.jsonl")));
        chosen.put("evaluate.mask.max_new_tokens", "32");
        chosen.put("evaluate.mask.limit", "40");
        chosen.put("judge.kind", "rules");
        String command = "./candor study " + Protocols.DIRECT.word() + " --config " + shell(folder.resolve(CONFIG));
        write(folder, command, ConfigText.of(Protocols.DIRECT.schema(), chosen));
        return command;
    }

    private static void write(Path folder, String command, String settings) throws IOException {
        String head =
                "# Every setting that there is, with what it is for; those behind a # have this value anyway. Run it:\n"
                        + "#   " + command + "\n";
        AtomicFile.write(folder.resolve(CONFIG), (head + settings).getBytes(StandardCharsets.UTF_8));
    }

    /** A path as a shell takes it. */
    private static String shell(Path path) {
        String text = path.toString();
        return text.matches("[A-Za-z0-9_./-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }

    /** A path as YAML takes it, whatever is in it. */
    private static String quoted(Path path) {
        return "\"" + path.toString().replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }
}
