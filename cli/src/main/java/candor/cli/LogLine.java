package candor.cli;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;

/** {@code 12:34:56 INFO  what is said}, behind it the stack trace of what was thrown. Several processes are told apart by their names. */
final class LogLine extends LayoutBase<ILoggingEvent> {
    /** The context's property that holds the name of this process, where it has one. */
    static final String PROCESS = "process";

    private static final int LEVEL_COLUMNS = 5;

    @Override
    public String doLayout(ILoggingEvent event) {
        LocalTime time = LocalTime.ofInstant(Instant.ofEpochMilli(event.getTimeStamp()), ZoneId.systemDefault());
        String level = event.getLevel().toString();
        String process = getContext().getProperty(PROCESS);
        StringBuilder line = new StringBuilder();
        two(line, time.getHour()).append(':');
        two(line, time.getMinute()).append(':');
        two(line, time.getSecond()).append(' ');
        line.append(level).append(" ".repeat(Math.max(0, LEVEL_COLUMNS - level.length())));
        line.append(' ')
                .append(process == null ? "" : process)
                .append(event.getFormattedMessage())
                .append(System.lineSeparator());
        return event.getThrowableProxy() == null
                ? line.toString()
                : line + ThrowableProxyUtil.asString(event.getThrowableProxy());
    }

    private static StringBuilder two(StringBuilder line, int number) {
        return line.append((char) ('0' + number / 10)).append((char) ('0' + number % 10));
    }
}
