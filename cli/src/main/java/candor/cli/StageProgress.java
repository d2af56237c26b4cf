package candor.cli;

import candor.foresee.Screening;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How work in stages goes: a line for each stage. */
final class StageProgress implements Screening.Listener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StageProgress.class);

    private final Bar bar;
    private String stage = "";

    /** @param rows that each stage goes through */
    StageProgress(int rows) {
        bar = Bar.onStderr("rows", 0, rows);
    }

    @Override
    public void at(String now, int done, int all) {
        if (!now.equals(stage)) {
            stage = now;
            LOG.info("{}", now);
        }
        if (bar != null) {
            bar.at(done, List.of(now));
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
