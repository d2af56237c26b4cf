package candor.cli;

import candor.probe.ProbeReading;
import candor.train.Outcome;
import candor.train.Run;
import candor.train.TrainListener;
import candor.train.log.StepLog;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/** Runs that train together, as rows of a terminal: one of each, and below them one of all where they are several. */
final class TrainRows implements TrainListener {
    /** What was last said of a run. */
    private static final class Last {
        final JobRow row;
        /** A probe is asked now and then; what it said stands until it is asked again. */
        final Map<String, Number> metrics = new HashMap<>();

        Last(JobRow row) {
            this.row = row;
        }
    }

    /** Numbers that only some steps have. */
    private static final List<String> NOW_AND_THEN = List.of("eval_loss", ProbeReading.HONESTY, ProbeReading.BELIEF);

    private final JobRows rows;
    private final Map<Run, Last> last = new LinkedHashMap<>();
    /** Null where one run is all. */
    private final JobRow whole;

    /**
     * Shows the runs.
     *
     * @param above whether they stand above rows that are there already, of which the last one tells of the whole
     */
    TrainRows(JobRows rows, List<Run> runs, boolean above) {
        this.rows = rows;
        List<String> names =
                names(runs.stream().map(run -> run.config().output()).toList());
        boolean one = runs.size() == 1;
        for (int i = 0; i < runs.size(); i++) {
            Run run = runs.get(i);
            JobRow row = new JobRow(one && !above ? "" : names.get(i), "steps", run.step(), run.totalSteps());
            rows.show(i, row);
            last.put(run, new Last(row));
        }
        whole = one || above
                ? null
                : rows.add(
                        "all",
                        "steps",
                        done(),
                        runs.stream().mapToLong(Run::totalSteps).sum());
    }

    private long done() {
        return last.keySet().stream().mapToLong(Run::step).sum();
    }

    @Override
    public void step(Run run, Map<String, Number> metrics) {
        Last of = last.get(run);
        of.metrics.putAll(metrics);
        Map<String, Number> shown = new HashMap<>(metrics);
        NOW_AND_THEN.stream().filter(of.metrics::containsKey).forEach(name -> shown.put(name, of.metrics.get(name)));
        of.row.at(run.step(), numbers(shown));
        if (whole != null) {
            double speed = last.values().stream()
                    .map(each -> each.metrics.get(StepLog.TOKENS_PER_SECOND))
                    .mapToDouble(each -> each == null ? 0 : each.doubleValue())
                    .sum();
            whole.at(done(), List.of(speed(speed)));
        }
        Number device = metrics.get(StepLog.DEVICE_MEMORY);
        if (device != null) {
            rows.device(OptionalLong.of(device.longValue() << 20));
        }
    }

    @Override
    public void ended(Run run, Outcome outcome) {
        Last of = last.get(run);
        of.metrics.remove(StepLog.TOKENS_PER_SECOND);
        if (whole != null || last.size() > 1) {
            rows.remove(of.row);
        }
    }

    /** "loss 1.2345", "honesty margin 2.3456", "512 tok/s", "47 % of peak"; those that there are. */
    static List<String> numbers(Map<String, Number> metrics) {
        List<String> numbers = new ArrayList<>();
        numbers.add(number("loss", metrics.get("loss")));
        if (metrics.containsKey("eval_loss")) {
            numbers.add(number("eval loss", metrics.get("eval_loss")));
        }
        if (metrics.containsKey(ProbeReading.HONESTY)) {
            numbers.add(number("honesty margin", metrics.get(ProbeReading.HONESTY)));
        }
        if (metrics.containsKey(ProbeReading.BELIEF)) {
            numbers.add(number("belief margin", metrics.get(ProbeReading.BELIEF)));
        }
        numbers.add(speed(metrics.get(StepLog.TOKENS_PER_SECOND).doubleValue()));
        Number share = metrics.get(StepLog.UTILISATION);
        if (share != null) {
            numbers.add(String.format(Locale.ROOT, "%.0f %% of peak", 100 * share.doubleValue()));
        }
        return numbers;
    }

    static String speed(double tokens) {
        return String.format(Locale.ROOT, "%,.0f tok/s", tokens);
    }

    static String number(String name, Number value) {
        return String.format(Locale.ROOT, "%s %.4f", name, value.doubleValue());
    }

    /** The last names of folders, as few as tell them apart. */
    static List<String> names(List<Path> folders) {
        for (int count = 1; ; count++) {
            int wanted = count;
            List<String> names =
                    folders.stream().map(folder -> lastNames(folder, wanted)).toList();
            boolean whole = folders.stream().allMatch(folder -> folder.getNameCount() <= wanted);
            if (whole || new HashSet<>(names).size() == names.size()) {
                return names;
            }
        }
    }

    private static String lastNames(Path folder, int count) {
        int all = folder.getNameCount();
        return all == 0
                ? folder.toString()
                : folder.subpath(Math.max(0, all - count), all).toString();
    }
}
