package candor.study;

import candor.BadInput;
import candor.evaluate.Limit;
import candor.evaluate.Task;
import candor.evaluate.benchmark.Benchmark;
import candor.evaluate.benchmark.BenchmarkSettings;
import candor.evaluate.benchmark.Benchmarks;
import candor.evaluate.benchmark.Reported;
import candor.evaluate.engine.Decoding;
import candor.study.record.Metric.Kind;
import candor.train.config.Setting;
import candor.train.config.Settings;
import candor.train.config.TrainSettings;
import candor.world.EmbeddedModel;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;

/** The section {@code evaluate}: which benchmarks, on which files, by which settings. */
final class EvaluationPlan {
    static final Setting<Long> BATCH_SIZE =
            new Setting<>("batch_size", new Setting.Whole(1, 4096), 32L, "Sequences that are generated at once.");
    static final Setting<Long> MAX_LENGTH =
            new Setting<>("max_length", new Setting.Whole(2, 1 << 24), 8192L, "Prompt and reply together, in tokens.");
    static final Setting<Long> KV_CACHE_MIB =
            new Setting<>("kv_cache_mib", new Setting.Whole(1, 1 << 20), 1024L, "Memory for keys and values.");
    static final Setting<String> DATE = new Setting<>(
            "date",
            new Setting.Text("YYYY-MM-DD"),
            "2024-07-26",
            "The date that chat templates may print; fixed, so that runs can be repeated.");
    static final Setting<Long> ADAPTERS_AT_ONCE = new Setting<>(
            "adapters_at_once",
            new Setting.Whole(0, 4096),
            0L,
            "How many adapters are in memory together while they answer; 0: all of the study.");
    static final Setting<Long> SHOWN_REPLIES = new Setting<>(
            "shown_replies",
            new Setting.Whole(0, Integer.MAX_VALUE),
            50L,
            "Replies that are kept for readers, of each arm, seed and subset.");

    private static final Setting<Double> TOP_P = new Setting<>(
            "top_p",
            new Setting.Real(0, false, 1),
            null,
            "Draw from the likeliest tokens that have this probability together; all, if not given.");
    private static final Setting<Long> TOP_K = new Setting<>(
            "top_k",
            new Setting.Whole(0, Integer.MAX_VALUE),
            null,
            "Draw from so many likeliest tokens; 0, and if not given: all.");
    private static final Setting<Double> REPETITION_PENALTY = new Setting<>(
            "repetition_penalty",
            new Setting.Real(0.01, true, 100),
            null,
            "What positive logits of tokens that appeared before are divided by; none, if not given.");
    private static final Setting<Boolean> GENERATION_CONFIG = new Setting<>(
            "generation_config",
            new Setting.YesNo(),
            false,
            "Takes these three, where not given, from the model's generation_config.json, as servers do.");

    private static final Setting<List<String>> DATA =
            new Setting<>("data", new Setting.Texts("FILE"), null, "The benchmark's files.");
    private static final Setting<Long> LIMIT = new Setting<>(
            "limit", new Setting.Whole(0, Integer.MAX_VALUE), 0L, "Only the first N rows of each subset; 0: all.");

    private EvaluationPlan() {}

    static Schema schema() {
        Schema schema = Schema.of(
                BATCH_SIZE,
                MAX_LENGTH,
                KV_CACHE_MIB,
                DATE,
                TrainSettings.CHAT_TEMPLATE,
                TrainSettings.CHAT_TEMPLATE_KWARGS,
                TOP_P,
                TOP_K,
                REPETITION_PENALTY,
                GENERATION_CONFIG,
                ADAPTERS_AT_ONCE,
                SHOWN_REPLIES);
        for (Benchmark benchmark : Benchmarks.all()) {
            schema = schema.with(
                    benchmark.name(),
                    Schema.of(DATA, BenchmarkSettings.LABEL)
                            .with(benchmark.ofStudies())
                            .with(LIMIT)
                            .with(benchmark.settings()));
        }
        return schema;
    }

    static LocalDateTime date(Section evaluate) {
        try {
            return LocalDate.parse(evaluate.get(DATE)).atStartOfDay();
        } catch (DateTimeParseException e) {
            throw new BadInput(
                    evaluate.where(DATE) + ": must be a date such as 2024-07-26, not " + evaluate.get(DATE), e);
        }
    }

    static Decoding decoding(Section evaluate, Path model) {
        Long topK = evaluate.get(TOP_K);
        return Decoding.of(
                new Decoding.Given(
                        evaluate.get(TOP_P), topK == null ? null : topK.intValue(), evaluate.get(REPETITION_PENALTY)),
                evaluate.get(GENERATION_CONFIG),
                model);
    }

    /** The benchmarks that are named, their files read. */
    static List<StudyTask<?>> tasks(Path model, Section evaluate) {
        List<StudyTask<?>> tasks = new ArrayList<>();
        for (String name : evaluate.sectionNames()) {
            tasks.add(task(model, name, evaluate.section(name)));
        }
        if (tasks.isEmpty()) {
            throw new BadInput(StudyConfig.EVALUATE + " names no benchmark; give at least one of "
                    + String.join(", ", schema().sections().keySet()) + " with its data");
        }
        return List.copyOf(tasks);
    }

    private static StudyTask<?> task(Path model, String name, Section section) {
        List<Path> data = section.require(DATA).stream().map(Path::of).toList();
        Benchmark benchmark = Benchmarks.named(name).orElseThrow();
        Settings given = benchmark.forModel(EmbeddedModel.is(model), section.settings());
        return task(benchmark, benchmark.open(data, given), section);
    }

    private static <R extends Task.Row> StudyTask<R> task(Benchmark benchmark, Task<R> task, Section section) {
        List<Reported> reported = benchmark.reported(section.settings());
        return new StudyTask<>(
                task,
                Limit.firstOfEach(task.rows(), section.get(LIMIT).intValue()),
                reported,
                whole(reported.getLast().kind()),
                benchmark.counted(),
                benchmark.shown(),
                benchmark.judged());
    }

    /** Parts of MASK are asked in other ways; they have no whole. */
    private static boolean whole(Kind kind) {
        return kind != Kind.HONESTY;
    }
}
