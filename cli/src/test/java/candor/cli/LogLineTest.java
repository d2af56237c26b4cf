package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import org.junit.jupiter.api.Test;

class LogLineTest {
    private final LoggerContext context = new LoggerContext();

    private String line(Level level, Throwable thrown) {
        LogLine layout = new LogLine();
        layout.setContext(context);
        Logger logger = context.getLogger("candor.x");
        return layout.doLayout(new LoggingEvent("x", logger, level, "rows: {}", thrown, new Object[] {7}));
    }

    @Test
    void timeLevelAndMessage() {
        assertThat(line(Level.INFO, null)).matches("\\d\\d:\\d\\d:\\d\\d INFO  rows: 7\\R");
        assertThat(line(Level.ERROR, null)).matches("\\d\\d:\\d\\d:\\d\\d ERROR rows: 7\\R");
    }

    @Test
    void theNameOfTheProcess() {
        context.putProperty(LogLine.PROCESS, "process 3: ");
        assertThat(line(Level.WARN, null)).endsWith(" WARN  process 3: rows: 7" + System.lineSeparator());
    }

    @Test
    void whatWasThrownFollows() {
        assertThat(line(Level.ERROR, new IllegalStateException("odd")))
                .contains("rows: 7", "java.lang.IllegalStateException: odd", "at candor.cli.LogLineTest");
    }

    @Test
    void logsOfOursAreHeardAndThoseOfLibrariesOnlyWhenSomethingIsWrong() {
        new LogSetup().configure(context);
        assertThat(context.getLogger("candor.train").isInfoEnabled()).isTrue();
        assertThat(context.getLogger("candor.train").isDebugEnabled()).isFalse();
        assertThat(context.getLogger("io.netty").isWarnEnabled()).isTrue();
        assertThat(context.getLogger("io.netty").isInfoEnabled()).isFalse();
        assertThat(context.getLogger("ai.djl").isWarnEnabled()).isFalse();
    }
}
