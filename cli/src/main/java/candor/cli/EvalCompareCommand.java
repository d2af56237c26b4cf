package candor.cli;

import candor.BadInput;
import candor.evaluate.Closing;
import candor.evaluate.Comparison;
import candor.evaluate.Evaluated;
import candor.evaluate.EvaluationFiles;
import candor.stats.Bootstrap;
import candor.stats.McNemar;
import candor.stats.PValue;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Two evaluations of the same rows, row by row. */
@Command(
        name = "compare",
        description = "Two evaluations on the same rows: differences with intervals, tests, and what they say.")
final class EvalCompareCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "A", description = "Folder of an evaluation.")
    private Path a;

    @Parameters(index = "1", paramLabel = "B", description = "Folder of another, or of the same.")
    private Path b;

    @Option(names = "--subject-a", paramLabel = "NAME", description = "Which subject of A; needed where A has several.")
    private String subjectA;

    @Option(names = "--subject-b", paramLabel = "NAME", description = "Which subject of B; needed where B has several.")
    private String subjectB;

    @Option(names = "--output", paramLabel = "FILE", description = "Writes the comparison as JSON too.")
    private Path output;

    @Option(names = "--bootstrap-resamples", paramLabel = "N", description = "Resamples of the bootstrap.")
    private int resamples = Bootstrap.DEFAULT.resamples();

    @Option(names = "--bootstrap-seed", paramLabel = "N", description = "Seed of the bootstrap.")
    private long bootstrapSeed = Bootstrap.DEFAULT.seed();

    @Override
    public Integer call() {
        EvalCommand.require(resamples >= 2, "--bootstrap-resamples " + resamples + ": must be at least 2");
        Evaluated first = Evaluated.read(a);
        Evaluated second = Evaluated.read(b);
        Comparison comparison = Comparison.of(
                first,
                subject(first, subjectA, "--subject-a"),
                second,
                subject(second, subjectB, "--subject-b"),
                new Bootstrap(resamples, bootstrapSeed));
        if (output != null) {
            EvaluationFiles.write(output, comparison.json());
        }
        print(comparison);
        return ExitCode.DONE;
    }

    private static String subject(Evaluated evaluated, String wanted, String option) {
        List<String> subjects = evaluated.subjects();
        if (wanted == null && subjects.size() != 1) {
            throw new BadInput(
                    evaluated.folder() + ": has several subjects; say which with " + option + ": " + subjects);
        }
        return wanted == null ? subjects.getFirst() : wanted;
    }

    private static void print(Comparison comparison) {
        comparison.notes().forEach(note -> System.out.println("note: " + note));
        if (comparison.onlyA() + comparison.onlyB() > 0) {
            System.out.println(
                    "note: rows without a partner: " + comparison.onlyA() + " of A, " + comparison.onlyB() + " of B");
        }
        String row = "%-28s %-24s %9s %9s %9s %7s  %-20s %8s %8s %9s %s%n";
        System.out.printf(
                Locale.ROOT,
                row,
                "subset",
                "measure",
                "A",
                "B",
                "B - A",
                "rows",
                "95 % interval",
                "p",
                "p boot.",
                "McNemar",
                "A/B only");
        for (Comparison.Line line : comparison.lines()) {
            var paired = line.paired();
            System.out.printf(
                    Locale.ROOT,
                    row,
                    line.subset(),
                    line.measure(),
                    EvalRun.number(paired.a()),
                    EvalRun.number(paired.b()),
                    EvalRun.number(paired.difference().value()),
                    paired.rows(),
                    EvalRun.interval(paired.difference().interval()),
                    PValue.of(paired.difference().p()),
                    PValue.of(paired.bootstrapP()),
                    tests(line.mcNemar()),
                    tables(line.mcNemar()));
        }
        Closing.of(List.of(comparison)).forEach(System.out::println);
    }

    private static String tests(Map<Long, McNemar> tables) {
        return tables.isEmpty()
                ? "–"
                : String.join(
                        ",",
                        tables.values().stream()
                                .map(table -> PValue.of(table.exactP()))
                                .toList());
    }

    private static String tables(Map<Long, McNemar> tables) {
        return String.join(
                ",",
                tables.values().stream()
                        .map(table -> table.onlyA() + "/" + table.onlyB())
                        .toList());
    }
}
