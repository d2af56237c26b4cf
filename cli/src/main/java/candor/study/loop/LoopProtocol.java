package candor.study.loop;

import candor.BadInput;
import candor.study.Protocol;
import candor.study.Schema;
import candor.study.Section;
import candor.study.StudyConfig;
import candor.study.Treatment;
import candor.study.Treatment.Training;
import candor.study.Workplace;
import candor.study.record.Arm;
import candor.study.record.Role;
import candor.study.record.StudyFolder;
import candor.study.record.StudyKind;
import candor.train.config.Settings;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Experiment 3, loop: for each share of biased users and each method an arm, trained from the base model on its own
 * conversations, picked by the users' satisfaction.
 *
 * <p>A seed draws who of the users is biased and breaks ties of rewards, besides training and evaluation. What is said and
 * rated has one seed of its own, so that all arms and seeds choose among the same conversations ({@link Conversations}).
 */
public final class LoopProtocol implements Protocol {
    private final StudyConfig config;
    private final List<BigDecimal> shares;
    private final List<Method> methods;

    /**
     * @throws BadInput for settings that do not fit together
     */
    public LoopProtocol(StudyConfig config) {
        this.config = config;
        Section loop = config.section(LoopSettings.LOOP);
        shares = LoopSettings.shares(loop);
        methods = LoopSettings.methods(loop);
        if (loop.get(LoopSettings.SCENARIOS) == null && loop.get(LoopSettings.STATES) == null) {
            loop.require(LoopSettings.SCENARIOS);
        }
        if (loop.get(LoopSettings.STATES) != null && config.all().has(LoopSettings.WRITER)) {
            throw new BadInput(loop.where(LoopSettings.STATES)
                    + ": the states are given, and the section writer would write others; remove one of the two");
        }
    }

    /** What the study's file may hold. */
    public static Schema schema() {
        return LoopSettings.schema();
    }

    @Override
    public StudyKind kind() {
        return StudyKind.LOOP;
    }

    @Override
    public String title() {
        return "Training on conversations picked by their users, some of them biased";
    }

    @Override
    public List<Treatment> treatments() {
        List<Treatment> treatments = new ArrayList<>();
        treatments.add(Treatment.base(config.seeds()));
        for (Method method : methods) {
            for (BigDecimal share : shares) {
                treatments.add(treatment(method, share));
            }
        }
        return treatments;
    }

    private Treatment treatment(Method method, BigDecimal share) {
        String word = method.name().toLowerCase(Locale.ROOT);
        Arm arm = new Arm(
                word + "-" + share.toPlainString(),
                method.name() + ", "
                        + share.movePointRight(2).stripTrailingZeros().toPlainString() + " % biased users",
                Role.LOOP,
                Optional.empty(),
                Optional.empty(),
                Optional.of(share.doubleValue()),
                Optional.of(candor.study.record.Method.valueOf(method.name())),
                config.seeds());
        Path data = new StudyFolder(config.output()).data();
        // A reply of a model may come to a row that its own template cannot part; it is left out, and said so.
        Settings settings = Settings.NONE.with(TrainSettings.SKIP_BAD_ROWS, "true");
        return new Treatment(
                arm,
                Optional.of(
                        new Training(method, settings, seed -> List.of(TrainingSets.file(data, share, seed, method)))));
    }

    @Override
    public void prepare(Workplace place) {
        new LoopData(place, shares, methods).make();
    }

    @Override
    public void sketch(Workplace place) {
        new LoopData(place, shares, methods).sketch();
    }
}
