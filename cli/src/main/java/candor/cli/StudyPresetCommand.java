package candor.cli;

import candor.study.protocol.PresetText;
import candor.study.protocol.Presets;
import candor.study.protocol.Protocols;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints a preset: every key, whether its value was read in the paper or guessed, and from where. */
@Command(
        name = "preset",
        description = "Prints a preset of the studies: all keys, each READ in the paper or GUESSED, with its source.")
final class StudyPresetCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..1",
            paramLabel = "NAME",
            description = "llama-3.1-8b-instruct, qwen2.5-7b-instruct or qwen3-32b; without it, the names are printed.")
    private String name;

    @Option(
            names = "--study",
            paramLabel = "NAME",
            description = "Of this study alone: ${COMPLETION-CANDIDATES}; all of them otherwise.")
    private Protocols study;

    @Override
    public Integer call() {
        List<Protocols> studies = study == null ? Arrays.asList(Protocols.values()) : List.of(study);
        String text = name == null
                ? String.join("\n", Presets.NAMES) + "\n"
                : studies.stream()
                        .map(protocol -> PresetText.of(protocol, name))
                        .collect(Collectors.joining("---\n"));
        spec.commandLine().getOut().print(text);
        spec.commandLine().getOut().flush();
        return ExitCode.DONE;
    }
}
