package candor.cli;

import candor.BadInput;
import candor.export.ExportReport;
import candor.export.ExportType;
import candor.export.GgufExport;
import candor.export.GgufLora;
import candor.lora.AdapterFolder;
import candor.text.TemplateChoice;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code candor export}: models and adapters in other programs' formats. */
@Command(
        name = "export",
        description = "Writes a model or an adapter for other programs.",
        synopsisSubcommandLabel = "(gguf)",
        subcommands = ExportCommand.Gguf.class)
final class ExportCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        return CommandNames.needed(spec.commandLine());
    }

    /** For llama.cpp and what is built on it. */
    @Command(
            name = "gguf",
            description = {
                "Writes one GGUF file, which llama.cpp, Ollama and LM Studio load: the model, with an adapter merged"
                        + " into it where one is given, its tokenizer and chat template.",
                "With --lora it holds the adapter alone, to be added to the file of its base: llama-cli -m BASE.gguf"
                        + " --lora ADAPTER.gguf."
            })
    static final class Gguf implements Callable<Integer> {
        private static final Logger LOG = LoggerFactory.getLogger(ExportCommand.class);

        @Spec
        private CommandSpec spec;

        @Option(names = "--model", paramLabel = "DIR", description = ModelOptions.HELP)
        private Path model;

        @Option(names = "--adapter", paramLabel = "DIR", description = "An adapter's folder, or its run's.")
        private Path adapter;

        @Option(names = "--lora", description = "Write the adapter alone.")
        private boolean lora;

        @Option(names = "--output", required = true, paramLabel = "FILE", description = "The file to make.")
        private Path output;

        @Option(
                names = "--type",
                paramLabel = "TYPE",
                description =
                        "How matrices are stored: ${COMPLETION-CANDIDATES}; that of the model's own, if not given, and"
                                + " of an adapter alone f32. q4_k keeps the output head in q8_0.")
        private ExportType type;

        @Option(
                names = "--chat-template",
                paramLabel = "FILE|NAME",
                description = "The chat template that goes with it: a Jinja file, llama3 or qwen (which come with the"
                        + " program), or model for the model's own, if not given.")
        private String template;

        @Option(names = "--name", paramLabel = "TEXT", description = "The name that programs show.")
        private String name;

        @Option(names = "--force", description = "Overwrite an existing file.")
        private boolean force;

        @Override
        public Integer call() {
            if (lora && adapter == null) {
                throw new BadInput("--lora writes an adapter, and none is given; add --adapter DIR");
            }
            if (lora && template != null) {
                throw new BadInput("--lora writes an adapter alone, which has no chat template; give --chat-template"
                        + " where its base is exported");
            }
            Path base = ModelOptions.orEmbedded(model);
            Path folder = adapter == null ? null : AdapterFolder.find(adapter);
            try (Interrupt interrupt = Interrupt.listen(Again.anew(spec))) {
                try {
                    tell(lora ? adapter(base, folder, interrupt) : model(base, folder, interrupt));
                    spec.commandLine().getOut().println(output);
                    return ExitCode.DONE;
                } catch (CancellationException e) {
                    return interrupt.stopped();
                }
            }
        }

        private ExportReport model(Path base, Path folder, Interrupt interrupt) {
            TemplateChoice choice = template == null ? TemplateChoice.DEFAULT : new TemplateChoice(template, "{}");
            GgufExport.Settings settings = new GgufExport.Settings(base, folder, output, type, choice, name, force);
            return GgufExport.run(settings, LOG::warn, interrupt::requested);
        }

        private ExportReport adapter(Path base, Path folder, Interrupt interrupt) {
            ExportType factors = type == null ? ExportType.F32 : type;
            return GgufLora.run(
                    new GgufLora.Settings(base, folder, output, factors, name, force), interrupt::requested);
        }

        private void tell(ExportReport report) {
            LOG.info(
                    "{}",
                    String.format(Locale.ROOT, "%s: %s, %.1f MiB", output, report.types(), report.bytes() / 0x1p20));
        }
    }
}
