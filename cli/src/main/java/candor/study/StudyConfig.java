package candor.study;

import candor.BadInput;
import candor.evaluate.benchmark.Benchmark;
import candor.evaluate.benchmark.Benchmarks;
import candor.evaluate.engine.Decoding;
import candor.evaluate.engine.EngineRespondent;
import candor.evaluate.engine.EngineRespondent.NamedAdapter;
import candor.model.ModelConfig;
import candor.model.ModelFolder;
import candor.ops.AskedDtype;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.ops.Heads;
import candor.ops.weight.PackedForm;
import candor.study.record.StudyFolder;
import candor.study.record.StudyKind;
import candor.text.TemplateChoice;
import candor.train.config.Setting;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/**
 * A study's settings: those that every protocol has, read; those of the protocol in their sections.
 *
 * @param seeds seed s trains with s and is evaluated with s
 * @param slots how many runs train together at most
 * @param cache where answers of models and judges are kept
 * @param taken the backend: of "auto", what the study was begun with, or else what this machine has
 * @param all everything that was given, checked
 */
public record StudyConfig(
        StudyKind kind,
        String name,
        Path model,
        Path output,
        List<Long> seeds,
        int slots,
        Path cache,
        Backends.Choice taken,
        Section all) {
    static final Setting<String> NAME =
            new Setting<>("name", new Setting.Text("NAME"), null, "The study's name, for people.");
    static final Setting<String> MODEL =
            new Setting<>("model", new Setting.Text("DIR"), null, "The base model: a Hugging Face checkpoint folder.");
    static final Setting<String> OUTPUT = new Setting<>("output", new Setting.Text("DIR"), null, "The study's folder.");
    static final Setting<List<String>> SEEDS = new Setting<>(
            "seeds",
            new Setting.Texts("N"),
            List.of("1", "2", "3"),
            "Seeds: each trains and evaluates every arm once.");
    static final Setting<Long> SLOTS = new Setting<>(
            "slots", new Setting.Whole(1, 256), 4L, "How many runs over the one base train together at most.");
    static final Setting<String> CACHE = new Setting<>(
            "cache",
            new Setting.Text("DIR"),
            null,
            "Where answers are kept; studies may share it. Without it, cache in the study's folder.");

    /** The section of settings of the training runs. */
    public static final String TRAIN = "train";
    /** The section of benchmarks and of how they are answered. */
    public static final String EVALUATE = "evaluate";
    /** The section of the judge. */
    public static final String JUDGE = "judge";

    /** Settings of a training run that are the study's to say. */
    private static final List<Setting<?>> OF_THE_STUDY = List.of(
            TrainSettings.MODEL,
            TrainSettings.WEIGHTS,
            TrainSettings.DATA,
            TrainSettings.OUTPUT,
            TrainSettings.INIT_ADAPTER,
            TrainSettings.SEED,
            TrainSettings.RESUME,
            TrainSettings.LOGGING_DIR,
            TrainSettings.BACKEND,
            TrainSettings.DTYPE,
            TrainSettings.THREADS);

    public StudyConfig {
        seeds = List.copyOf(seeds);
    }

    /** What every study's file may hold; a protocol adds its own sections. */
    public static Schema schema() {
        return Schema.of(
                        NAME,
                        MODEL,
                        TrainSettings.WEIGHTS,
                        OUTPUT,
                        SEEDS,
                        SLOTS,
                        CACHE,
                        TrainSettings.BACKEND,
                        TrainSettings.DTYPE,
                        TrainSettings.THREADS)
                .with(EVALUATE, EvaluationPlan.schema())
                .with(JUDGE, judges());
    }

    /** What is said of the judge, and in a section of its name what is said of a benchmark's alone. */
    private static Schema judges() {
        Schema one = JudgeSection.schema();
        Schema all = one;
        for (Benchmark benchmark : Benchmarks.all()) {
            all = benchmark.judged() ? all.with(benchmark.name(), one) : all;
        }
        return all;
    }

    /** What a section of settings of training runs may hold. */
    public static Schema trainSchema(TrainSettings.Method method) {
        return Schema.of(TrainSettings.of(method).stream()
                .filter(setting -> !OF_THE_STUDY.contains(setting))
                .toList());
    }

    /**
     * Reads what every study has.
     *
     * @param all checked against the protocol's schema
     */
    public static StudyConfig read(StudyKind kind, Section all) {
        Path output = Path.of(all.require(OUTPUT));
        List<Long> seeds = all.list(SEEDS, StudyConfig::seed, "whole numbers from 0 up");
        if (new HashSet<>(seeds).size() < seeds.size()) {
            throw new BadInput(all.where(SEEDS) + ": names a seed twice: " + seeds);
        }
        String name = all.get(NAME);
        String cache = all.get(CACHE);
        return new StudyConfig(
                kind,
                name == null
                        ? String.valueOf(output.toAbsolutePath().normalize().getFileName())
                        : name,
                Path.of(all.require(MODEL)),
                output,
                seeds,
                all.get(SLOTS).intValue(),
                cache == null ? output.resolve("cache") : Path.of(cache),
                taken(all, output, Path.of(all.require(MODEL))),
                all);
    }

    private static Long seed(String text) {
        return text.matches("[0-9]{1,18}") ? Long.valueOf(text) : null;
    }

    public Section section(String name) {
        return all.section(name);
    }

    public int threads() {
        return all.get(TrainSettings.THREADS).intValue();
    }

    /** What the model's linear layers are packed as, in all that the study does with it; null for whatever they are in. */
    public PackedForm weights() {
        return all.get(TrainSettings.WEIGHTS);
    }

    /** The backend that was asked for; empty where what works here is to be taken. */
    public static Optional<BackendDescriptor> askedBackend(Section all) {
        return Backends.asked(word(all.get(TrainSettings.BACKEND)), all.get(TrainSettings.DTYPE));
    }

    private static Backends.Choice taken(Section all, Path output, Path model) {
        AskedDtype dtype = all.get(TrainSettings.DTYPE);
        Optional<BackendDescriptor> asked = askedBackend(all);
        StudyFolder folder = new StudyFolder(output);
        Optional<BackendDescriptor> begun =
                folder.exists() ? Optional.of(StudyRecords.backend(folder.studyJson())) : Optional.empty();
        if (asked.isPresent()) {
            // What is not said goes on as it was begun.
            return Backends.Choice.asked(begun.filter(then -> dtype == AskedDtype.AUTO)
                    .filter(then -> then.name().equals(asked.get().name()))
                    .orElse(asked.get()));
        }
        if (begun.isPresent()) {
            return new Backends.Choice(dtype.on(begun.get()), "the study was begun on it");
        }
        Heads heads = Files.exists(model.resolve(ModelFolder.CONFIG))
                ? ModelConfig.read(ModelFolder.at(model).configFile()).heads()
                : null; // whoever opens it says what is wrong
        return Backends.choose(heads, false, dtype);
    }

    /** The backend that it computes on. */
    public BackendDescriptor backend() {
        return taken.backend();
    }

    /** Where a run of an arm goes. */
    public Path runFolder(String arm, long seed) {
        return output.resolve("training").resolve(arm).resolve("seed-" + seed);
    }

    /**
     * The settings of a run. Keys of {@code train.sft} and {@code train.kto}, where a protocol has such sections, win over
     * those of {@code train}.
     */
    TrainConfig train(Treatment treatment, long seed) {
        return TrainConfig.of(treatment.training().orElseThrow().method(), trainSettings(treatment, seed));
    }

    /** The same as settings of its method, all that the study says included. */
    Settings trainSettings(Treatment treatment, long seed) {
        Treatment.Training training = treatment.training().orElseThrow();
        Section train = section(TRAIN);
        Settings settings = train.settings()
                .overriddenBy(train.section(word(training.method())).settings())
                .overriddenBy(training.settings())
                .with(TrainSettings.MODEL, model.toString())
                .with(
                        TrainSettings.DATA,
                        training.data().apply(seed).stream().map(Path::toString).toArray(String[]::new))
                .with(
                        TrainSettings.OUTPUT,
                        runFolder(treatment.arm().name(), seed).toString())
                .with(TrainSettings.SEED, Long.toString(seed))
                .with(TrainSettings.RESUME, "true")
                .with(TrainSettings.BACKEND, backend().name())
                .with(TrainSettings.THREADS, Integer.toString(threads()));
        if (backend().roundsOperandsAlone()) {
            settings = settings.with(TrainSettings.DTYPE, backend().dtype());
        }
        if (weights() != null) {
            settings = settings.with(TrainSettings.WEIGHTS, weights().text());
        }
        return settings;
    }

    /** How a model answers: this one with adapters, or another one. */
    public EngineRespondent.Settings engine(
            Path which,
            TemplateChoice template,
            Decoding decoding,
            List<NamedAdapter> adapters,
            boolean base,
            boolean defuse) {
        Section evaluate = section(EVALUATE);
        return new EngineRespondent.Settings(
                which,
                which.equals(model) ? weights() : null,
                null,
                adapters,
                base,
                backend(),
                threads(),
                EvaluationPlan.date(evaluate),
                template,
                decoding,
                evaluate.get(EvaluationPlan.MAX_LENGTH).intValue(),
                evaluate.get(EvaluationPlan.BATCH_SIZE).intValue(),
                evaluate.get(EvaluationPlan.KV_CACHE_MIB) << 20,
                defuse);
    }

    /** How evaluations choose tokens beyond what a benchmark says. */
    public Decoding decoding() {
        return EvaluationPlan.decoding(section(EVALUATE), model);
    }

    /** How evaluations render conversations. */
    public TemplateChoice template() {
        return template(section(EVALUATE));
    }

    private static TemplateChoice template(Section section) {
        return new TemplateChoice(
                section.get(TrainSettings.CHAT_TEMPLATE), section.get(TrainSettings.CHAT_TEMPLATE_KWARGS));
    }

    /** The same, by a section that may have settings of its own. */
    public TemplateChoice template(String name) {
        Section own = section(name);
        return own.has(TrainSettings.CHAT_TEMPLATE) || own.has(TrainSettings.CHAT_TEMPLATE_KWARGS)
                ? template(own)
                : template();
    }

    public static String word(Enum<?> constant) {
        return constant.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
