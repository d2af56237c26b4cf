package candor.train.config;

import static candor.train.config.Setting.choice;

import candor.data.LossOn;
import candor.train.objective.Objective;
import candor.train.objective.Sft;
import java.util.List;

/** Supervised fine-tuning. */
public record SftTask(LossOn lossOn) implements Task {
    public static final Setting<LossOn> LOSS_ON =
            choice("loss_on", LossOn.class, LossOn.COMPLETION, "Which tokens are learnt.");

    static final List<Setting<?>> SETTINGS = List.of(LOSS_ON);

    static SftTask of(Settings given) {
        return new SftTask(given.get(LOSS_ON));
    }

    @Override
    public Objective objective() {
        return new Sft();
    }
}
