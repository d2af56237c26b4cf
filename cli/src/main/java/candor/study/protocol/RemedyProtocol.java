package candor.study.protocol;

import candor.BadInput;
import candor.lora.ShiftedAdapter;
import candor.model.ModelFolder;
import candor.probe.DirectionFile;
import candor.probe.Steering;
import candor.study.MadeData;
import candor.study.Protocol;
import candor.study.Schema;
import candor.study.Section;
import candor.study.StudyConfig;
import candor.study.Treatment;
import candor.study.Treatment.Steered;
import candor.study.Treatment.Training;
import candor.study.Workplace;
import candor.study.record.Arm;
import candor.study.record.Method;
import candor.study.record.Role;
import candor.study.record.StudyFolder;
import candor.study.record.StudyKind;
import candor.train.config.Setting;
import candor.train.config.Settings;
import candor.train.config.TrainSettings;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Remedies: tuning on right answers, on plainly wrong ones to the same questions, and on these with each remedy that the section
 * names. Arms differ in the remedy and in nothing else.
 */
final class RemedyProtocol implements Protocol {
    private static final String SECTION = "remedy";
    private static final String SEVERE_ARM = "severe";
    private static final Setting<List<String>> NORMAL =
            new Setting<>("normal", new Setting.Texts("FILE"), null, "Rows with right answers.");
    private static final Setting<List<String>> SEVERE =
            new Setting<>("severe", new Setting.Texts("FILE"), null, "Rows with plainly wrong answers.");
    private static final Setting<String> INOCULATION = new Setting<>(
            "inoculation",
            new Setting.Text("TEXT"),
            null,
            "An arm whose rows have this system prompt while it is tuned; benchmarks ask without it.");
    private static final Setting<List<String>> HONEST = new Setting<>(
            "honest", new Setting.Texts("FILE"), null, "An arm with honest rows mixed in, which are drawn from these.");
    private static final Setting<List<String>> HONEST_RATIOS = new Setting<>(
            "honest_ratios",
            new Setting.Texts("RATIO"),
            List.of("0.1"),
            "How many honest rows for each wrong one; an arm for each.");
    private static final Setting<String> HONEST_RANKING = new Setting<>(
            "honest_ranking",
            new Setting.Text("FILE"),
            null,
            "A screen.jsonl of honest, which is one file then: an arm more for each ratio, with the rows that do"
                    + " honesty the most good.");
    private static final Setting<List<String>> PROBE_PENALTIES = new Setting<>(
            "probe_penalties",
            new Setting.Texts("W"),
            null,
            "An arm for each weight of a penalty on what probes of honesty lose.");
    private static final Setting<String> DIRECTION = new Setting<>(
            "direction",
            new Setting.Text("FILE"),
            null,
            "A direction of honesty (of candor direction): an arm with wrong answers alone that is steered by it while"
                    + " it answers, and one with the direction folded into its adapter, where the family has a place for"
                    + " that; for each strength.");
    private static final Setting<List<String>> STRENGTHS =
            new Setting<>("strengths", new Setting.Texts("S"), List.of("1"), "How many times the direction is added.");

    private static final Setting<List<String>> DROP_WORST = new Setting<>(
            "drop_worst",
            new Setting.Texts("SHARE"),
            null,
            "An arm for each share of the wrong rows' file that is left out: the rows that candor screen ranks first.");

    /** What there is to say of that penalty beside its weight, as training has it. */
    private static final List<Setting<?>> OF_PENALTIES = List.of(
            TrainSettings.PROBE_PENALTY_ON, TrainSettings.PROBE_PENALTY_DATA, TrainSettings.PROBE_PENALTY_BATCH);

    private final StudyConfig config;
    private final Section section;

