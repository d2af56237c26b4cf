package candor.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;

/** How much is logged. {@code logback.xml} says where to and in which shape. */
final class Logs {
    private Logs() {}

    static void verbose() {
        ((Logger) LoggerFactory.getLogger("candor")).setLevel(Level.DEBUG);
    }
}
