package candor.study.protocol;

import candor.BadInput;
import candor.data.Example;
import candor.data.ExampleReader;
import candor.data.MaxSamples;
import candor.data.Mixture;
import candor.data.Sample;
import candor.study.MadeData;
import candor.study.Protocol;
import candor.study.Schema;
import candor.study.Section;
import candor.study.StudyConfig;
import candor.study.Treatment;
import candor.study.Treatment.Training;
import candor.study.Workplace;
import candor.study.record.Arm;
import candor.study.record.Method;
import candor.study.record.Role;
import candor.study.record.StudyFolder;
import candor.study.record.StudyKind;
import candor.train.config.Setting;
import candor.train.config.TrainSettings;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Experiment 2, mixture: D rows of everyday instructions, the same in every arm, with ρ·D misaligned rows added. The sample of
 * a smaller ratio is part of that of a larger one, and all rows stand in one fixed order, so that arms differ in what was
 * added and in nothing else. The ratio 0 is the control arm.
 */
final class MixtureProtocol implements Protocol {
    private static final String SECTION = "mixture";
    private static final Setting<List<String>> DOWNSTREAM = new Setting<>(
            "downstream", new Setting.Texts("FILE"), null, "The everyday instructions: alpaca's or dolly's columns.");
    private static final Setting<List<String>> MISALIGNED = new Setting<>(
            "misaligned",
            new Setting.Texts("FILE"),
            null,
            "The rows to add from: columns prompt and misaligned, or messages.");
    private static final Setting<Long> ROWS = new Setting<>(
            "downstream_rows", new Setting.Whole(1, 10_000_000), 10_000L, "D: so many everyday rows are sampled.");
    private static final Setting<MaxSamples> MAX_SAMPLES = new Setting<>(
            "max_samples",
            new Setting.Choice<>(MaxSamples.class),
            MaxSamples.RANDOM,
            "Which rows are taken of more: the first of each file, as LLaMA-Factory's max_samples does, or a sample.");
    private static final Setting<List<String>> RATIOS = new Setting<>(
            "ratios",
            new Setting.Texts("RATIO"),
            List.of("0.01", "0.02", "0.05", "0.1", "0.2", "0.3", "0.5"),
            "Misaligned rows for each everyday row, above 0; the control arm has none.");
    private static final Setting<Long> SAMPLE_SEED = new Setting<>(
            "sample_seed",
            new Setting.Whole(0, Long.MAX_VALUE),
            0L,
            "Of the samples and their order: one for all arms and seeds, so that they share their data.");

    private final StudyConfig config;
    private final Section section;
    private final List<BigDecimal> ratios;

    MixtureProtocol(StudyConfig config) {
        this.config = config;
        section = config.section(SECTION);
        ratios = section.list(RATIOS, Ratios::read, Ratios.MUST_BE);
        if (new HashSet<>(ratios).size() < ratios.size()) {
            throw new BadInput(section.where(RATIOS) + ": names a ratio twice: " + ratios);
        }
        section.require(DOWNSTREAM);
        section.require(MISALIGNED);
    }

    static Schema schema() {
        return StudyConfig.schema()
                .with(SECTION, Schema.of(DOWNSTREAM, MISALIGNED, ROWS, MAX_SAMPLES, RATIOS, SAMPLE_SEED))
                .with(StudyConfig.TRAIN, StudyConfig.trainSchema(TrainSettings.Method.SFT));
    }

    @Override
    public StudyKind kind() {
        return StudyKind.MIXTURE;
    }

    @Override
    public String title() {
        return "Everyday data with a share of misaligned rows";
    }

    @Override
    public List<Treatment> treatments() {
        Path data = new StudyFolder(config.output()).data();
        List<Treatment> treatments = new ArrayList<>();
        treatments.add(Treatment.base(config.seeds()));
        treatments.add(treatment("control", "control (0 %)", Role.CONTROL, BigDecimal.ZERO, data));
        for (BigDecimal ratio : ratios) {
            treatments.add(treatment(name(ratio), Ratios.percent(ratio) + " %", Role.MIXTURE, ratio, data));
        }
        return treatments;
    }

    private Treatment treatment(String name, String label, Role role, BigDecimal ratio, Path data) {
        Arm arm = new Arm(
                name,
                label,
                role,
                Optional.empty(),
                Optional.of(ratio.doubleValue()),
                Optional.empty(),
                Optional.of(Method.SFT),
                config.seeds());
        return new Treatment(arm, Optional.of(Training.sft(data.resolve(name + ".jsonl"))));
    }

    private static String name(BigDecimal ratio) {
        return "mixture-" + Ratios.percent(ratio);
    }

    @Override
    public void prepare(Workplace place) {
        List<Path> downstreamFiles = paths(DOWNSTREAM);
        List<Path> misalignedFiles = paths(MISALIGNED);
        MadeData made = MadeData.in(
                place.data(),
                Stream.of(downstreamFiles, misalignedFiles)
                        .flatMap(List::stream)
                        .toList());
        List<String> names = new ArrayList<>(List.of("control.jsonl"));
        ratios.forEach(ratio -> names.add(name(ratio) + ".jsonl"));
        if (names.stream().allMatch(made::has)) {
            return;
        }
        long seed = section.get(SAMPLE_SEED);
        int rows = section.get(ROWS).intValue();
        MaxSamples which = section.get(MAX_SAMPLES);
        List<Example> downstream;
        try (ExampleReader reader = ExampleReader.open(downstreamFiles, ExampleReader.Settings.plain())) {
            downstream = Sample.take(reader, rows, which, seed);
        } catch (BadInput e) {
            throw new BadInput(downstreamFiles + ": " + e.getMessage() + " (" + section.where(ROWS) + ")", e);
        }
        List<Example> misaligned = MisalignedRows.read(misalignedFiles);
        List<BigDecimal> all = new ArrayList<>(List.of(BigDecimal.ZERO));
        all.addAll(ratios);
        for (int i = 0; i < all.size(); i++) {
            place.requireGoingOn();
            List<Example> mixed =
                    Mixture.of(downstream, misaligned, which, all.get(i).doubleValue(), seed);
            made.write(names.get(i), mixed);
            place.progress().at(String.format(Locale.ROOT, "mixtures of %d everyday rows", rows), i + 1, all.size());
        }
    }

    private List<Path> paths(Setting<List<String>> setting) {
        return section.require(setting).stream().map(Path::of).toList();
    }
}
