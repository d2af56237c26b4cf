package candor.train;

/** How a run ended. */
public sealed interface Outcome {
    /** Optimiser steps done. */
    long step();

    /** All steps are done and the adapter is written. */
    record Done(long step) implements Outcome {}

    /** Somebody asked to stop; a checkpoint of this step was written. */
    record Interrupted(long step) implements Outcome {}

    /**
     * A loss, a gradient or a parameter was not finite; the parameters are never written after that.
     *
     * @param step   steps done
     * @param reason which step and which rows, in one line, and what to do
     */
    record Diverged(long step, String reason) implements Outcome {}
}
