package candor.cli;

import candor.study.StudyProgress;
import java.time.Duration;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How far a study is: a line at each stage, and every few seconds within it. */
final class StudyLog implements StudyProgress {
    private static final Logger LOG = LoggerFactory.getLogger(StudyLog.class);

    private final String name;
    private final Duration pause;
    private final long start;
    private String last = "";
    private long lastAt;

    StudyLog(String name, Duration pause) {
        this(name, pause, System.nanoTime());
    }

    /** @param start from when on time is told, by {@link System#nanoTime} */
    StudyLog(String name, Duration pause, long start) {
        this.start = start;
        this.name = name;
        this.pause = pause;
    }

    @Override
    public void stage(String stage) {
        line(stage);
    }

    @Override
    public void at(String what, long done, long of) {
        long now = System.nanoTime();
        if (of > 0 && (!what.equals(last) && done > 0 || done == of || now - lastAt >= pause.toNanos())) {
            last = what;
            lastAt = now;
            line(what + ": " + done + " of " + of);
        }
    }

    private void line(String text) {
        long seconds = (System.nanoTime() - start) / 1_000_000_000L;
        LOG.info("{}", String.format(Locale.ROOT, "[%d:%02d] %s, %s", seconds / 60, seconds % 60, name, text));
    }
}