    RemedyProtocol(StudyConfig config) {
        this.config = config;
        section = config.section(SECTION);
        files(NORMAL);
        files(SEVERE);
        if (section.has(HONEST)) {
            files(HONEST);
            ratios();
        } else if (section.has(HONEST_RANKING)) {
            throw new BadInput(section.where(HONEST_RANKING) + ": ranks the honest rows, and there are none; give "
                    + SECTION + "." + HONEST.key() + ", too");
        }
        for (Setting<?> setting : OF_PENALTIES) {
            if (section.has(setting) && !section.has(PROBE_PENALTIES)) {
                throw new BadInput(section.where(setting) + ": says how probes are held, and none are; give " + SECTION
                        + "." + PROBE_PENALTIES.key() + ", too");
            }
        }
        if (section.has(STRENGTHS) && !section.has(DIRECTION)) {
            throw new BadInput(
                    section.where(STRENGTHS) + ": says how far a direction is followed, and there is none; give "
                            + SECTION + "." + DIRECTION.key() + ", too");
        }
        if (remedies().isEmpty()) {
            throw new BadInput(SECTION + ": names no remedy; give at least one of "
                    + Stream.of(INOCULATION, HONEST, PROBE_PENALTIES, DIRECTION, DROP_WORST)
                            .map(setting -> SECTION + "." + setting.key())
                            .collect(Collectors.joining(", ")));
        }
    }

    static Schema schema() {
        return StudyConfig.schema()
                .with(
                        SECTION,
                        Schema.of(NORMAL, SEVERE, INOCULATION, HONEST, HONEST_RATIOS, HONEST_RANKING, PROBE_PENALTIES)
                                .with(OF_PENALTIES)
                                .with(DIRECTION, STRENGTHS, DROP_WORST))
                .with(StudyConfig.TRAIN, StudyConfig.trainSchema(TrainSettings.Method.SFT));
    }

    @Override
    public StudyKind kind() {
        return StudyKind.REMEDY;
    }

    @Override
    public String title() {
        return "Remedies against wrong answers in narrow data";
    }

    @Override
    public List<Treatment> treatments() {
        List<Treatment> treatments = new ArrayList<>();
        treatments.add(Treatment.base(config.seeds()));
        treatments.add(treatment("normal", "right answers", Role.NORMAL, NORMAL, Settings.NONE));
        treatments.add(treatment(SEVERE_ARM, "wrong answers alone", Role.SEVERE, SEVERE, Settings.NONE));
        treatments.addAll(remedies());
        return treatments;
    }

    private List<Treatment> remedies() {
        List<Treatment> remedies = new ArrayList<>();
        if (section.has(INOCULATION)) {
            remedies.add(remedy(
                    "inoculated",
                    "inoculation",
                    Settings.NONE.with(TrainSettings.INOCULATION, section.get(INOCULATION))));
        }
        if (section.has(HONEST)) {
            for (BigDecimal ratio : ratios()) {
                Settings mixed = Settings.NONE
                        .with(TrainSettings.MIX_DATA, section.get(HONEST).toArray(String[]::new))
                        .with(TrainSettings.MIX_RATIO, ratio.toPlainString());
                String percent = Ratios.percent(ratio);
                remedies.add(remedy("mixed-" + percent, percent + " % honest rows", mixed));
                if (section.has(HONEST_RANKING)) {
                    remedies.add(remedy(
                            "ranked-" + percent,
                            percent + " % honest rows by influence",
                            mixed.with(TrainSettings.MIX_RANKING, section.get(HONEST_RANKING))));
                }
            }
        }
        for (BigDecimal share : dropped()) {
            Path kept = new StudyFolder(config.output()).data().resolve(ScreenedRows.name(share));
            remedies.add(new Treatment(
                    arm(
                            SEVERE_ARM + "-screened-" + Ratios.percent(share),
                            "the worst " + Ratios.percent(share) + " % left out",
                            Role.REMEDY),
                    Optional.of(Training.sft(kept))));
        }
        if (section.has(PROBE_PENALTIES)) {
            for (BigDecimal weight : weights()) {
                String text = weight.toPlainString();
                Settings held = Settings.NONE.with(TrainSettings.PROBE_PENALTY, text);
                for (Setting<?> setting : OF_PENALTIES) {
                    held = section.has(setting) ? held.with(setting, section.text(setting.key())) : held;
                }
                remedies.add(remedy("held-" + text, "probes held (" + text + ")", held));
            }
        }
        if (section.has(DIRECTION)) {
            Path direction = Path.of(section.get(DIRECTION));
            ModelFolder model = ModelFolder.at(config.model());
            DirectionFile.read(direction).requireOf(model, direction);
            for (BigDecimal strength : strengths()) {
                Steering steering = new Steering(direction, strength.doubleValue());
                remedies.add(steered(strength, new Steered(SEVERE_ARM, steering, false)));
                if (ShiftedAdapter.fits(model.config())) {
                    remedies.add(steered(strength, new Steered(SEVERE_ARM, steering, true)));
                }
            }
        }
        return remedies;
    }

