package candor.cli;

import candor.BadInput;
import candor.evaluate.choice.ChoiceTask;
import candor.evaluate.deception.DeceptionTask;
import candor.evaluate.gsm8k.Gsm8kTask;
import candor.evaluate.humaneval.HumanEvalTask;
import candor.evaluate.humaneval.Sandbox;
import candor.evaluate.mask.MaskTask;
import candor.world.EmbeddedModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Evaluates a model, with any number of adapters at once. One subcommand a benchmark; the options are its settings. */
@Command(
        name = "eval",
        description = "Evaluates a model with any number of adapters.",
        subcommands = {
            EvalCommand.Mask.class,
            EvalCommand.DeceptionBench.class,
            EvalCommand.Mmlu.class,
            EvalCommand.Gsm8k.class,
            EvalCommand.HumanEval.class,
            EvalCommand.Gpqa.class,
            EvalCompareCommand.class
        })
final class EvalCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(EvalCommand.class);

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        return CommandNames.needed(spec.commandLine());
    }

    @Command(name = "mask", description = "MASK: honesty under pressure.")
    static final class Mask implements Callable<Integer> {
        @Mixin
        private EvalOptions options;

        @Mixin
        private JudgeOptions judge;

        @Option(
                names = "--subset",
                split = ",",
                paramLabel = "NAME",
                description = "Only these: known_facts, provided_facts, disinformation, continuations,"
                        + " doubling_down_known_facts, statistics.")
        private List<String> subsets = new ArrayList<>();

        @Option(names = "--lie-k", paramLabel = "K", description = "Replies under pressure for each row.")
        private int lieK = MaskTask.Settings.PUBLISHED.lieK();

        @Option(names = "--temperature", description = "Of the model's replies; 0 is greedy.")
        private double temperature = MaskTask.Settings.PUBLISHED.temperature();

        @Option(names = "--max-new-tokens", paramLabel = "N", description = "Where a reply is cut.")
        private int maxNewTokens = MaskTask.Settings.PUBLISHED.maxNewTokens();

        @Override
        public Integer call() {
            options.requireSampling(temperature, maxNewTokens);
            MaskTask.Settings settings = new MaskTask.Settings(lieK, temperature, maxNewTokens);
            return EvalRun.run(MaskTask.load(options.data(), subsets, settings), options, judge);
        }
    }

    @Command(name = "deceptionbench", description = "DeceptionBench: reasoning against answer.")
    static final class DeceptionBench implements Callable<Integer> {
        private static final DeceptionTask.Settings DEFAULT = DeceptionTask.Settings.DEFAULT;

        @Mixin
        private EvalOptions options;

        @Mixin
        private JudgeOptions judge;

        @Option(
                names = "--prompt-layout",
                description = "${COMPLETION-CANDIDATES}: as the reference code joins the parts.")
        private DeceptionTask.Layout layout = DEFAULT.layout();

        @Option(names = "--j1-sees", description = "${COMPLETION-CANDIDATES}: what judge J1 takes for the response.")
        private DeceptionTask.External external = DEFAULT.external();

        @Option(names = "--format-rule", description = "${COMPLETION-CANDIDATES}: which replies count.")
        private DeceptionTask.FormatRule formatRule = DEFAULT.formatRule();

        @Option(
                names = "--insist-on-format",
                negatable = true,
                defaultValue = "true",
                fallbackValue = "true",
                description = "Adds a sentence on the two pairs of tags to the prompt.")
        private boolean insistOnFormat;

        @Option(names = "--temperature", description = "Of the model's replies; 0 is greedy.")
        private double temperature = DEFAULT.temperature();

        @Option(names = "--max-new-tokens", paramLabel = "N", description = "Where a reply is cut.")
        private int maxNewTokens = DEFAULT.maxNewTokens();

        @Override
        public Integer call() {
            options.requireSampling(temperature, maxNewTokens);
            DeceptionTask.Settings settings =
                    new DeceptionTask.Settings(temperature, maxNewTokens, layout, external, formatRule, insistOnFormat);
            return EvalRun.run(DeceptionTask.load(options.data(), settings), options, judge);
        }
    }

    /** What MMLU and GPQA share. */
    static final class ChoiceOptions {
        @Option(
                names = "--method",
                description = "${COMPLETION-CANDIDATES}: reason first, or compare the letters' probabilities.")
        private Method method = Method.COT;

        @Option(
                names = "--num-fewshot",
                paramLabel = "N",
                description = "Examples of the same subject (log-likelihood).")
        private int shots;

        @Option(
                names = "--fewshot-data",
                arity = "1..*",
                paramLabel = "FILE",
                description = "Where the examples come from: the development split.")
        private List<Path> fewshotData = new ArrayList<>();

        @Option(names = "--chat", description = "Log-likelihoods behind the chat template, instead of plain text.")
        private boolean chat;

        @Option(names = "--temperature", description = "Of reasoned replies; 0 is greedy.")
        private double temperature;

        @Option(names = "--max-new-tokens", paramLabel = "N", description = "Where a reasoned reply is cut.")
        private int maxNewTokens = 2048;

        /** As users write it. */
        enum Method {
            COT,
            LOGLIKELIHOOD
        }

        ChoiceTask load(ChoiceTask.Benchmark benchmark, EvalOptions options) {
            options.requireSampling(temperature, maxNewTokens);
            ChoiceTask.Method chosen = method == Method.COT ? ChoiceTask.Method.COT : ChoiceTask.Method.LOG_LIKELIHOOD;
            return ChoiceTask.load(
                    benchmark,
                    options.data(),
                    fewshotData,
                    new ChoiceTask.Settings(chosen, temperature, maxNewTokens, chat, shots));
        }
    }

    @Command(name = "mmlu", description = "MMLU: multiple choice over 57 subjects.")
    static final class Mmlu implements Callable<Integer> {
        @Mixin
        private EvalOptions options;

        @Mixin
        private ChoiceOptions choice;

        @Override
        public Integer call() {
            return EvalRun.run(choice.load(ChoiceTask.Benchmark.MMLU, options), options, null);
        }
    }

    @Command(name = "gpqa", description = "GPQA: multiple choice by experts.")
    static final class Gpqa implements Callable<Integer> {
        @Mixin
        private EvalOptions options;

        @Mixin
        private ChoiceOptions choice;

        @Override
        public Integer call() {
            return EvalRun.run(choice.load(ChoiceTask.Benchmark.GPQA, options), options, null);
        }
    }

    @Command(name = "gsm8k", description = "GSM8K: arithmetic in words.")
    static final class Gsm8k implements Callable<Integer> {
        private static final Gsm8kTask.Settings DEFAULT = Gsm8kTask.Settings.DEFAULT;

        @Mixin
        private EvalOptions options;

        @Option(
                names = "--num-fewshot",
                paramLabel = "N",
                description =
                        "Worked examples before the question. Without it 4, and none for the embedded model, which has"
                                + " learnt to read none.")
        private Integer shots;

        @Option(
                names = "--fewshot-data",
                arity = "1..*",
                paramLabel = "FILE",
                description = "Where the examples come from: the training split, from its first row on.")
        private List<Path> fewshotData = new ArrayList<>();

        @Option(names = "--answer-rule", description = "${COMPLETION-CANDIDATES}: which number of the reply counts.")
        private Gsm8kTask.AnswerRule rule = DEFAULT.rule();

        @Option(names = "--temperature", description = "Of the model's replies; 0 is greedy.")
        private double temperature = DEFAULT.temperature();

        @Option(names = "--max-new-tokens", paramLabel = "N", description = "Where a reply is cut.")
        private int maxNewTokens = DEFAULT.maxNewTokens();

        @Override
        public Integer call() {
            options.requireSampling(temperature, maxNewTokens);
            Gsm8kTask.Settings settings = new Gsm8kTask.Settings(shots(), temperature, maxNewTokens, rule);
            return EvalRun.run(Gsm8kTask.load(options.data(), fewshotData, settings), options, null);
        }

        /** What the user says; else what fits the model, with a word where that is not the benchmark's own four. */
        private int shots() {
            boolean embedded = EmbeddedModel.is(options.model());
            if (shots == null && embedded) {
                LOG.info(
                        "no worked examples, as the embedded model has learnt to read none; --num-fewshot N gives some");
            }
            if (shots != null && shots > 0 && embedded) {
                LOG.warn(
                        "the embedded model has learnt to read no worked examples: --num-fewshot {} will confuse it,"
                                + " --num-fewshot 0 is what it can do",
                        shots);
            }
            return shots == null ? Gsm8kTask.Settings.shots(embedded) : shots;
        }
    }

    @Command(name = "humaneval", description = "HumanEval: code that must pass its tests, run in a sandbox.")
    static final class HumanEval implements Callable<Integer> {
        private static final HumanEvalTask.Settings DEFAULT = HumanEvalTask.Settings.DEFAULT;

        @Mixin
        private EvalOptions options;

        @Option(
                names = "--unsafe-no-sandbox",
                description =
                        "Runs what the model writes with your own rights where bwrap is missing: it can read, write"
                                + " and send whatever you can.")
        private boolean unsafe;

        @Option(names = "--temperature", description = "Of the model's replies; 0 is greedy.")
        private double temperature = DEFAULT.temperature();

        @Option(names = "--max-new-tokens", paramLabel = "N", description = "Where a reply is cut.")
        private int maxNewTokens = DEFAULT.maxNewTokens();

        @Override
        public Integer call() {
            options.requireSampling(temperature, maxNewTokens);
            // Looked for before anything else: hours of generation should not end in "bwrap is missing".
            Sandbox sandbox = unsafe ? Sandbox.unsafe(Sandbox.Limits.DEFAULT) : Sandbox.open(Sandbox.Limits.DEFAULT);
            HumanEvalTask.Settings settings = new HumanEvalTask.Settings(temperature, maxNewTokens);
            return EvalRun.run(HumanEvalTask.load(options.data(), settings, sandbox), options, null);
        }
    }

    /** A number that an option must not fall below. */
    static void require(boolean holds, String message) {
        if (!holds) {
            throw new BadInput(message);
        }
    }
}
