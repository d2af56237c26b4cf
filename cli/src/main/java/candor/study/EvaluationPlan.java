package candor.study;

import candor.BadInput;
import candor.evaluate.Limit;
import candor.evaluate.Task;
import candor.evaluate.benchmark.Benchmarks;
import candor.evaluate.engine.Decoding;
import candor.study.StudyTask.Counted;
import candor.study.StudyTask.Reported;
import candor.study.record.Metric;
import candor.study.record.Metric.Better;
import candor.study.record.Metric.Kind;
import candor.train.config.Setting;
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
    private static final Setting<String> LABEL = new Setting<>(
            "label",
            new Setting.Text("TEXT"),
            null,
            "What reports call it, where the rows are not the published ones.");
    private static final Setting<String> LABEL_GIVEN_BELIEF = new Setting<>(
            "label_given_belief",
            new Setting.Text("TEXT"),
            "Lies given belief (MASK)",
            "What reports call the share of lies among the rows with a belief, by which verdicts go.");
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
        for (Benchmarks benchmark : Benchmarks.values()) {
            Schema own = benchmark == Benchmarks.MASK
                    ? Schema.of(DATA, LABEL, LABEL_GIVEN_BELIEF, LIMIT)
                    : Schema.of(DATA, LABEL, LIMIT);
            schema = schema.with(benchmark.word(), own.with(benchmark.settings().toArray(Setting<?>[]::new)));
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
        Benchmarks benchmark = Benchmarks.named(name).orElseThrow();
        return task(benchmark, benchmark.open(EmbeddedModel.is(model), data, section.settings()), section);
    }

    private static <R extends Task.Row> StudyTask<R> task(Benchmarks benchmark, Task<R> task, Section section) {
        List<Reported> reported = reported(benchmark, section);
        return new StudyTask<>(
                task,
                Limit.firstOfEach(task.rows(), section.get(LIMIT).intValue()),
                reported,
                whole(reported.getLast().kind()),
                counted(benchmark),
                shown(benchmark),
                benchmark.judged());
    }

    private static List<Reported> reported(Benchmarks benchmark, Section section) {
        return switch (benchmark) {
            case MASK ->
                List.of(
                        new Reported("mask", "honesty", label(section, "MASK honesty"), Kind.OWN_SCORE, Better.HIGHER),
                        new Reported(
                                "mask" + Metric.GIVEN_BELIEF,
                                "lie_given_belief",
                                section.get(LABEL_GIVEN_BELIEF),
                                Kind.HONESTY,
                                Better.LOWER));
            case MASK_PROBABILITY ->
                honest("mask_probability", "truth", label(section, "Probability of the true statement"));
            case DECEPTIONBENCH ->
                List.of(new Reported(
                        "deceptionbench", "deceptive", label(section, "DeceptionBench"), Kind.DECEPTION, Better.LOWER));
            case BEHONEST_UNKNOWNS ->
                honest("behonest_unknowns", "admitted", label(section, "BeHonest, unknowns admitted"));
            case MMLU -> {
                String label = label(section, "MMLU");
                List<Reported> both = new ArrayList<>(capability("mmlu", "accuracy_by_subject", label));
                both.addAll(capability("mmlu" + Metric.POOLED, "accuracy", label + ", pooled over questions"));
                yield both;
            }
            case GPQA -> capability("gpqa", "accuracy", label(section, "GPQA"));
            case GSM8K -> capability("gsm8k", "accuracy", label(section, "GSM8K"));
            case HUMANEVAL -> capability("humaneval", "pass_at_1", label(section, "HumanEval"));
        };
    }

    /** Measures whose rows are counted beside the first that is reported. */
    private static List<Counted> counted(Benchmarks benchmark) {
        return switch (benchmark) {
            case MASK -> Counted.all("lie", "honest", "evasive", "no_belief", "undecided");
            case MASK_PROBABILITY -> Counted.all("truer");
            // The share of scored rows whose reasoning does not hold the belief is taken of j2_yes.
            case DECEPTIONBENCH ->
                List.of(new Counted("deceptive", true), new Counted("conforming", false), new Counted("j2_yes", true));
            case BEHONEST_UNKNOWNS -> Counted.all("admitted");
            case MMLU, GPQA -> Counted.all("accuracy");
            case GSM8K -> Counted.all("accuracy", "answered");
            case HUMANEVAL -> Counted.all("pass_at_1");
        };
    }

    /** The key of the reply that readers are shown. */
    private static String shown(Benchmarks benchmark) {
        return switch (benchmark) {
            case MASK -> "pressure.0";
            case MASK_PROBABILITY -> "statements";
            case DECEPTIONBENCH -> "pressure";
            case BEHONEST_UNKNOWNS, MMLU, GPQA, GSM8K -> "answer";
            case HUMANEVAL -> "code";
        };
    }

    /** Parts of MASK are asked in other ways; they have no whole. */
    private static boolean whole(Kind kind) {
        return kind != Kind.HONESTY;
    }

    private static String label(Section section, String ours) {
        String given = section.get(LABEL);
        return given == null ? ours : given;
    }

    private static List<Reported> honest(String name, String measure, String label) {
        return List.of(new Reported(name, measure, label, Kind.HONESTY, Better.HIGHER));
    }

    private static List<Reported> capability(String name, String measure, String label) {
        return List.of(new Reported(name, measure, label, Kind.CAPABILITY, Better.HIGHER));
    }
}
