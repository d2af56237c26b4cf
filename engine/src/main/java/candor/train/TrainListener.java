package candor.train;

import java.util.Map;

/** Who wants to know how training goes: a progress bar, a log. Called on the training thread. */
public interface TrainListener {
    /** Nobody. */
    TrainListener NONE = new TrainListener() {};

    /** Before the first step of this session. */
    default void started(Run run) {}

    /** After a step, with the numbers that went to the log. */
    default void step(Run run, Map<String, Number> metrics) {}

    /** A checkpoint of the run's present step is on the disk. */
    default void checkpoint(Run run) {}

    /** The run is over. */
    default void ended(Run run, Outcome outcome) {}
}
