package candor.bindings;

import java.nio.file.Files;
import java.nio.file.Path;

/** How the program came to be here, and so what can be done about what it lacks. */
public enum Installation {
    /** The sources, whose launcher builds them. */
    CHECKOUT,
    /** A release: what was not packed cannot be built there. */
    RELEASE,
    /** Jars that another program has. */
    LIBRARY;

    /** The system property by which both launchers name their folder. */
    private static final String HOME = "candor.home";

    /** This program's. */
    public static Installation here() {
        String home = System.getProperty(HOME);
        if (home == null) {
            return LIBRARY;
        }
        return Files.exists(Path.of(home, "mvnw")) ? CHECKOUT : RELEASE;
    }
}
