package candor.cli;

import candor.BadInput;
import candor.check.OpCheck;
import candor.check.Result;
import candor.ops.Backend;
import candor.ops.Backends;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Judges every operation of a backend against float64, and prints a row for each case. */
@Command(name = "check", description = "Every operation of a backend against float64.")
final class CheckCommand implements Callable<Integer> {
    private static final String ROW = "%-17s %-72s %9s %9s  %s%n";

    @Option(names = "--backend", paramLabel = "NAME", description = TakenBackend.HELP)
    private String backend = "auto";

    @Mixin
    private DtypeOption dtype;

    @Option(names = "--threads", paramLabel = "N", description = "Threads of the CPU backend; 0 for one per processor.")
    private int threads;

    @Option(
            names = "--op",
            paramLabel = "NAME",
            arity = "1..*",
            description = "Only these operations, such as linear or attentionBackward. Without it, all of them.")
    private List<String> operations = new ArrayList<>();

    @Override
    public Integer call() {
        Set<String> chosen = chosen();
        try (Backend opened = Backends.open(
                Backends.asked(backend, dtype.dtype)
                        .orElseGet(() -> TakenBackend.tell(Backends.choose(null, false, dtype.dtype))),
                threads)) {
            return check(opened, chosen, System.out);
        }
    }

    private Set<String> chosen() {
        for (String operation : operations) {
            if (!OpCheck.operations().contains(operation)) {
                throw new BadInput("--op " + operation + ": no such operation; there are "
                        + String.join(", ", OpCheck.operations()));
            }
        }
        return operations.isEmpty() ? OpCheck.operations() : new LinkedHashSet<>(operations);
    }

    static int check(Backend backend, Set<String> operations, PrintStream out) {
        Map<Result.Verdict, Integer> counts = new EnumMap<>(Result.Verdict.class);
        out.printf(Locale.ROOT, "%s: %s%n", backend.name(), backend.description());
        out.printf(Locale.ROOT, ROW, "op", "case", "error", "bound", "verdict");
        OpCheck.run(backend, operations, result -> {
            counts.merge(result.verdict(), 1, Integer::sum);
            out.printf(
                    Locale.ROOT,
                    ROW,
                    result.op(),
                    result.text(),
                    number(result.error()),
                    number(result.bound()),
                    result.reason().isEmpty() ? result.verdict() : result.verdict() + ": " + result.reason());
        });
        int failed = counts.getOrDefault(Result.Verdict.FAIL, 0);
        out.printf(
                Locale.ROOT,
                "%d passed, %d failed, %d skipped%n",
                counts.getOrDefault(Result.Verdict.PASS, 0),
                failed,
                counts.getOrDefault(Result.Verdict.SKIP, 0));
        return failed == 0 ? ExitCode.DONE : ExitCode.FAILED;
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.2e", value);
    }
}
