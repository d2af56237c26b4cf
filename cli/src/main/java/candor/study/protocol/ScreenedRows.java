package candor.study.protocol;

import candor.BadInput;
import candor.data.Example;
import candor.data.ExampleReader;
import candor.data.RowKind;
import candor.data.read.Origin;
import candor.data.read.RowReader;
import candor.evaluate.ask.Stopped;
import candor.foresee.ScreenMethod;
import candor.foresee.Screening;
import candor.ops.Backends;
import candor.probe.ProbeSet;
import candor.screen.Ranked;
import candor.screen.ScreenInputs;
import candor.screen.ScreenRun;
import candor.screen.ScreenSettings;
import candor.study.MadeData;
import candor.study.Section;
import candor.study.StudyConfig;
import candor.study.Workplace;
import candor.text.SpecialTextPolicy;
import candor.train.config.TrainSettings;
import candor.world.EmbeddedModel;
import candor.world.ProbeRows;
import candor.world.WorldSettings;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What is left of a study's rows where those go that rank worst by a screening before anything was tuned on them. */
final class ScreenedRows {
    /** The defaults of {@code candor screen}. */
    private static final int WARM_UP_STEPS = 8;

    private static final int WARM_UP_ROWS = 16;
    private static final long SEED = 42;
    private static final int TOKENS = 4096;
    private static final long CACHE_BYTES = 64L << 20;

    private final StudyConfig config;
    private final Section train;
    private final List<Path> files;

    ScreenedRows(StudyConfig config, List<Path> files) {
        this.config = config;
        train = config.section(StudyConfig.TRAIN);
        this.files = files;
    }

    /** The file of what is left without a share. */
    static String name(BigDecimal share) {
        return "screened-" + Ratios.percent(share) + ".jsonl";
    }

    /** Makes the files that are not there. */
    void make(MadeData made, Workplace place, List<BigDecimal> shares) {
        if (shares.stream().map(ScreenedRows::name).allMatch(made::has)) {
            return;
        }
        List<Example> rows = rows();
        List<Origin> worst = worst(place);
        for (BigDecimal share : shares) {
            // Rows that cutting leaves without a target have no rank; one that has must be left to tune on.
            int count = Math.min(count(share, rows.size()), worst.size() - 1);
            Set<Origin> gone = new HashSet<>(worst.subList(0, count));
            made.write(
                    name(share),
                    rows.stream().filter(row -> !gone.contains(row.origin())).toList());
        }
    }

    /** As many rows as there will be, whichever. */
    void sketch(MadeData made, List<BigDecimal> shares) {
        List<Example> rows = rows();
        for (BigDecimal share : shares) {
            if (!made.has(name(share))) {
                made.write(name(share), rows.subList(count(share, rows.size()), rows.size()));
            }
        }
    }

    private List<Example> rows() {
        return ExampleReader.readAll(
                files,
                new ExampleReader.Settings(
                        RowKind.PLAIN, train.get(TrainSettings.SKIP_BAD_ROWS), RowReader.DEFAULT_MAX_ROW_BYTES));
    }

    private static int count(BigDecimal share, int rows) {
        return (int) Math.min(rows - 1, Math.round(share.doubleValue() * rows));
    }

    /** Where rows stand, the worst first. */
    private List<Origin> worst(Workplace place) {
        boolean embedded = EmbeddedModel.is(config.model());
        ScreenSettings settings = settings();
        ScreenInputs inputs =
                ScreenInputs.read(settings, embedded ? ProbeRows.of(WorldSettings.DEFAULT) : ProbeSet.shipped());
        Screening.Listener listener = (stage, done, all) -> place.progress().at("screening: " + stage, done, all);
        ScreenRun.Found found = ScreenRun.run(
                settings, inputs, Backends.open(config.backend(), config.threads()), listener, place.stop());
        if (found == null) {
            throw new Stopped();
        }
        List<Origin> worst = new ArrayList<>();
        for (int row : Ranked.order(found.scores().get(settings.rankBy()))) {
            worst.add(inputs.data().origin(row));
        }
        return worst;
    }

    private ScreenSettings settings() {
        return new ScreenSettings(
                config.model(),
                config.weights(),
                files,
                null,
                null,
                reading(),
                new ScreenSettings.Tuning(
                        null,
                        train.get(TrainSettings.LORA_RANK).intValue(),
                        train.get(TrainSettings.LORA_ALPHA),
                        WARM_UP_STEPS,
                        WARM_UP_ROWS,
                        train.get(TrainSettings.LEARNING_RATE),
                        SEED),
                new ScreenSettings.Work(TOKENS, 0, config.threads(), CACHE_BYTES),
                ScreenMethod.INFLUENCE_STEP,
                0);
    }

    /** As tuning reads them. */
    private ScreenSettings.Reading reading() {
        return new ScreenSettings.Reading(
                config.template(StudyConfig.TRAIN),
                date(),
                train.get(TrainSettings.KEEP_SPECIAL_TOKENS) ? SpecialTextPolicy.KEEP : SpecialTextPolicy.REFUSE,
                train.get(TrainSettings.MAX_LENGTH).intValue(),
                train.get(TrainSettings.SKIP_BAD_ROWS));
    }

    private LocalDate date() {
        try {
            return LocalDate.parse(train.get(TrainSettings.DATE));
        } catch (DateTimeParseException e) {
            throw new BadInput(
                    train.where(TrainSettings.DATE) + ": must be a date such as 2024-07-26, not "
                            + train.get(TrainSettings.DATE),
                    e);
        }
    }
}
