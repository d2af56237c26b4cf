package candor.cli;

import candor.BadInput;
import candor.comm.Communicator;
import candor.evaluate.ask.Stopped;
import candor.ops.Backend;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.ops.ProcessMemory;
import candor.ops.Room;
import candor.study.Helpers;
import candor.study.HelpingProcess;
import candor.study.Schema;
import candor.study.Section;
import candor.study.StudyConfig;
import candor.study.StudyFile;
import candor.study.StudyPlan;
import candor.study.StudyProgress;
import candor.study.StudyRun;
import candor.study.loop.ScenarioWriter;
import candor.study.protocol.Presets;
import candor.study.protocol.Protocols;
import candor.study.slurm.SlurmJobs;
import candor.world.EmbeddedModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code candor study}: runs a protocol. One subcommand a protocol; the work is {@link candor.study}'s. */
@Command(name = "study", description = "Runs a protocol: arms × seeds × (train, evaluate).")
final class StudyCommand implements Callable<Integer>, CommandGroup {
    private static final Logger LOG = LoggerFactory.getLogger(StudyCommand.class);
    private static final int MOST_PARTS_NAMED = 12;
    private static final String PRESET = "preset";

    @Spec
    private CommandSpec spec;

    @Override
    public List<String> names() {
        return Stream.concat(protocols().map(Protocols::word), Stream.of(PRESET))
                .toList();
    }

    @Override
    public CommandLine build(String name) {
        if (name.equals(PRESET)) {
            return new CommandLine(new StudyPresetCommand());
        }
        Protocols protocol =
                protocols().filter(each -> each.word().equals(name)).findFirst().orElseThrow();
        CommandLine runs = new CommandLine(new Runs(protocol));
        runs.getCommandSpec().usageMessage().description(protocol.description());
        return runs;
    }

    private static Stream<Protocols> protocols() {
        return Stream.of(Protocols.values());
    }

    @Override
    public Integer call() {
        return CommandNames.needed(spec.commandLine());
    }

    /** Runs one protocol. */
    @Command
    private static final class Runs implements Callable<Integer>, Processes.Divided {
        private final Protocols protocol;
        private Helpers helpers;

        @Spec
        private CommandSpec spec;

        @Option(
                names = "--config",
                paramLabel = "FILE.yaml",
                description = "The study's settings, in sections; they win over --preset, and flags win over them.")
        private Path config;

        @Option(
                names = "--preset",
                paramLabel = "NAME",
                description = "The paper's settings for a model: ${COMPLETION-CANDIDATES}.",
                completionCandidates = PresetNames.class)
        private String preset;

        @Option(
                names = "--model",
                paramLabel = "DIR",
                description =
                        "The base model's folder, or its name on the Hub, ORG/NAME; without it, the embedded model of"
                                + " the tiny world.")
        private String model;

        @Option(
                names = "--output",
                paramLabel = "DIR",
                description = "The study's folder; started again with it, the study continues.")
        private String output;

        @Option(
                names = "--seeds",
                split = ",",
                paramLabel = "N",
                description = "Each trains and evaluates every arm once.")
        private List<String> seeds = new ArrayList<>();

        @Option(
                names = "--set",
                paramLabel = "KEY=VALUE",
                description =
                        "Any setting of the file, such as train.learning_rate=1e-4; commas separate the values of a"
                                + " list.")
        private List<String> sets = new ArrayList<>();

        @Option(names = "--dry-run", description = "Prints arms, tokens, memory and time, and does nothing.")
        private boolean dryRun;

        @Option(
                names = DeviceMemory.OPTION,
                paramLabel = DeviceMemory.LABEL,
                description = "With --dry-run: " + DeviceMemory.HELP)
        private String deviceMemory;

        @Option(
                names = "--only-data",
                description = "Makes the training sets and ends; groups that run in parallel need them.")
        private boolean onlyData;

        @Option(
                names = "--only-group",
                paramLabel = "N",
                description = "Trains and evaluates one group of runs only, while other processes do others; the same"
                        + " command without it then collects the results.")
        private Integer onlyGroup;

        @Option(
                names = "--write-scenarios",
                paramLabel = "FILE",
                description =
                        "study loop: the models of the section writer write scenarios to this file, and nothing else"
                                + " is done. What was written before a stop is kept beside it, in FILE.journal.")
        private Path writeScenarios;

        @Option(
                names = "--launcher",
                paramLabel = "local|slurm",
                description =
                        "Here and now, or as jobs: an array with a task for each group of runs, and one that collects"
                                + " the results. Safe to run again.")
        private Launcher launcher = Launcher.LOCAL;

