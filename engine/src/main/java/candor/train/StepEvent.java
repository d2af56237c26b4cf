package candor.train;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One optimiser step, in a flight recording. */
@Name("candor.Step")
@Label("Optimiser step")
@Category("Candor")
@Description("An optimiser step of all runs side by side, its logging and checkpoints included")
@StackTrace(false)
final class StepEvent extends Event {
    @Label("Runs")
    int runs;

    @Label("Tokens")
    @Description("Tokens that went through with gradients")
    long tokens;
}
