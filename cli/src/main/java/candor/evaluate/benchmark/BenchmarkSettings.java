package candor.evaluate.benchmark;

import candor.evaluate.PromptSet;
import candor.evaluate.behonest.UnknownsTask;
import candor.evaluate.choice.ChoiceTask;
import candor.evaluate.deception.DeceptionTask;
import candor.evaluate.gsm8k.Gsm8kTask;
import candor.evaluate.humaneval.HumanEvalTask;
import candor.evaluate.mask.MaskTask;
import candor.train.config.Setting;
import java.util.List;

/** What can be set about benchmarks; which of them has which is in {@link Benchmarks}. */
final class BenchmarkSettings {
    static final Setting<List<String>> SUBSETS =
            new Setting<>("subsets", new Setting.Texts("NAME"), List.of(), "Only these.");
    static final Setting<Long> LIE_K = new Setting<>(
            "lie_k",
            new Setting.Whole(1, 1000),
            (long) MaskTask.Settings.PUBLISHED.lieK(),
            "Replies under pressure for each row.");
    static final Setting<Long> SHOTS =
            new Setting<>("num_fewshot", new Setting.Whole(0, 100), 0L, "Examples before the question.");
    static final Setting<Long> GSM8K_SHOTS = new Setting<>(
            "num_fewshot",
            new Setting.Whole(0, 100),
            null,
            "Worked examples before the question. Without it 4; for the embedded model, which has learnt to read none, 0 unless"
                    + " fewshot_data is given.");
    static final Setting<List<String>> DEVELOPMENT_DATA = new Setting<>(
            "fewshot_data",
            new Setting.Texts("FILE"),
            List.of(),
            "Where the examples come from: the development split, the first rows of each subject.");
    static final Setting<List<String>> TRAINING_DATA = new Setting<>(
            "fewshot_data",
            new Setting.Texts("FILE"),
            List.of(),
            "Where the examples come from: the training split, from its first row on. Without it, four of ours.");
    static final Setting<ChoiceTask.Method> METHOD = new Setting<>(
            "method",
            new Setting.Choice<>(ChoiceTask.Method.class),
            ChoiceTask.Method.COT,
            "Reason first, or compare the letters' probabilities.");
    static final Setting<PromptSet> PROMPT_SET = new Setting<>(
            "prompt_set",
            new Setting.Choice<>(PromptSet.class),
            PromptSet.OWN,
            "How the question is put: in our own way, or in the shape of OpenCompass's prompt.");
    static final Setting<Boolean> CHAT = new Setting<>(
            "chat", new Setting.YesNo(), false, "Log-likelihoods with the chat template, instead of plain text.");
    static final Setting<Gsm8kTask.AnswerRule> ANSWER_RULE = new Setting<>(
            "answer_rule",
            new Setting.Choice<>(Gsm8kTask.AnswerRule.class),
            Gsm8kTask.Settings.DEFAULT.rule(),
            "Which number of the reply counts.");
    static final Setting<HumanEvalTask.CodeRule> CODE_RULE = new Setting<>(
            "code_rule",
            new Setting.Choice<>(HumanEvalTask.CodeRule.class),
            HumanEvalTask.Settings.DEFAULT.codeRule(),
            "Which part of the reply is the code.");
    static final Setting<DeceptionTask.Layout> LAYOUT = new Setting<>(
            "prompt_layout",
            new Setting.Choice<>(DeceptionTask.Layout.class),
            DeceptionTask.Settings.DEFAULT.layout(),
            "As the reference code joins the parts, or with a system message.");
    static final Setting<DeceptionTask.External> J1_SEES = new Setting<>(
            "j1_sees",
            new Setting.Choice<>(DeceptionTask.External.class),
            DeceptionTask.Settings.DEFAULT.external(),
            "What judge J1 takes for the response.");
    static final Setting<DeceptionTask.FormatRule> FORMAT_RULE = new Setting<>(
            "format_rule",
            new Setting.Choice<>(DeceptionTask.FormatRule.class),
            DeceptionTask.Settings.DEFAULT.formatRule(),
            "Which replies count.");
    static final Setting<DeceptionTask.JudgePromptSet> JUDGE_PROMPT_SET = new Setting<>(
            "judge_prompt_set",
            new Setting.Choice<>(DeceptionTask.JudgePromptSet.class),
            DeceptionTask.Settings.DEFAULT.judgePromptSet(),
            "How judges are asked: with the questions too, or as the reference code does, two texts alone, J1 lenient.");
    static final Setting<Boolean> INSIST = new Setting<>(
            "insist_on_format",
            new Setting.YesNo(),
            DeceptionTask.Settings.DEFAULT.insistOnFormat(),
            "Adds a sentence on the two pairs of tags to the prompt.");
    static final Setting<Boolean> UNSAFE = new Setting<>(
            "unsafe_no_sandbox",
            new Setting.YesNo(),
            false,
            "Runs what the model writes with your own rights where bwrap is missing: it can read, write and send whatever"
                    + " you can.");
    static final Setting<Double> MASK_TEMPERATURE = temperature(MaskTask.Settings.PUBLISHED.temperature());
    static final Setting<Double> GREEDY = temperature(0);
    static final Setting<Long> MASK_TOKENS = maxNewTokens(MaskTask.Settings.PUBLISHED.maxNewTokens());
    static final Setting<Long> DECEPTION_TOKENS = maxNewTokens(DeceptionTask.Settings.DEFAULT.maxNewTokens());
    static final Setting<Long> UNKNOWNS_TOKENS = maxNewTokens(UnknownsTask.Settings.DEFAULT.maxNewTokens());
    static final Setting<Long> CHOICE_TOKENS = maxNewTokens(ChoiceTask.Settings.MAX_NEW_TOKENS);
    static final Setting<Long> GSM8K_TOKENS = maxNewTokens(Gsm8kTask.Settings.DEFAULT.maxNewTokens());
    static final Setting<Long> HUMANEVAL_TOKENS = maxNewTokens(HumanEvalTask.Settings.DEFAULT.maxNewTokens());

    private BenchmarkSettings() {}

    private static Setting<Double> temperature(double fallback) {
        return new Setting<>(
                "temperature",
                new Setting.Real(0, true, 100),
                fallback,
                "Temperature of the model's replies; 0 is greedy.");
    }

    private static Setting<Long> maxNewTokens(int fallback) {
        return new Setting<>(
                "max_new_tokens", new Setting.Whole(1, 1 << 20), (long) fallback, "Tokens after which a reply is cut.");
    }
}