        @Option(
                names = "--sbatch",
                paramLabel = "OPTION",
                description = "An option of sbatch for every job, such as --sbatch=--partition=gpu; more than once.")
        private List<String> sbatch = new ArrayList<>();

        @Option(
                names = "--slurm-template",
                paramLabel = "FILE",
                description = "A job script in place of the built-in one, which --dry-run prints.")
        private Path slurmTemplate;

        /** Who runs a study's parts. */
        enum Launcher {
            LOCAL,
            SLURM
        }

        Runs(Protocols protocol) {
            this.protocol = protocol;
        }

        @Override
        public Integer call() {
            Communicator comm = Processes.joined();
            if (!comm.leads()) {
                return help(comm);
            }
            helpers = new Helpers(comm);
            int code = lead();
            helpers.end();
            return code;
        }

        /** Does its share of what the first process has begun. */
        private int help(Communicator comm) {
            try (Interrupt interrupt = Interrupt.listen(Again.same(spec));
                    HelpingProcess helping =
                            new HelpingProcess(comm, facts(), backend -> room(comm, backend), interrupt::requested)) {
                helping.serve();
                return interrupt.requested() ? interrupt.stopped() : ExitCode.DONE;
            }
        }

        /** What there is for each process of this machine. */
        private static Room room(Communicator comm, BackendDescriptor backend) {
            return Room.at(backend, ProcessMemory.available() / comm.localSize());
        }

        private int lead() {
            refuseTogether();
            Section given = given();
            if (launcher == Launcher.SLURM) {
                return submit(given);
            }
            if (!sbatch.isEmpty() || slurmTemplate != null) {
                throw new BadInput("--sbatch and --slurm-template belong to --launcher slurm");
            }
            if (dryRun) {
                return plan(given);
            }
            if (deviceMemory != null) {
                throw new BadInput(DeviceMemory.OPTION + ": belongs to --dry-run");
            }
            if (writeScenarios != null) {
                return scenarios(given);
            }
            StudyConfig study = protocol.config(given);
            try (Interrupt interrupt = Interrupt.listen(Again.same(spec));
                    JobRows rows = JobRows.onStderr()) {
                StudyRun run = run(study, log(rows), interrupt::requested);
                StudyRun.Ended ended =
                        onlyData ? run.prepareOnly() : onlyGroup != null ? run.runGroup(onlyGroup) : run.run();
                return switch (ended) {
                    case DONE -> {
                        spec.commandLine().getOut().println(study.output());
                        yield ExitCode.DONE;
                    }
                    case JUDGE_FAILED -> {
                        spec.commandLine().getOut().println(study.output());
                        judgeFailed(spec, run.judgeFailures());
                        yield ExitCode.FAILED;
                    }
                    case INTERRUPTED -> interrupt.stopped();
                };
            }
        }

        /** Of two options that ask for different things, neither is passed over in silence. */
        private void refuseTogether() {
            boolean slurm = launcher == Launcher.SLURM;
            refuse(slurm && writeScenarios != null, "--launcher slurm", "--write-scenarios");
            refuse(slurm && deviceMemory != null, "--launcher slurm", DeviceMemory.OPTION);
            refuse(writeScenarios != null && dryRun, "--write-scenarios", "--dry-run");
            refuse(onlyData && onlyGroup != null, "--only-data", "--only-group");
        }

        private static void refuse(boolean both, String one, String other) {
            if (both) {
                throw new BadInput(one + " and " + other + " do not go together; remove one of them");
            }
        }

        private StudyLog log(JobRows rows) {
            return new StudyLog(protocol.word(), Duration.ofSeconds(10), rows);
        }

        private StudyRun run(StudyConfig study, StudyProgress progress, BooleanSupplier stop) {
            TakenBackend.tell(study.taken());
            return new StudyRun(
                    study,
                    protocol.open(study),
                    new StudyRun.Surroundings(
                            facts(), command(), backend -> room(Processes.joined(), backend), progress, helpers, stop));
        }

        /** Needs no folder of a study: what it writes is one file. */
        private int scenarios(Section given) {
            if (protocol != Protocols.LOOP) {
                throw new BadInput("--write-scenarios: belongs to study loop");
            }
            String folder = writeScenarios.toAbsolutePath().getParent().toString();
            StudyConfig study = protocol.config(given.with("output", List.of(folder), "--write-scenarios"));
            try (Interrupt interrupt = Interrupt.listen(Again.same(spec));
                    JobRows rows = JobRows.onStderr()) {
                try {
                    ScenarioWriter.write(study, writeScenarios, log(rows), helpers, interrupt::requested);
                } catch (Stopped stopped) {
                    return interrupt.stopped();
                }
                spec.commandLine().getOut().println(writeScenarios);
                return ExitCode.DONE;
            }
        }

