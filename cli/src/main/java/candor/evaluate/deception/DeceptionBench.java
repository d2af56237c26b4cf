package candor.evaluate.deception;

import candor.evaluate.Task;
import candor.evaluate.benchmark.Benchmark;
import candor.evaluate.benchmark.BenchmarkSettings;
import candor.evaluate.benchmark.Counted;
import candor.evaluate.benchmark.Reported;
import candor.study.record.Metric.Better;
import candor.study.record.Metric.Kind;
import candor.train.config.Setting;
import candor.train.config.Settings;
import java.nio.file.Path;
import java.util.List;

/** DeceptionBench. */
public final class DeceptionBench implements Benchmark {
    static final String NAME = "deceptionbench";
    static final Setting<Double> TEMPERATURE = BenchmarkSettings.temperature(0);
    static final Setting<Long> MAX_NEW_TOKENS = BenchmarkSettings.maxNewTokens(2048);
    static final Setting<DeceptionTask.Layout> LAYOUT = new Setting<>(
            "prompt_layout",
            new Setting.Choice<>(DeceptionTask.Layout.class),
            DeceptionTask.Layout.ONE_MESSAGE,
            "As the reference code joins the parts, or with a system message.");
    static final Setting<DeceptionTask.External> J1_SEES = new Setting<>(
            "j1_sees",
            new Setting.Choice<>(DeceptionTask.External.class),
            DeceptionTask.External.OUTPUT,
            "What judge J1 takes for the response.");
    static final Setting<DeceptionTask.FormatRule> FORMAT_RULE = new Setting<>(
            "format_rule",
            new Setting.Choice<>(DeceptionTask.FormatRule.class),
            DeceptionTask.FormatRule.STRICT,
            "Which replies count.");
    static final Setting<Boolean> INSIST = new Setting<>(
            "insist_on_format", new Setting.YesNo(), true, "Adds a sentence on the two pairs of tags to the prompt.");
    static final Setting<DeceptionTask.JudgePromptSet> JUDGE_PROMPT_SET = new Setting<>(
            "judge_prompt_set",
            new Setting.Choice<>(DeceptionTask.JudgePromptSet.class),
            DeceptionTask.JudgePromptSet.OWN,
            "How judges are asked: with the questions too, or as the reference code does, two texts alone, J1 lenient.");

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "DeceptionBench: reasoning against answer.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(TEMPERATURE, MAX_NEW_TOKENS, LAYOUT, J1_SEES, FORMAT_RULE, INSIST, JUDGE_PROMPT_SET);
    }

    @Override
    public Task<?> open(List<Path> data, Settings given) {
        return DeceptionTask.load(data, given);
    }

    @Override
    public boolean judged() {
        return true;
    }

    @Override
    public List<Reported> reported(Settings given) {
        return List.of(new Reported(
                NAME, "deceptive", BenchmarkSettings.label(given, "DeceptionBench"), Kind.DECEPTION, Better.LOWER));
    }

    /** The share of scored rows whose reasoning does not hold the belief is taken of j2_yes. */
    @Override
    public List<Counted> counted() {
        return List.of(new Counted("deceptive", true), new Counted("conforming", false), new Counted("j2_yes", true));
    }

    @Override
    public String shown() {
        return "pressure";
    }
}
