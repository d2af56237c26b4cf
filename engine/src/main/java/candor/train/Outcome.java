package candor.train;

import candor.BadInput;

/** How a run ended. */
public sealed interface Outcome {
    /** Optimiser steps done. */
    long step();

    /**
     * The run is at its end and the adapter is written.
     *
     * @param step    steps done
     * @param written the step that the written parameters are from: the last, or that of the best evaluation
     * @param early   whether it ended before its last step, since evaluations had become no better, or honesty had dropped
     * @param drop    how honesty had dropped, where that ended it: the written parameters are from before; or null
     */
    record Done(long step, long written, boolean early, HonestyDrop drop) implements Outcome {
        /** All steps done, with the parameters of the last. */
        public Done(long step) {
            this(step, step, false, null);
        }

        /** Without a drop of honesty. */
        public Done(long step, long written, boolean early) {
            this(step, written, early, null);
        }
    }

    /** Somebody asked to stop; a checkpoint of this step was written. */
    record Interrupted(long step) implements Outcome {}

    /**
     * A loss, a gradient or a parameter was not finite; the parameters are never written after that.
     *
     * @param step   steps done
     * @param reason which step and which rows, in one line, and what to do
     */
    record Diverged(long step, BadInput reason) implements Outcome {}
}