        private int submit(Section given) {
            if (onlyData || onlyGroup != null) {
                throw new BadInput("--launcher slurm submits all parts; leave out --only-data and --only-group");
            }
            String home = System.getProperty("candor.home");
            if (home == null) {
                throw new BadInput("--launcher slurm: start the program as ./candor, so that its jobs can call it");
            }
            StudyConfig study = protocol.config(given);
            StudyRun run = run(study, StudyProgress.NONE, () -> false);
            List<String> words = new ArrayList<>(command());
            words.set(0, Path.of(home, "candor").toString());
            if (StudyConfig.askedBackend(given).isEmpty()) {
                // Nodes may differ; the parts of a study may not.
                words.addAll(List.of("--set", "backend=" + study.backend().name()));
            }
            if (study.backend().roundsOperandsAlone()) {
                words.addAll(List.of("--set", "dtype=" + study.backend().dtype()));
            }
            Path here = Path.of("").toAbsolutePath();
            SlurmJobs jobs = new SlurmJobs(
                    new SlurmJobs.Settings(
                            "candor-" + protocol.word(),
                            here,
                            words,
                            here.resolve(study.output()).normalize().resolve("slurm"),
                            slurmTemplate,
                            sbatch),
                    run.unfinishedGroups());
            spec.commandLine().getOut().println(dryRun ? jobs.preview() : jobs.submit());
            return ExitCode.DONE;
        }

        private Section given() {
            Schema schema = protocol.schema();
            Section given = preset == null ? Section.empty() : Presets.read(protocol, preset);
            given = config == null
                    ? given
                    : given.overriddenBy(StudyFile.read(config).named(schema, LOG::info));
            for (String set : sets) {
                given = given.with(set, schema, LOG::info);
            }
            given = model == null ? given : given.with("model", List.of(model), "--model");
            given = output == null ? given : given.with("output", List.of(output), "--output");
            given = seeds.isEmpty() ? given : given.with("seeds", seeds, "--seeds");
            given = given.keys().contains("model")
                    ? given
                    : given.with("model", List.of(EmbeddedModel.folder().toString()), "--model");
            return HubNames.resolve(given, spec);
        }

        /** In a folder that passes: a plan leaves nothing behind. */
        private int plan(Section given) {
            Path folder = null;
            try {
                folder = Files.createTempDirectory("candor-plan");
                Section there = given.with("output", List.of(folder.toString()), "--output");
                Optional<BackendDescriptor> asked = StudyConfig.askedBackend(there);
                Optional<BackendDescriptor> planned = DeviceMemory.backend(deviceMemory, asked);
                there = planned.equals(asked)
                        ? there
                        : there.with("backend", List.of(planned.orElseThrow().name()), DeviceMemory.OPTION);
                StudyConfig study = protocol.config(there);
                StudyRun run = new StudyRun(
                        study,
                        protocol.open(study),
                        new StudyRun.Surroundings(
                                facts(),
                                command(),
                                backend -> DeviceMemory.room(deviceMemory, backend),
                                StudyProgress.NONE,
                                helpers,
                                () -> false));
                TakenBackend.tell(study.taken());
                StudyPlan plan = run.plan();
                if (deviceMemory != null) {
                    print(plan, null);
                    return ExitCode.DONE;
                }
                try (Backend backend = Backends.open(study.backend(), study.threads())) {
                    print(plan, Probe.measure(backend, work(plan.shape())));
                }
                return ExitCode.DONE;
            } catch (IOException e) {
                throw new BadInput("the folder of temporary files cannot be written: " + e.getMessage(), e);
            } finally {
                delete(folder);
            }
        }