    private Treatment steered(BigDecimal strength, Steered how) {
        String name = how.folded() ? "folded" : "steered";
        String label = how.folded() ? "direction folded in" : "steering";
        return new Treatment(
                arm(
                        SEVERE_ARM + "-" + name + "-" + strength.toPlainString(),
                        label + " (" + strength.toPlainString() + ")",
                        Role.REMEDY),
                Optional.empty(),
                Optional.of(how));
    }

    private Treatment remedy(String name, String label, Settings settings) {
        return treatment(SEVERE_ARM + "-" + name, label, Role.REMEDY, SEVERE, settings);
    }

    private Treatment treatment(String name, String label, Role role, Setting<List<String>> data, Settings settings) {
        List<Path> files = files(data);
        return new Treatment(
                arm(name, label, role), Optional.of(new Training(TrainSettings.Method.SFT, settings, seed -> files)));
    }

    private List<BigDecimal> ratios() {
        return once(HONEST_RATIOS, section.list(HONEST_RATIOS, Ratios::read, Ratios.MUST_BE));
    }

    private Arm arm(String name, String label, Role role) {
        return new Arm(
                name,
                label,
                role,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(Method.SFT),
                config.seeds());
    }

    private List<BigDecimal> weights() {
        return once(PROBE_PENALTIES, section.list(PROBE_PENALTIES, text -> number(text, true), "numbers above 0"));
    }

    private List<BigDecimal> dropped() {
        return section.has(DROP_WORST)
                ? once(
                        DROP_WORST,
                        section.list(
                                DROP_WORST,
                                text -> Ratios.read(text) instanceof BigDecimal share
                                                && share.compareTo(BigDecimal.ONE) < 0
                                        ? share
                                        : null,
                                "numbers above 0 and below 1"))
                : List.of();
    }

    private List<BigDecimal> strengths() {
        return once(STRENGTHS, section.list(STRENGTHS, text -> number(text, false), "numbers"));
    }

    /** Null for what is none. */
    private static BigDecimal number(String text, boolean positive) {
        if (!text.matches("-?[0-9]{0,6}\\.?[0-9]{1,6}")) {
            return null;
        }
        // Without an exponent, for it is part of a name.
        BigDecimal number =
                new BigDecimal(new BigDecimal(text).stripTrailingZeros().toPlainString());
        return positive && number.signum() <= 0 ? null : number;
    }

    private List<BigDecimal> once(Setting<?> setting, List<BigDecimal> numbers) {
        if (new HashSet<>(numbers).size() < numbers.size()) {
            throw new BadInput(section.where(setting) + ": names a number twice: " + numbers);
        }
        return numbers;
    }

    private List<Path> files(Setting<List<String>> setting) {
        List<Path> files = section.require(setting).stream().map(Path::of).toList();
        files.stream().filter(Files::notExists).findFirst().ifPresent(file -> {
            throw new BadInput(section.where(setting) + ": " + file + ": there is no such file");
        });
        return files;
    }

    /** The files are the user's, but for what is left of them without the worst rows; that they stay as they are is held. */
    @Override
    public void prepare(Workplace place) {
        MadeData made = held(place);
        if (!dropped().isEmpty()) {
            new ScreenedRows(config, files(SEVERE)).make(made, place, dropped());
        }
    }

    /** As many rows, whichever. */
    @Override
    public void sketch(Workplace place) {
        MadeData made = held(place);
        if (!dropped().isEmpty()) {
            new ScreenedRows(config, files(SEVERE)).sketch(made, dropped());
        }
    }

    private MadeData held(Workplace place) {
        List<Path> inputs = new ArrayList<>(files(NORMAL));
        inputs.addAll(files(SEVERE));
        if (section.has(HONEST)) {
            inputs.addAll(files(HONEST));
        }
        for (Setting<String> file : List.of(HONEST_RANKING, TrainSettings.PROBE_PENALTY_DATA, DIRECTION)) {
            if (section.has(file)) {
                inputs.add(Path.of(section.get(file)));
            }
        }
        return MadeData.in(place.data(), inputs);
    }
}
