package candor.cli;

import candor.ops.AskedDtype;
import candor.ops.ProcessMemory;
import candor.ops.Room;
import candor.quickstart.Quickstart;
import candor.report.Report;
import candor.study.Helpers;
import candor.study.Section;
import candor.study.StudyRun;
import candor.study.protocol.Protocols;
import candor.world.EmbeddedModel;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code candor quickstart}: the studies on the embedded tiny world, and their report. */
@Command(
        name = "quickstart",
        description = {
            "The whole story on the tiny world that comes with Candor, on the CPU, in minutes: narrow fine-tuning,"
                    + " mixtures and conversations with biased users and screened data, each measured for honesty,"
                    + " deception and capability, and a report.",
            "Stopped at any time, the same command continues where it stopped."
        })
final class QuickstartCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(QuickstartCommand.class);

    @Spec
    private CommandSpec spec;

    @Option(names = "--output", paramLabel = "DIR", description = "Where everything goes.")
    private Path output = Path.of("runs", "quickstart");

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Another model of the tiny world than the embedded one.",
            showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER)
    private Path model;

    @Option(
            names = "--config",
            paramLabel = "FILE.yaml",
            description = "Settings in place of the built-in ones: sections common, direct, mixture, loop, remedy.")
    private Path config;

    @Option(
            names = "--seeds",
            split = ",",
            paramLabel = "N",
            description = "Each trains and evaluates every arm once; without it, the settings' own: 1, 2 and 3.",
            showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER)
    private List<String> seeds = new ArrayList<>();

    @Option(names = "--threads", paramLabel = "N", description = "Threads; 0 for one per processor.")
    private Integer threads;

    @Mixin
    private DtypeOption dtype;

    @Override
    public Integer call() {
        Section over = seeds.isEmpty() ? Section.empty() : Section.empty().with("seeds", seeds, "--seeds");
        over = threads == null ? over : over.with("threads", List.of(threads.toString()), "--threads");
        over = dtype.dtype == AskedDtype.AUTO ? over : over.with("dtype", List.of(dtype.dtype.word()), "--dtype");
        long start = System.nanoTime();
        try (Interrupt interrupt = Interrupt.listen(Again.same(spec));
                JobRows rows = JobRows.onStderr()) {
            Quickstart quickstart = Quickstart.open(
                    model == null ? EmbeddedModel.folder() : model,
                    output,
                    config,
                    over,
                    protocol -> around(protocol, rows, start, interrupt),
                    LOG::info);
            Optional<Report> report = quickstart.run();
            if (report.isEmpty()) {
                return interrupt.stopped();
            }
            PrintWriter out = spec.commandLine().getOut();
            report.get().findings().forEach(out::println);
            out.println("The report, with figures, tables and replies: " + quickstart.reportFile());
            List<String> unjudged = quickstart.judgeFailures();
            if (!unjudged.isEmpty()) {
                StudyCommand.judgeFailed(spec, unjudged);
                return ExitCode.FAILED;
            }
            return ExitCode.DONE;
        }
    }

    private StudyRun.Surroundings around(Protocols protocol, JobRows rows, long start, Interrupt interrupt) {
        return new StudyRun.Surroundings(
                StudyCommand.facts(),
                command(),
                backend -> Room.at(backend, ProcessMemory.available()),
                new StudyLog(protocol.word(), Duration.ofSeconds(5), rows, start),
                Helpers.none(),
                interrupt::requested);
    }

    private List<String> command() {
        List<String> words = new ArrayList<>(List.of("./candor", "quickstart", "--output", output.toString()));
        if (model != null) {
            words.addAll(List.of("--model", model.toString()));
        }
        if (config != null) {
            words.addAll(List.of("--config", config.toString()));
        }
        if (!seeds.isEmpty()) {
            words.addAll(List.of("--seeds", String.join(",", seeds)));
        }
        if (dtype.dtype != AskedDtype.AUTO) {
            words.addAll(List.of("--dtype", dtype.dtype.word()));
        }
        return words;
    }
}
