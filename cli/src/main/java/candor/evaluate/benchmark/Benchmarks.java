package candor.evaluate.benchmark;

import candor.BadInput;
import candor.evaluate.Task;
import candor.evaluate.behonest.UnknownsTask;
import candor.evaluate.choice.ChoiceTask;
import candor.evaluate.deception.DeceptionTask;
import candor.evaluate.gsm8k.Gsm8kTask;
import candor.evaluate.humaneval.HumanEvalTask;
import candor.evaluate.humaneval.Sandbox;
import candor.evaluate.mask.MaskTask;
import candor.evaluate.mask.ProbabilityTask;
import candor.train.config.Setting;
import candor.train.config.Settings;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Every benchmark: its settings, and how its data is read by them. A new one is a constant here. */
public enum Benchmarks {
    MASK(
            "MASK: honesty under pressure.",
            true,
            BenchmarkSettings.SUBSETS,
            BenchmarkSettings.LIE_K,
            BenchmarkSettings.MASK_TEMPERATURE,
            BenchmarkSettings.MASK_TOKENS) {
        @Override
        Task<?> open(List<Path> data, Settings given) {
            return MaskTask.load(
                    data,
                    given.get(BenchmarkSettings.SUBSETS),
                    new MaskTask.Settings(
                            given.get(BenchmarkSettings.LIE_K).intValue(),
                            given.get(BenchmarkSettings.MASK_TEMPERATURE),
                            given.get(BenchmarkSettings.MASK_TOKENS).intValue()));
        }
    },
    MASK_PROBABILITY(
            "MASK by probabilities: how likely the true statement is under pressure. No judge.",
            false,
            BenchmarkSettings.SUBSETS) {
        @Override
        Task<?> open(List<Path> data, Settings given) {
            return ProbabilityTask.load(data, given.get(BenchmarkSettings.SUBSETS));
        }
    },
    DECEPTIONBENCH(
            "DeceptionBench: reasoning against answer.",
            true,
            BenchmarkSettings.GREEDY,
            BenchmarkSettings.DECEPTION_TOKENS,
            BenchmarkSettings.LAYOUT,
            BenchmarkSettings.J1_SEES,
            BenchmarkSettings.FORMAT_RULE,
            BenchmarkSettings.INSIST,
            BenchmarkSettings.JUDGE_PROMPT_SET) {
        @Override
        Task<?> open(List<Path> data, Settings given) {
            return DeceptionTask.load(
                    data,
                    new DeceptionTask.Settings(
                            given.get(BenchmarkSettings.GREEDY),
                            given.get(BenchmarkSettings.DECEPTION_TOKENS).intValue(),
                            given.get(BenchmarkSettings.LAYOUT),
                            given.get(BenchmarkSettings.J1_SEES),
                            given.get(BenchmarkSettings.FORMAT_RULE),
                            given.get(BenchmarkSettings.INSIST),
                            given.get(BenchmarkSettings.JUDGE_PROMPT_SET)));
        }
    },
    BEHONEST_UNKNOWNS(
            "BeHonest's unknowns: does the model admit what nobody can know?",
            true,
            BenchmarkSettings.GREEDY,
            BenchmarkSettings.UNKNOWNS_TOKENS) {
        @Override
        Task<?> open(List<Path> data, Settings given) {
            return UnknownsTask.load(
                    data,
                    new UnknownsTask.Settings(
                            given.get(BenchmarkSettings.GREEDY),
                            given.get(BenchmarkSettings.UNKNOWNS_TOKENS).intValue()));
        }
    },
    MMLU("MMLU: multiple choice over 57 subjects.", false, choice()) {
        @Override
        Task<?> open(List<Path> data, Settings given) {
            return choice(ChoiceTask.Benchmark.MMLU, data, given);
        }
    },
    GPQA("GPQA: multiple choice by experts.", false, choice()) {
        @Override
        Task<?> open(List<Path> data, Settings given) {
            return choice(ChoiceTask.Benchmark.GPQA, data, given);
        }
    },
    GSM8K(
            "GSM8K: arithmetic in words.",
            false,
            BenchmarkSettings.GSM8K_SHOTS,
            BenchmarkSettings.TRAINING_DATA,
            BenchmarkSettings.ANSWER_RULE,
            BenchmarkSettings.GREEDY,
            BenchmarkSettings.GSM8K_TOKENS) {
        @Override
        Task<?> open(List<Path> data, Settings given) {
            return Gsm8kTask.load(
                    data,
                    paths(given.get(BenchmarkSettings.TRAINING_DATA)),
                    new Gsm8kTask.Settings(
                            given.require(BenchmarkSettings.GSM8K_SHOTS).intValue(),
                            given.get(BenchmarkSettings.GREEDY),
                            given.get(BenchmarkSettings.GSM8K_TOKENS).intValue(),
                            given.get(BenchmarkSettings.ANSWER_RULE)));
        }
    },
    HUMANEVAL(
            "HumanEval: code that must pass its tests, run in a sandbox.",
            false,
            BenchmarkSettings.PROMPT_SET,
            BenchmarkSettings.CODE_RULE,
            BenchmarkSettings.UNSAFE,
            BenchmarkSettings.GREEDY,
            BenchmarkSettings.HUMANEVAL_TOKENS) {
        @Override
        Task<?> open(List<Path> data, Settings given) {
            // Looked for before anything else: hours of generation should not end in "bwrap is missing".
            Sandbox sandbox = given.get(BenchmarkSettings.UNSAFE)
                    ? Sandbox.unsafe(Sandbox.Limits.DEFAULT)
                    : Sandbox.open(Sandbox.Limits.DEFAULT);
            return HumanEvalTask.load(
                    data,
                    new HumanEvalTask.Settings(
                            given.get(BenchmarkSettings.GREEDY),
                            given.get(BenchmarkSettings.HUMANEVAL_TOKENS).intValue(),
                            given.get(BenchmarkSettings.PROMPT_SET),
                            given.get(BenchmarkSettings.CODE_RULE)),
                    sandbox);
        }
    };

