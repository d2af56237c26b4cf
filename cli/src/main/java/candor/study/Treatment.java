package candor.study;

import candor.probe.Steering;
import candor.study.record.Arm;
import candor.study.record.Role;
import candor.train.config.Settings;
import candor.train.config.TrainSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;

/**
 * An arm and what is done to it.
 *
 * @param arm its name, role and seeds, as the study's record has them
 * @param training empty for the base model, and for an arm that is made of another's adapters
 * @param steered  of another arm's adapters, how
 */
public record Treatment(Arm arm, Optional<Training> training, Optional<Steered> steered) {
    /** An arm that is trained, or the base model. */
    public Treatment(Arm arm, Optional<Training> training) {
        this(arm, training, Optional.empty());
    }

    /**
     * Another arm's adapters, steered.
     *
     * @param from   the name of that arm, which has the same seeds
     * @param folded whether the direction becomes a part of the adapter, instead of being added while it generates
     */
    public record Steered(String from, Steering steering, boolean folded) {}

    /** The base model. */
    public static Treatment base(List<Long> seeds) {
        return new Treatment(
                new Arm(
                        Arm.BASE,
                        Arm.BASE_LABEL,
                        Role.BASE,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        seeds),
                Optional.empty());
    }

    /**
     * How an arm's adapters are trained.
     *
     * @param settings what this arm's runs have that the study's section {@code train} has not; they win over it
     * @param data the files of a seed's run, which are there once {@link Protocol#prepare} has ended
     */
    public record Training(TrainSettings.Method method, Settings settings, LongFunction<List<Path>> data) {
        /** Supervised, by the study's own settings, on the same files under every seed. */
        public static Training sft(Path data) {
            return new Training(TrainSettings.Method.SFT, Settings.NONE, seed -> List.of(data));
        }
    }
}
