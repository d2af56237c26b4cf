package candor.train.config;

import static candor.train.config.Setting.above;
import static candor.train.config.Setting.atLeast;
import static candor.train.config.Setting.choice;

import candor.BadInput;
import candor.data.KlPairing;
import candor.train.objective.Kto;
import candor.train.objective.Objective;
import java.util.List;

/** KTO, on completions alone. */
public record KtoTask(double beta, double desirableWeight, double undesirableWeight, KlPairing pairing)
        implements Task {
    public static final Setting<Double> BETA =
            above(0, "beta", 0.1, "How strongly the policy is held to its reference.");
    public static final Setting<Double> DESIRABLE_WEIGHT =
            atLeast(0, "desirable_weight", 1.0, "Weight of the loss of desirable rows.");
    public static final Setting<Double> UNDESIRABLE_WEIGHT =
            atLeast(0, "undesirable_weight", 1.0, "Weight of the loss of undesirable rows.");
    public static final Setting<KlPairing> KL_PAIRING = choice(
            "kl_pairing",
            KlPairing.class,
            KlPairing.DATA,
            "Whose completion stands in for the KL estimate: drawn once from the whole data, drawn anew from each"
                    + " step, TRL's neighbour in the micro-batch, or LLaMA-Factory's neighbour in the file. Only with data"
                    + " and llama-factory it never changes, so that its reference is computed once.");

    static final List<Setting<?>> SETTINGS = List.of(BETA, DESIRABLE_WEIGHT, UNDESIRABLE_WEIGHT, KL_PAIRING);

    static KtoTask of(Settings given) {
        return new KtoTask(
                given.get(BETA), given.get(DESIRABLE_WEIGHT), given.get(UNDESIRABLE_WEIGHT), given.get(KL_PAIRING));
    }

    @Override
    public Objective objective() {
        return new Kto(beta, desirableWeight, undesirableWeight, pairing);
    }

    /** Where partners are of its step or micro-batch, a lone row has no other completion, and would be its own. */
    @Override
    public void require(TrainConfig.Batching batching, Settings given) {
        if (batching.packing() || pairing.staysTheSame()) {
            return;
        }
        long rows = batching.rows() * (pairing == KlPairing.STEP ? (long) batching.accumulation() : 1);
        if (rows < 2) {
            throw new BadInput(given.origin(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE)
                    + ": must be at least 2 for KTO: a row's KL partner is another row of its "
                    + (pairing == KlPairing.STEP ? "step" : "micro-batch"));
        }
    }
}
