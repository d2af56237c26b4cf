package candor.train.config;

import candor.BadInput;
import candor.data.LossOn;
import candor.train.objective.Objective;

/** An objective as a user asks for it. Whoever implements this declares its settings beside it, once. */
public interface Task {
    Objective objective();

    /** Which tokens are learnt. */
    default LossOn lossOn() {
        return LossOn.COMPLETION;
    }

    /**
     * Looks at what steps are made of.
     *
     * @param given says where settings stand, for messages
     * @throws BadInput if the objective cannot do with that
     */
    default void require(TrainConfig.Batching batching, Settings given) {}
}
