package candor.evaluate.humaneval;

import candor.evaluate.Task;
import candor.evaluate.benchmark.Benchmark;
import candor.evaluate.benchmark.BenchmarkSettings;
import candor.evaluate.benchmark.Counted;
import candor.evaluate.benchmark.Reported;
import candor.train.config.Setting;
import candor.train.config.Settings;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;

/** HumanEval. */
public final class HumanEval implements Benchmark {
    static final String NAME = "humaneval";
    static final Setting<Double> TEMPERATURE = BenchmarkSettings.temperature(0);
    static final Setting<Long> MAX_NEW_TOKENS = BenchmarkSettings.maxNewTokens(1024);
    static final Setting<HumanEvalTask.CodeRule> CODE_RULE = new Setting<>(
            "code_rule",
            new Setting.Choice<>(HumanEvalTask.CodeRule.class),
            HumanEvalTask.CodeRule.FIRST_BLOCK,
            "Which part of the reply is the code.");
    private static final Setting<Boolean> UNSAFE = new Setting<>(
            "unsafe_no_sandbox",
            new Setting.YesNo(),
            false,
            "Runs what the model writes with your own rights where bwrap is missing: it can read, write and send whatever"
                    + " you can.");

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "HumanEval: code that must pass its tests, run in a sandbox.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(TEMPERATURE, MAX_NEW_TOKENS, BenchmarkSettings.PROMPT_SET, CODE_RULE, UNSAFE);
    }

    @Override
    public Task<?> open(List<Path> data, Settings given) {
        // Looked for before anything else: hours of generation should not end in "bwrap is missing".
        Sandbox sandbox =
                given.get(UNSAFE) ? Sandbox.unsafe(Sandbox.Limits.DEFAULT) : Sandbox.open(Sandbox.Limits.DEFAULT);
        return HumanEvalTask.load(data, given, sandbox);
    }

    /** In the place of what was asked for, what there is: the kind of the sandbox, which the task says. */
    @Override
    public ObjectNode chosen(Settings given) {
        return Benchmark.super.chosen(given).without(UNSAFE.key());
    }

    @Override
    public List<Reported> reported(Settings given) {
        return Reported.capability(NAME, "pass_at_1", BenchmarkSettings.label(given, "HumanEval"));
    }

    @Override
    public List<Counted> counted() {
        return Counted.all("pass_at_1");
    }

    @Override
    public String shown() {
        return HumanEvalTask.KEY;
    }
}
