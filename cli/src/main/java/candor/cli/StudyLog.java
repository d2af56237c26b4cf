package candor.cli;

import candor.study.StudyProgress;
import candor.train.Run;
import candor.train.TrainListener;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far a study is: a line at each stage, and every few seconds within it. On a terminal there are rows in place of the latter:
 * one for each run that trains, or for the benchmark that is answered, and the last one for the stage as a whole.
 */
final class StudyLog implements StudyProgress {
    private static final Logger LOG = LoggerFactory.getLogger(StudyLog.class);

    private final String name;
    private final Duration pause;
    private final JobRows rows;
    private final long start;
    private String stage = "";
    private String last = "";
    private long lastAt;

    /** Of the stage as a whole: so many of so many, called so. */
    private record Counted(int done, int of, String unit, List<String> numbers) {}

    private static final Counted NOTHING = new Counted(0, 0, "", List.of());

    private long seen;

    private final JobRow whole;
    private final JobRow work = new JobRow("", "", 0, 0);
    private final AnswerRow working;
    private Counted counted = NOTHING;
    /** Of what is counted, how many are at work together. */
    private int together = 1;
    /** Whether any of it was worked at: what was done by an earlier start says nothing of how long the rest takes. */
    private boolean begun;

    private Supplier<OptionalLong> device = OptionalLong::empty;
    /** Null unless runs are training. */
    private TrainRows training;

    StudyLog(String name, Duration pause, JobRows rows) {
        this(name, pause, rows, System.nanoTime());
    }

    /**
     * Of one study.
     *
     * @param rows  whoever has them closes them
     * @param start from when on time is told, by {@link System#nanoTime}
     */
    StudyLog(String name, Duration pause, JobRows rows, long start) {
        this.name = name;
        this.pause = pause;
        this.rows = rows;
        this.start = start;
        whole = new JobRow(name, "", 0, 0);
        working = new AnswerRow(rows, work, "", () -> device.get());
    }

    @Override
    public void stage(String now) {
        line(now);
        training = null;
        rows.only(whole);
        if (!now.equals(stage)) {
            stage = now;
            counted = NOTHING;
            begun = false;
            whole.begin(name + ", " + now, "", 0, 0);
        }
    }

    @Override
    public void trained(int arms, int ofArms, int runs, int ofRuns) {
        count(new Counted(
                runs,
                ofRuns,
                ofRuns == 1 ? "run" : "runs",
                List.of(arms + "/" + ofArms + (ofArms == 1 ? " arm" : " arms"))));
    }

    @Override
    public void evaluated(int done, int of) {
        count(new Counted(done, of, of == 1 ? "evaluation" : "evaluations", List.of()));
    }

    private void count(Counted now) {
        counted = now;
        together = 1;
        whole(0);
    }

    private void whole(double part) {
        if (begun) {
            whole.at(counted.done, part, counted.numbers);
        } else {
            whole.begin(name + ", " + stage, counted.unit, counted.done, part, counted.of);
            whole.at(counted.done, part, counted.numbers);
        }
    }

    @Override
    public TrainListener training(List<Run> runs) {
        rows.only(whole);
        together = runs.size();
        training = new TrainRows(rows, runs, true);
        return training;
    }

    @Override
    public void at(String what, long done, long of) {
        if (rows.shown()) {
            show(what, done, of);
            return;
        }
        long now = System.nanoTime();
        boolean told = what.equals(last) && done == seen; // runs of a group end one after another, with the same step
        seen = done;
        if (of > 0 && !told && (!what.equals(last) && done > 0 || done == of || now - lastAt >= pause.toNanos())) {
            last = what;
            lastAt = now;
            line(what + ": " + done + " of " + of);
        }
    }

    private void show(String what, long done, long of) {
        if (of == 0) {
            return;
        }
        if (training == null) {
            rows.show(0, work);
            working.at(what, done, of);
        }
        if (counted.of > 0) {
            whole(Math.min(1, done / (double) of) * together);
            begun = true;
        }
    }

    @Override
    public void said(int tokens) {
        working.said(tokens);
    }

    @Override
    public void device(Supplier<OptionalLong> bytes) {
        device = bytes;
    }

    private void line(String text) {
        long seconds = (System.nanoTime() - start) / 1_000_000_000L;
        LOG.info("{}", String.format(Locale.ROOT, "[%d:%02d] %s, %s", seconds / 60, seconds % 60, name, text));
    }
}
