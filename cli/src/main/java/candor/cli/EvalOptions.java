package candor.cli;

import candor.BadInput;
import candor.data.read.DataFiles;
import candor.evaluate.engine.Decoding;
import candor.evaluate.engine.EngineRespondent;
import candor.evaluate.engine.EngineRespondent.NamedAdapter;
import candor.lora.AdapterFolder;
import candor.ops.AskedDtype;
import candor.ops.weight.PackedForm;
import candor.stats.Bootstrap;
import candor.text.TemplateChoice;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What every evaluation is told. */
final class EvalOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--model", paramLabel = "DIR", description = ModelOptions.HELP)
    private Path model;

    @Option(names = "--weights", paramLabel = "FORM", description = ModelOptions.WEIGHTS_HELP)
    private PackedForm weights;

    @Option(
            names = "--adapter",
            arity = "1..*",
            paramLabel = "[NAME=]DIR",
            description =
                    "Adapters in PEFT's layout, runs that have one, or ORG/NAME on the Hub, all evaluated together"
                            + " with the base model; named after the run, or by their folder.")
    private List<String> adapters = new ArrayList<>();

    @Option(
            names = "--base",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Evaluates the base model too.")
    private boolean base;

    @Option(
            names = "--data",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "The benchmark's files, or folders of them: JSONL, JSON, CSV, Parquet; also as .gz or .zst."
                    + " ORG/NAME of a data set on the Hub for its test rows, ORG/NAME/FILE for a file of it.")
    private List<Path> data;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "Where results go.")
    private Path output;

    @Option(
            names = "--inspect-log",
            arity = "0..1",
            fallbackValue = "",
            paramLabel = "DIR",
            showDefaultValue = CommandLine.Help.Visibility.NEVER,
            description = "Also writes logs for inspect_ai's viewer, one for each subject, into this folder, or"
                    + " OUTPUT/inspect.")
    private String inspectLog;

    @Option(
            names = "--cache",
            paramLabel = "DIR",
            description = "Where answers are kept; evaluations may share it. Without it, OUTPUT/cache.")
    private Path cache;

    @Option(names = "--force", description = "Overwrites the results of another evaluation.")
    private boolean force;

    @Option(names = "--limit", paramLabel = "N", description = "Only the first N rows of each subset; 0 for all.")
    private int limit;

    @Option(
            names = "--seed",
            split = ",",
            paramLabel = "N",
            description = "Seeds of the replies; each evaluates every row once.")
    private List<Long> seeds = new ArrayList<>(List.of(0L));

    @Option(
            names = "--bootstrap-resamples",
            paramLabel = "N",
            description = "Resamples of the paired bootstrap of differences.")
    private int resamples = Bootstrap.DEFAULT.resamples();

    @Option(names = "--bootstrap-seed", paramLabel = "N", description = "Seed of the bootstrap.")
    private long bootstrapSeed = Bootstrap.DEFAULT.seed();

    @Option(names = "--backend", paramLabel = "NAME", description = TakenBackend.HELP)
    private String backend = "auto";

    @Mixin
    private DtypeOption dtype;

    @Option(names = "--threads", paramLabel = "N", description = "Threads of the CPU backend; 0 for one per processor.")
    private int threads;

    @Option(names = "--batch-size", paramLabel = "N", description = "Sequences that are generated at once.")
    private int batchSize = 32;

    @Option(names = "--max-length", paramLabel = "N", description = "Prompt and reply together, in tokens.")
    private int maxLength = 8192;

    @Option(names = "--kv-cache-mib", paramLabel = "N", description = "Memory for keys and values.")
    private int cacheMebibytes = 1024;

    @Option(
            names = "--date",
            paramLabel = "YYYY-MM-DD",
            description = "The date that chat templates may print; fixed, so that runs can be repeated.")
    private LocalDate date = LocalDate.of(2024, 7, 26);

    @Mixin
    private SteerOptions steer;

    @Mixin
    private TemplateOptions template;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Draw from the likeliest tokens that have this probability together; all, if not given.")
    private Double topP;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            description = "Draw from so many likeliest tokens; 0, and if not given: all.")
    private Integer topK;

    @Option(
            names = "--repetition-penalty",
            paramLabel = "R",
            description = "What positive logits of tokens that appeared before are divided by; none, if not given.")
    private Double repetitionPenalty;

    @Option(
            names = "--generation-config",
            description =
                    "Take these three, where not given, from the model's generation_config.json, as servers do; the"
                            + " temperature stays the benchmark's.")
    private boolean generationConfig;

    @Option(names = JsonOut.OPTION, description = "Prints scores.json in the place of the table.")
    private boolean json;

    /** Where errors go. */
    PrintWriter err() {
        return spec.commandLine().getErr();
    }

    /** The files, those of folders one by one. */
    List<Path> data() {
        return DataFiles.of(data);
    }

    Path output() {
        return output;
    }

    Path cache() {
        return cache == null ? output.resolve("cache") : cache;
    }

    /** The folder of logs for inspect_ai, where they were asked for. */
    Optional<Path> inspectLog() {
        return Optional.ofNullable(inspectLog)
                .map(given -> given.isEmpty() ? output.resolve("inspect") : Path.of(given));
    }

    /** Whether the base model is evaluated, as the first. */
    boolean base() {
        return base;
    }

    /** Whether scores are for a program to read. */
    boolean json() {
        return json;
    }

    boolean force() {
        return force;
    }

    Path model() {
        return ModelOptions.orEmbedded(model);
    }

    List<Long> seeds() {
        if (new HashSet<>(seeds).size() < seeds.size()) {
            throw new BadInput("--seed names a seed twice: " + seeds);
        }
        return seeds;
    }

    int limit() {
        EvalCommand.require(limit >= 0, "--limit " + limit + ": must not be negative");
        return limit;
    }

    Bootstrap bootstrap() {
        EvalCommand.require(resamples >= 2, "--bootstrap-resamples " + resamples + ": must be at least 2");
        return new Bootstrap(resamples, bootstrapSeed);
    }

    Decoding decoding() {
        EvalCommand.require(topP == null || topP > 0 && topP <= 1, "--top-p " + topP + ": must be above 0, up to 1");
        EvalCommand.require(topK == null || topK >= 0, "--top-k " + topK + ": must not be negative");
        EvalCommand.require(
                repetitionPenalty == null || repetitionPenalty >= 0.01 && repetitionPenalty <= 100,
                "--repetition-penalty " + repetitionPenalty + ": must be from 0.01 to 100");
        return Decoding.of(new Decoding.Given(topP, topK, repetitionPenalty), generationConfig, model());
    }

    /** How the model is asked beyond what the task says. */
    ObjectNode answering() {
        TemplateChoice choice = template.choice();
        ObjectNode all = JsonNodeFactory.instance
                .objectNode()
                .put("chat_template", choice.template())
                .put("chat_template_kwargs", choice.kwargs());
        if (weights != null) {
            all.put("weights", weights.text());
        }
        if (dtype.dtype != AskedDtype.AUTO) {
            all.put("dtype", dtype.dtype.word());
        }
        if (steer.steering() != null) {
            all.put("steer", steer.steering().identity());
        }
        all.setAll(decoding().json());
        return all.put("generation_config", generationConfig);
    }

    EngineRespondent.Settings engine() {
        return engine(model(), weights, template.choice(), decoding(), namedAdapters(), base, false)
                .steered(steer.steering());
    }

    /** The settings of another model that runs beside, such as a judge. */
    EngineRespondent.Settings engine(
            Path other,
            PackedForm form,
            TemplateChoice rendering,
            Decoding choosing,
            List<NamedAdapter> its,
            boolean bare,
            boolean defuse) {
        EvalCommand.require(batchSize >= 1, "--batch-size " + batchSize + ": must be at least 1");
        EvalCommand.require(maxLength >= 2, "--max-length " + maxLength + ": must be at least 2");
        EvalCommand.require(cacheMebibytes >= 1, "--kv-cache-mib " + cacheMebibytes + ": must be at least 1");
        return new EngineRespondent.Settings(
                other,
                form,
                null,
                its,
                bare,
                TakenBackend.of(backend, dtype.dtype, other),
                threads,
                date.atStartOfDay(),
                rendering,
                choosing,
                maxLength,
                batchSize,
                (long) cacheMebibytes << 20,
                defuse);
    }

    private List<NamedAdapter> namedAdapters() {
        List<NamedAdapter> named = new ArrayList<>();
        Set<String> names = new HashSet<>(Set.of("base"));
        for (String adapter : adapters) {
            int equals = adapter.indexOf('=');
            Path given = Path.of(adapter.substring(equals + 1));
            String name = equals > 0 ? adapter.substring(0, equals) : AdapterFolder.name(given);
            if (!names.add(name)) {
                throw new BadInput("--adapter: two are called " + name + "; tell them apart as NAME=DIR");
            }
            named.add(new NamedAdapter(name, AdapterFolder.find(given)));
        }
        return named;
    }

    /** How a stopped evaluation goes on: what was answered and judged is in the cache. */
    String goOn() {
        return Again.same(spec);
    }
}