    private final String description;
    private final boolean judged;
    private final List<Setting<?>> settings;

    Benchmarks(String description, boolean judged, Setting<?>... settings) {
        this.description = description;
        this.judged = judged;
        this.settings = List.of(settings);
    }

    /** Reads the data. */
    abstract Task<?> open(List<Path> data, Settings given);

    /**
     * Reads the data, for a model.
     *
     * @param embedded whether it is the embedded model, which has learnt to read no worked examples and is given none unless asked
     */
    public Task<?> open(boolean embedded, List<Path> data, Settings given) {
        if (this != GSM8K || given.has(BenchmarkSettings.GSM8K_SHOTS)) {
            return open(data, given);
        }
        long shots = examples(given).orElse((long) Gsm8kTask.Settings.shots(embedded));
        return open(data, given.with(BenchmarkSettings.GSM8K_SHOTS, Long.toString(shots)));
    }

    /**
     * How many worked examples were asked for, by number or by the data that they come from; empty where none were, or the benchmark
     * has no such setting of its own.
     */
    public Optional<Long> examples(Settings given) {
        if (this != GSM8K) {
            return Optional.empty();
        }
        return given.has(BenchmarkSettings.TRAINING_DATA) && !given.has(BenchmarkSettings.GSM8K_SHOTS)
                ? Optional.of((long) Gsm8kTask.Settings.shots(false))
                : Optional.ofNullable(given.get(BenchmarkSettings.GSM8K_SHOTS));
    }

    /** Its name, which is that of its task, of the command and of the study's section. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The benchmark of a name, whether its words are parted by a dash or not. */
    public static Optional<Benchmarks> named(String word) {
        return Arrays.stream(values())
                .filter(benchmark -> benchmark.word().equals(word.replace('-', '_')))
                .findFirst();
    }

    /** In a line, for the help. */
    public String description() {
        return description;
    }

    /** Whether a judge is asked. */
    public boolean judged() {
        return judged;
    }

    /** What can be set, beside data and limit. */
    public List<Setting<?>> settings() {
        return settings;
    }

    private static Setting<?>[] choice() {
        return new Setting<?>[] {
            BenchmarkSettings.METHOD,
            BenchmarkSettings.PROMPT_SET,
            BenchmarkSettings.SHOTS,
            BenchmarkSettings.DEVELOPMENT_DATA,
            BenchmarkSettings.CHAT,
            BenchmarkSettings.GREEDY,
            BenchmarkSettings.CHOICE_TOKENS
        };
    }

    private static Task<?> choice(ChoiceTask.Benchmark benchmark, List<Path> data, Settings given) {
        if (given.has(BenchmarkSettings.DEVELOPMENT_DATA) && !given.has(BenchmarkSettings.SHOTS)) {
            throw new BadInput(given.origin(BenchmarkSettings.DEVELOPMENT_DATA)
                    + ": says where examples come from; say how many with " + BenchmarkSettings.SHOTS.flag() + ", too");
        }
        return ChoiceTask.load(
                benchmark,
                data,
                paths(given.get(BenchmarkSettings.DEVELOPMENT_DATA)),
                new ChoiceTask.Settings(
                        given.get(BenchmarkSettings.METHOD),
                        given.get(BenchmarkSettings.PROMPT_SET),
                        given.get(BenchmarkSettings.GREEDY),
                        given.get(BenchmarkSettings.CHOICE_TOKENS).intValue(),
                        given.get(BenchmarkSettings.CHAT),
                        given.get(BenchmarkSettings.SHOTS).intValue()));
    }

    private static List<Path> paths(List<String> texts) {
        return texts.stream().map(Path::of).toList();
    }
}
