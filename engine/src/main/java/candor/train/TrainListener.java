package candor.train;

import java.util.Map;

/** Who wants to know how training goes: a progress bar, a log. Called on the training thread. */
public interface TrainListener {
    /** Nobody. */
    TrainListener NONE = new TrainListener() {};

    /**
     * Before the first step of this session.
     *
     * @param run that begins, or goes on where it was stopped
     */
    default void started(Run run) {}

    /**
     * After a step.
     *
     * @param run     that took it
     * @param metrics the numbers that went to the log, by their names
     */
    default void step(Run run, Map<String, Number> metrics) {}

    /**
     * A checkpoint is on the disk.
     *
     * @param run whose present step it is of
     */
    default void checkpoint(Run run) {}

    /**
     * The run is over.
     *
     * @param run     that is
     * @param outcome how it ended
     */
    default void ended(Run run, Outcome outcome) {}
}
