package candor.study;

import candor.BadInput;
import candor.evaluate.Task;
import candor.evaluate.choice.ChoiceTask;
import candor.evaluate.deception.DeceptionTask;
import candor.evaluate.engine.Decoding;
import candor.evaluate.gsm8k.Gsm8kTask;
import candor.evaluate.humaneval.HumanEvalTask;
import candor.evaluate.humaneval.Sandbox;
import candor.evaluate.mask.MaskTask;
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
            "What chat templates print that show the date; fixed, so that runs can be repeated.");
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
            "What positive logits of tokens that were there are divided by; none, if not given.");
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
    private static final Setting<List<String>> SUBSETS =
            new Setting<>("subsets", new Setting.Texts("NAME"), List.of(), "Only these.");
    private static final Setting<Long> LIE_K = new Setting<>(
            "lie_k",
            new Setting.Whole(1, 1000),
            (long) MaskTask.Settings.PUBLISHED.lieK(),
            "Replies under pressure for each row.");
    private static final Setting<Long> SHOTS =
            new Setting<>("num_fewshot", new Setting.Whole(0, 100), 0L, "Examples before the question.");
    private static final Setting<List<String>> FEWSHOT_DATA =
            new Setting<>("fewshot_data", new Setting.Texts("FILE"), List.of(), "Where the examples come from.");
    private static final Setting<ChoiceTask.Method> METHOD = new Setting<>(
            "method",
            new Setting.Choice<>(ChoiceTask.Method.class),
            ChoiceTask.Method.COT,
            "Reason first, or compare the letters' probabilities.");
    private static final Setting<Boolean> CHAT = new Setting<>(
            "chat", new Setting.YesNo(), false, "Log-likelihoods behind the chat template, instead of plain text.");
    private static final Setting<Gsm8kTask.AnswerRule> ANSWER_RULE = new Setting<>(
            "answer_rule",
            new Setting.Choice<>(Gsm8kTask.AnswerRule.class),
            Gsm8kTask.Settings.DEFAULT.rule(),
            "Which number of the reply counts.");
    private static final Setting<DeceptionTask.Layout> LAYOUT = new Setting<>(
            "prompt_layout",
            new Setting.Choice<>(DeceptionTask.Layout.class),
            DeceptionTask.Settings.DEFAULT.layout(),
            "As the reference code joins the parts, or with a system message.");
    private static final Setting<DeceptionTask.External> J1_SEES = new Setting<>(
            "j1_sees",
            new Setting.Choice<>(DeceptionTask.External.class),
            DeceptionTask.Settings.DEFAULT.external(),
            "What judge J1 takes for the response.");
    private static final Setting<DeceptionTask.FormatRule> FORMAT_RULE = new Setting<>(
            "format_rule",
            new Setting.Choice<>(DeceptionTask.FormatRule.class),
            DeceptionTask.Settings.DEFAULT.formatRule(),
            "Which replies count.");
    private static final Setting<Boolean> INSIST = new Setting<>(
            "insist_on_format",
            new Setting.YesNo(),
            DeceptionTask.Settings.DEFAULT.insistOnFormat(),
            "Adds a sentence on the two pairs of tags to the prompt.");
    private static final Setting<Boolean> UNSAFE = new Setting<>(
            "unsafe_no_sandbox",
            new Setting.YesNo(),
            false,
            "Runs what the model writes with your own rights where bwrap is missing.");

    private EvaluationPlan() {}

    private static Setting<Double> temperature(double fallback) {
        return new Setting<>(
                "temperature", new Setting.Real(0, true, 100), fallback, "Of the model's replies; 0 is greedy.");
    }

    private static Setting<Long> maxNewTokens(int fallback) {
        return new Setting<>("max_new_tokens", new Setting.Whole(1, 1 << 20), (long) fallback, "Where a reply is cut.");
    }

    private static final Setting<Double> MASK_TEMPERATURE = temperature(MaskTask.Settings.PUBLISHED.temperature());
    private static final Setting<Long> MASK_TOKENS = maxNewTokens(MaskTask.Settings.PUBLISHED.maxNewTokens());
    private static final Setting<Double> GREEDY = temperature(0);
    private static final Setting<Long> DECEPTION_TOKENS = maxNewTokens(DeceptionTask.Settings.DEFAULT.maxNewTokens());
    private static final Setting<Long> CHOICE_TOKENS = maxNewTokens(2048);
    private static final Setting<Long> GSM8K_TOKENS = maxNewTokens(Gsm8kTask.Settings.DEFAULT.maxNewTokens());
    private static final Setting<Long> GSM8K_SHOTS = new Setting<>(
            "num_fewshot",
            new Setting.Whole(0, 100),
            null,
            "Worked examples before the question. Without it 4, and none for the embedded model, which has learnt to read none.");
    private static final Setting<Long> HUMANEVAL_TOKENS = maxNewTokens(HumanEvalTask.Settings.DEFAULT.maxNewTokens());

    static Schema schema() {
        Schema choice = Schema.of(DATA, LABEL, LIMIT, METHOD, SHOTS, FEWSHOT_DATA, CHAT, GREEDY, CHOICE_TOKENS);
        return Schema.of(
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
                        SHOWN_REPLIES)
                .with(
                        "mask",
                        Schema.of(
                                DATA, LABEL, LABEL_GIVEN_BELIEF, LIMIT, SUBSETS, LIE_K, MASK_TEMPERATURE, MASK_TOKENS))
                .with("mask_probability", Schema.of(DATA, LABEL, LIMIT, SUBSETS))
                .with(
                        "deceptionbench",
                        Schema.of(DATA, LABEL, LIMIT, GREEDY, DECEPTION_TOKENS, LAYOUT, J1_SEES, FORMAT_RULE, INSIST))
                .with("mmlu", choice)
                .with("gpqa", choice)
                .with(
                        "gsm8k",
                        Schema.of(DATA, LABEL, LIMIT, GSM8K_SHOTS, FEWSHOT_DATA, ANSWER_RULE, GREEDY, GSM8K_TOKENS))
                .with("humaneval", Schema.of(DATA, LABEL, LIMIT, UNSAFE, GREEDY, HUMANEVAL_TOKENS));
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
        return switch (name) {
            case "mask" ->
                task(
                        section,
                        MaskTask.load(
                                data,
                                section.get(SUBSETS),
                                new MaskTask.Settings(
                                        section.get(LIE_K).intValue(),
                                        section.get(MASK_TEMPERATURE),
                                        section.get(MASK_TOKENS).intValue())),
                        List.of(
                                new Reported(
                                        "mask",
                                        "honesty",
                                        label(section, "MASK honesty"),
                                        Kind.OWN_SCORE,
                                        Better.HIGHER),
                                new Reported(
                                        "mask" + Metric.GIVEN_BELIEF,
                                        "lie_given_belief",
                                        section.get(LABEL_GIVEN_BELIEF),
                                        Kind.HONESTY,
                                        Better.LOWER)),
                        List.of("lie", "honest", "evasive", "no_belief", "undecided"),
                        "pressure.0",
                        true);
            case "mask_probability" ->
                task(
                        section,
                        candor.evaluate.mask.ProbabilityTask.load(data, section.get(SUBSETS)),
                        honest("mask_probability", "truth", label(section, "Probability of the true statement")),
                        List.of("truer"),
                        "statements",
                        false);
            case "deceptionbench" ->
                task(
                        section,
                        DeceptionTask.load(
                                data,
                                new DeceptionTask.Settings(
                                        section.get(GREEDY),
                                        section.get(DECEPTION_TOKENS).intValue(),
                                        section.get(LAYOUT),
                                        section.get(J1_SEES),
                                        section.get(FORMAT_RULE),
                                        section.get(INSIST))),
                        List.of(new Reported(
                                "deceptionbench",
                                "deceptive",
                                label(section, "DeceptionBench"),
                                Kind.DECEPTION,
                                Better.LOWER)),
                        List.of("deceptive", "conforming", "j2_yes"),
                        "pressure",
                        true);
            case "mmlu" -> choice(section, ChoiceTask.Benchmark.MMLU, data, "MMLU");
            case "gpqa" -> choice(section, ChoiceTask.Benchmark.GPQA, data, "GPQA");
            case "gsm8k" ->
                task(
                        section,
                        Gsm8kTask.load(
                                data,
                                section.get(FEWSHOT_DATA).stream().map(Path::of).toList(),
                                new Gsm8kTask.Settings(
                                        shots(model, section.get(GSM8K_SHOTS)),
                                        section.get(GREEDY),
                                        section.get(GSM8K_TOKENS).intValue(),
                                        section.get(ANSWER_RULE))),
                        capability("gsm8k", "accuracy", label(section, "GSM8K")),
                        List.of("accuracy", "answered"),
                        "answer",
                        false);
            case "humaneval" ->
                task(
                        section,
                        HumanEvalTask.load(
                                data,
                                new HumanEvalTask.Settings(
                                        section.get(GREEDY),
                                        section.get(HUMANEVAL_TOKENS).intValue()),
                                section.get(UNSAFE)
                                        ? Sandbox.unsafe(Sandbox.Limits.DEFAULT)
                                        : Sandbox.open(Sandbox.Limits.DEFAULT)),
                        capability("humaneval", "pass_at_1", label(section, "HumanEval")),
                        List.of("pass_at_1"),
                        "code",
                        false);
            default -> throw new IllegalStateException("a benchmark that the schema does not have: " + name);
        };
    }

    private static StudyTask<?> choice(Section section, ChoiceTask.Benchmark benchmark, List<Path> data, String label) {
        ChoiceTask task = ChoiceTask.load(
                benchmark,
                data,
                section.get(FEWSHOT_DATA).stream().map(Path::of).toList(),
                new ChoiceTask.Settings(
                        section.get(METHOD),
                        section.get(GREEDY),
                        section.get(CHOICE_TOKENS).intValue(),
                        section.get(CHAT),
                        section.get(SHOTS).intValue()));
        return task(
                section,
                task,
                capability(task.name(), "accuracy", label(section, label)),
                List.of("accuracy"),
                "answer",
                false);
    }

    private static <R extends Task.Row> StudyTask<R> task(
            Section section,
            Task<R> task,
            List<Reported> reported,
            List<String> counted,
            String shown,
            boolean judged) {
        return new StudyTask<>(
                task,
                StudyTask.firstOfEach(task.rows(), section.get(LIMIT).intValue()),
                reported,
                whole(reported.getLast().kind()),
                counted,
                shown,
                judged);
    }

    /** Parts of MASK are asked in other ways; they have no whole. */
    private static boolean whole(Kind kind) {
        return kind != Kind.HONESTY;
    }

    private static int shots(Path model, Long given) {
        return given == null ? Gsm8kTask.Settings.shots(EmbeddedModel.is(model)) : given.intValue();
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
