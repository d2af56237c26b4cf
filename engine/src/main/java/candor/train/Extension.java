package candor.train;

import candor.BadInput;
import candor.data.Batcher;
import candor.data.Dataset;
import candor.train.config.TrainConfig;
import candor.train.config.TrainConfig.ModelStart;
import candor.train.config.TrainConfig.Steps;
import candor.train.optimiser.Schedule;
import java.util.Locale;

/** A run that is resumed with more steps, or fewer: the steps that it has done must be those of such a run. */
final class Extension {
    private Extension() {}

    /**
     * Compares the learning rates of the steps that are done with those that the run would have had.
     *
     * @param done the checkpoint to go on from
     * @throws BadInput says which step had another rate
     */
    static void require(TrainConfig config, RunState done, Dataset data) {
        if (config.sameLength(done.config())) {
            return;
        }
        Steps steps = config.steps();
        Batcher batcher = new Batcher(data.lengths(), config.batcher());
        int now = Run.totalSteps(config.output(), steps, batcher);
        int then = Run.totalSteps(config.output(), steps.lasting(done.config()), batcher);
        if (now < done.step()) {
            throw new BadInput(
                    config.output() + ": the run has done " + done.step() + " steps, and is to have " + now,
                    "give at least as many, or name an earlier checkpoint with {resume} step-N");
        }
        Schedule planned = steps.schedule(then);
        Schedule asked = steps.schedule(now);
        for (int step = 0; step < done.step(); step++) {
            if (planned.rate(step) != asked.rate(step)) {
                String what = String.format(
                        Locale.ROOT,
                        "%s: the run cannot become %d steps long instead of %d: its learning rates depend on that"
                                + " (lr_scheduler_type %s%s); step %d was done at %.6g and would have been at %.6g",
                        config.output(),
                        now,
                        then,
                        steps.shape().name().toLowerCase(Locale.ROOT),
                        steps.warmupSteps() == 0 && steps.warmupRatio() > 0
                                ? ", warmup_ratio " + steps.warmupRatio()
                                : "",
                        step + 1,
                        planned.rate(step),
                        asked.rate(step));
                throw new BadInput(
                        what,
                        "start a new run in another folder, which may continue this one's result with "
                                + (config.start() instanceof ModelStart
                                        ? "{model} " + config.output().resolve("model")
                                        : "{init_adapter} " + config.output().resolve("adapter")));
            }
        }
    }
}
