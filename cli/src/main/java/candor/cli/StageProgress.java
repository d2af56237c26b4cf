package candor.cli;

import candor.foresee.Screening;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How work in stages goes: a line for each stage, and on a terminal a row for how far it is. */
final class StageProgress implements Screening.Listener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StageProgress.class);

    private final JobRows rows = JobRows.onStderr();
    private final AnswerRow row;
    private String stage = "";

    /** @param device bytes of its memory; asked on the thread that tells */
    StageProgress(Supplier<OptionalLong> device) {
        row = new AnswerRow(rows, rows.add("", "", 0, 0), "", device);
    }

    @Override
    public void at(String now, int done, int all) {
        if (!now.equals(stage)) {
            stage = now;
            LOG.info("{}", now);
        }
        row.at(now, done, all);
    }

    @Override
    public void close() {
        rows.close();
    }
}
