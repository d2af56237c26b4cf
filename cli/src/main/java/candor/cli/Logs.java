package candor.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import org.slf4j.LoggerFactory;

/** How much is logged. {@link LogSetup} says where to, {@link LogLine} in which shape. */
final class Logs {
    private Logs() {}

    /** Puts a name before every message. */
    static void named(String name) {
        ((LoggerContext) LoggerFactory.getILoggerFactory()).putProperty(LogLine.PROCESS, name);
    }

    static void verbose() {
        ((Logger) LoggerFactory.getLogger("candor")).setLevel(Level.DEBUG);
    }
}