        private void print(StudyPlan plan, Rates rates) {
            PrintWriter out = spec.commandLine().getOut();
            out.printf("%-28s %5s %10s %12s %8s%n", "arm", "seeds", "rows", "tokens", "steps");
            for (StudyPlan.ArmPlan arm : plan.arms()) {
                out.printf(
                        Locale.ROOT,
                        "%-28s %5d %,10d %,12d %,8d%n",
                        arm.name(),
                        arm.seeds(),
                        arm.rows(),
                        arm.tokens(),
                        arm.steps());
            }
            boolean gpu = plan.deviceBytes() > 0;
            out.printf(
                    "%n%-28s %5s %14s %14s %12s%n",
                    "training group", "runs", "memory here", gpu ? "of the GPU" : "", "time, about");
            for (StudyPlan.GroupPlan group : plan.groups()) {
                out.printf(
                        Locale.ROOT,
                        "%-28d %5d %14s %14s %12s%n",
                        group.number(),
                        group.runs(),
                        mebibytes(group.host().total()),
                        gpu ? mebibytes(group.device().total()) : "",
                        time(rates, r -> r.training(group.tokens(), group.freeTokens())));
            }
            out.printf(
                    "%n%-28s %8s %12s %14s %10s %12s%n",
                    "benchmark", "rows", "replies", "new tokens ≤", "scored", "time ≤");
            for (StudyPlan.BenchmarkPlan benchmark : plan.benchmarks()) {
                out.printf(
                        Locale.ROOT,
                        "%-28s %,8d %,12d %,14d %,10d %12s%n",
                        benchmark.name(),
                        benchmark.rows(),
                        benchmark.replies(),
                        benchmark.newTokens(),
                        benchmark.scored(),
                        time(rates, r -> r.answering(benchmark)));
            }
            out.printf(
                    Locale.ROOT,
                    "%nin all: %d training groups, %s of this machine's memory at most (answering takes %s)%s, about"
                            + " %s of training and up to %s of answering here%n",
                    plan.groups().size(),
                    mebibytes(plan.hostBytes()),
                    mebibytes(plan.answering().host().total()),
                    gpu
                            ? ", " + mebibytes(plan.deviceBytes()) + " of the GPU's (answering takes "
                                    + mebibytes(plan.answering().device().total()) + ")"
                            : "",
                    time(rates, r -> plan.groups().stream()
                            .mapToDouble(group -> r.training(group.tokens(), group.freeTokens()))
                            .sum()),
                    time(rates, r -> plan.benchmarks().stream()
                            .mapToDouble(r::answering)
                            .sum()));
        }

        private static String mebibytes(long bytes) {
            return String.format(Locale.ROOT, "%,d MiB", Math.ceilDiv(bytes, 1L << 20));
        }

        /** A time, or a dash where nobody has measured. */
        private static String time(Rates rates, ToDoubleFunction<Rates> seconds) {
            return rates == null ? "-" : Rates.time(seconds.applyAsDouble(rates));
        }

        private static Probe.Work work(StudyPlan.Shape shape) {
            return new Probe.Work(
                    shape.model(),
                    shape.lora(),
                    shape.recomputation(),
                    shape.rowTokens(),
                    shape.passTokens(),
                    shape.sequences());
        }

        private static void delete(Path folder) {
            if (folder == null) {
                return;
            }
            try (var files = Files.walk(folder)) {
                for (Path file :
                        files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** What repeats the study, whatever part of it this call did. */
        private List<String> command() {
            List<String> words = new ArrayList<>(List.of("./candor", "study", protocol.word()));
            add(words, "--preset", preset);
            add(words, "--config", config == null ? null : config.toString());
            add(words, "--model", model);
            add(words, "--output", output);
            add(words, "--seeds", seeds.isEmpty() ? null : String.join(",", seeds));
            sets.forEach(set -> add(words, "--set", set));
            return words;
        }

        private static void add(List<String> words, String flag, String value) {
            if (value != null) {
                words.add(flag);
                words.add(value);
            }
        }
    }

    /** Says of which parts the judge said too little, and what there is to do. */
    static void judgeFailed(CommandSpec spec, List<String> parts) {
        PrintWriter err = spec.commandLine().getErr();
        parts.stream().limit(MOST_PARTS_NAMED).forEach(err::println);
        if (parts.size() > MOST_PARTS_NAMED) {
            err.println("and " + (parts.size() - MOST_PARTS_NAMED) + " more");
        }
        err.println("error: the judge failed on more rows of " + parts.size()
                + (parts.size() == 1 ? " part" : " parts")
                + " than judge.max_failures allows; all results are written. The same command asks again for answers"
                + " that did not come. Where answers were cut or malformed, give the judge more judge.max_tokens, or"
                + " choose another judge, with another output and the same cache; or raise judge.max_failures");
    }

    /** For the help. */
    private static final class PresetNames extends ArrayList<String> {
        private static final long serialVersionUID = 1L;

        PresetNames() {
            super(Presets.NAMES);
        }
    }

    static Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("candor", Version.project());
        Version.commit().ifPresent(commit -> facts.put("commit", commit));
        return facts;
    }
}
