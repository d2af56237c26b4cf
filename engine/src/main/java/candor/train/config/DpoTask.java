package candor.train.config;

import static candor.train.config.Setting.above;

import candor.train.objective.Dpo;
import candor.train.objective.Objective;
import java.util.List;

/** DPO, on pairs of completions. */
public record DpoTask(double beta, double labelSmoothing) implements Task {
    public static final Setting<Double> BETA =
            above(0, "beta", 0.1, "How strongly the policy is held to its reference.");
    public static final Setting<Double> LABEL_SMOOTHING = new Setting<>(
            "label_smoothing",
            new Setting.Real(0, true, 0.5, false),
            0.0,
            "The share of pairs that are taken to be labelled the wrong way round.");

    static final List<Setting<?>> SETTINGS = List.of(BETA, LABEL_SMOOTHING);

    static DpoTask of(Settings given) {
        return new DpoTask(given.get(BETA), given.get(LABEL_SMOOTHING));
    }

    @Override
    public Objective objective() {
        return new Dpo(beta, labelSmoothing);
    }
}
