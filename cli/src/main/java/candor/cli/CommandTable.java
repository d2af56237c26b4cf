package candor.cli;

import java.util.List;
import picocli.CommandLine.Command;

/** Every command there is, as the help lists them: a new one is a name in a section here, and its class below. */
final class CommandTable {
    /** What belongs together, under a heading. */
    record Section(String heading, List<String> names) {}

    static final List<Section> SECTIONS = List.of(
            new Section("To begin with", List.of("quickstart", "init", "doctor", "help")),
            new Section("Tuning", List.of("train", "plan", "screen", "direction", "steer")),
            new Section("Measuring", List.of("eval", "study", "watch", "report")),
            new Section("Answering", List.of("chat", "generate", "serve")),
            new Section("Models and adapters", List.of("download", "upload", "merge", "quantize", "export")),
            new Section("Texts", List.of("tokenize", "tokenizer", "render")),
            new Section(
                    "The tiny world, and this program", List.of("world", "check", "bench", "schema", "completion")));

    /** All names, section by section. */
    static final List<String> NAMES =
            SECTIONS.stream().flatMap(section -> section.names().stream()).toList();

    private CommandTable() {}

    /** The class of a command. To name one loads no other, and initialises none. */
    static Class<?> type(String name) {
        return switch (name) {
            case "quickstart" -> QuickstartCommand.class;
            case "train" -> TrainCommand.class;
            case "plan" -> PlanCommand.class;
            case "eval" -> EvalCommand.class;
            case "study" -> StudyCommand.class;
            case "watch" -> WatchCommand.class;
            case "generate" -> GenerateCommand.class;
            case "chat" -> ChatCommand.class;
            case "screen" -> ScreenCommand.class;
            case "serve" -> ServeCommand.class;
            case "merge" -> MergeCommand.class;
            case "steer" -> SteerCommand.class;
            case "quantize" -> QuantizeCommand.class;
            case "direction" -> DirectionCommand.class;
            case "export" -> ExportCommand.class;
            case "download" -> DownloadCommand.class;
            case "upload" -> UploadCommand.class;
            case "tokenize" -> TokenizeCommand.class;
            case "tokenizer" -> TokenizerCommand.class;
            case "render" -> RenderCommand.class;
            case "world" -> WorldCommand.class;
            case "report" -> ReportCommand.class;
            case "check" -> CheckCommand.class;
            case "bench" -> BenchCommand.class;
            case "doctor" -> DoctorCommand.class;
            case "help" -> HelpCommand.class;
            case "init" -> InitCommand.class;
            case "schema" -> SchemaCommand.class;
            case "completion" -> CompletionCommand.class;
            default -> throw new IllegalArgumentException("no command is called " + name);
        };
    }

    /** What a command is for, in a sentence: the first of its description. */
    static String purpose(String name) {
        String described =
                String.join(" ", type(name).getAnnotation(Command.class).description());
        return described.split("(?<=\\.) ", 2)[0];
    }
}
