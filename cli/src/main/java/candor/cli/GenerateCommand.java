package candor.cli;

import candor.BadInput;
import candor.comm.Communicator;
import candor.comm.SharedWork;
import candor.generate.Generator;
import candor.generate.file.GenerateRun;
import candor.generate.file.RunSettings;
import candor.ops.Backend;
import candor.ops.Backends;
import candor.text.SpecialTextPolicy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code candor generate}: a file of prompts in, a file of completions out. */
@Command(
        name = "generate",
        description = {
            "Continues each prompt of a file, with any number of adapters at once.",
            "A row of the output is the prompt's row with adapter, completion, token_ids and finish_reason (stop or"
                    + " length). What a row says depends on its prompt, its adapter and the seed alone: not on the other"
                    + " rows, their order, or the batch size."
        })
final class GenerateCommand implements Callable<Integer>, Processes.Divided {
    private static final Logger LOG = LoggerFactory.getLogger(GenerateCommand.class);

    /** Tokens that a pass sees, unless more rows than that are to be done at once. */
    private static final int STEP_TOKENS = 512;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelOptions model;

    @Mixin
    private DtypeOption dtype;

    @Option(
            names = "--prompts",
            required = true,
            paramLabel = "FILE.jsonl",
            description =
                    "Rows with \"messages\", or with \"prompt\": a list of messages, or a text that is taken as it is.")
    private Path prompts;

    @Option(names = "--output", required = true, paramLabel = "FILE.jsonl", description = "The file of completions.")
    private Path output;

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            arity = "1..*",
            description =
                    "Adapters, runs that have one, or ORG/NAME on the Hub; every prompt goes through each of them."
                            + " \"base\" is the model without one, and what is taken if none is given.")
    private List<String> adapters = new ArrayList<>();

    @Mixin
    private SteerOptions steer;

    @Mixin
    private TemplateOptions template;

    @Mixin
    private SamplingOptions options;

    @Option(
            names = "--stop",
            paramLabel = "TEXT",
            description = "A text that ends a completion and is no part of it; may be given several times.")
    private List<String> stops = new ArrayList<>();

    @Option(names = "--logprobs", description = "Write the log-probability of each token under the model itself.")
    private boolean logProbs;

    @Option(names = "--batch-size", paramLabel = "N", description = "Rows that are done at once.")
    private int batchSize = 32;

    @Option(
            names = "--date",
            paramLabel = "YYYY-MM-DD",
            description = "The date for templates that print one; today's, if not given.")
    private LocalDate date;

    @Option(
            names = "--keep-special-tokens",
            description =
                    "Let the text of a special token inside a prompt become that token, instead of refusing the row.")
    private boolean keepSpecialTokens;

    @Option(names = "--resume", description = "Continue an interrupted run of the same prompts and settings.")
    private boolean resume;

    @Option(names = "--force", description = "Overwrite an existing output, and discard an interrupted run.")
    private boolean force;

    @Override
    public Integer call() {
        if (batchSize < 1 || batchSize > 1 << 16) {
            throw new BadInput("--batch-size " + batchSize + ": give 1 to 65536");
        }
        Communicator comm = Processes.joined();
        date = date == null ? theSame(comm, LocalDate.now()) : date;
        try (Backend backend = Backends.open(model.backend(dtype), SharedWork.threads(comm, model.threads))) {
            Generator.Settings size =
                    new Generator.Settings(batchSize, Math.max(STEP_TOKENS, batchSize), options.cacheBytes(backend));
            return comm.leads() ? lead(comm, backend, size) : help(comm, backend, size);
        }
    }

    /** The first process's day is that of all: midnight, and clocks that differ, must not come between them. */
    static LocalDate theSame(Communicator comm, LocalDate today) {
        byte[] day = today.toString().getBytes(StandardCharsets.US_ASCII);
        return LocalDate.parse(new String(comm.broadcast(day, 0), StandardCharsets.US_ASCII));
    }

    private int lead(Communicator comm, Backend backend, Generator.Settings size) {
        try (GenerateRun run = GenerateRun.prepare(settings(backend.descriptor().identity()));
                Interrupt interrupt = Interrupt.listen(Again.resuming(spec));
                RowProgress progress = new RowProgress("generating", run.rowsDone(), run.rows(), backend::ownBytes)) {
            LOG.info("{}: {} rows to do, {} done already", output, run.rows() - run.rowsDone(), run.rowsDone());
            if (!run.run(comm, backend, size, facts(backend), progress, interrupt::requested)) {
                LOG.info("{}: interrupted after {} rows", output, run.rowsDone());
                return interrupt.stopped();
            }
            spec.commandLine().getOut().println(output);
            return ExitCode.DONE;
        }
    }

    private int help(Communicator comm, Backend backend, Generator.Settings size) {
        try (GenerateRun run = GenerateRun.helping(settings(backend.descriptor().identity()));
                Interrupt interrupt = Interrupt.listen(Again.resuming(spec))) {
            run.help(comm, backend, size, interrupt::requested);
            return interrupt.requested() ? interrupt.stopped() : ExitCode.DONE;
        }
    }

    private RunSettings settings(String backend) {
        return new RunSettings(
                model.model(),
                model.weights,
                steer.steering(),
                adapters,
                prompts,
                output,
                options.sampling(),
                options.maxNewTokens,
                stops,
                logProbs,
                keepSpecialTokens ? SpecialTextPolicy.KEEP : SpecialTextPolicy.REFUSE,
                date,
                template.choice(),
                backend,
                resume,
                force);
    }

    private static Map<String, String> facts(Backend backend) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("candor", Version.project());
        Version.commit().ifPresent(commit -> facts.put("commit", commit));
        facts.put("java", Runtime.version().toString());
        facts.put("device", backend.description());
        return facts;
    }
}
