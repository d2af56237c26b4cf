package candor.study;

import candor.evaluate.ask.Stopped;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/**
 * Where a protocol prepares its data.
 *
 * @param data the folder for it; treatments name files in it
 * @param helpers other processes, which share in what models say
 * @param stop asked between pieces of work; once true, {@link Stopped} is to be thrown soon
 */
public record Workplace(StudyConfig config, Path data, StudyProgress progress, Helpers helpers, BooleanSupplier stop) {
    /** Goes on unless the user asked to stop. */
    public void requireGoingOn() {
        if (stop.getAsBoolean()) {
            throw new Stopped();
        }
    }
}
