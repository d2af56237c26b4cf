package candor.evaluate.judge;

import candor.train.config.Setting;
import java.util.List;
import java.util.Locale;

/**
 * What can be said of a judge, or of whoever else answers in another's place, declared once: options of {@code eval} and their
 * help, keys of a study's sections, and fields of records come from here.
 */
public final class JudgeSettings {
    /** Kinds of judges. */
    public enum Kind {
        RULES,
        LOCAL,
        ENDPOINT;

        /** As files and records have it. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public static final Setting<Kind> KIND = new Setting<>(
            "kind",
            new Setting.Choice<>(Kind.class),
            null,
            "rules (for closed worlds alone), local (a checkpoint that runs here) or endpoint (OpenAI-compatible).");
    public static final Setting<String> URL =
            new Setting<>("url", new Setting.Text("URL"), null, "The endpoint, such as https://…/v1.");
    public static final Setting<String> MODEL = new Setting<>(
            "model",
            new Setting.Text("NAME|DIR"),
            null,
            "The model's name there, or the folder of a local checkpoint, or its name on the Hub, ORG/NAME.");
    public static final Setting<String> KEY_ENV = new Setting<>(
            "key_env",
            new Setting.Text("VARIABLE"),
            "OPENAI_API_KEY",
            "The environment variable with the key; unset, no key is sent.");
    public static final Setting<String> PROMPTS = new Setting<>(
            "prompts", new Setting.Text("DIR"), null, "Judge prompts in place of the built-in ones, by file name.");
    public static final Setting<Long> ATTEMPTS =
            new Setting<>("attempts", new Setting.Whole(1, 10), 3L, "Attempts to get a well-formed answer.");
    public static final Setting<Double> TEMPERATURE =
            new Setting<>("temperature", new Setting.Real(0, true, 2), 0.0, "Of the endpoint's answers.");
    public static final Setting<Boolean> SEND_TEMPERATURE = new Setting<>(
            "send_temperature",
            new Setting.YesNo(),
            true,
            "false leaves the temperature to the endpoint, as some models demand.");
    public static final Setting<String> TOKEN_FIELD = new Setting<>(
            "token_field",
            new Setting.Text("NAME"),
            Endpoint.MAX_TOKENS,
            "The endpoint's name for the bound on tokens: max_tokens or max_completion_tokens; where it answers that it wants"
                    + " the latter, that is taken.");
    public static final Setting<Long> MAX_TOKENS = new Setting<>(
            "max_tokens",
            new Setting.Whole(1, ModelJudge.MOST_TOKENS),
            null,
            "Where an answer is cut, its thinking included; one that was cut is asked for once more with four times the room."
                    + " Without it 500 (deceptionbench 1024, a rating 12), and 4096 for a model that reasons.");
    public static final Setting<String> REASONING_EFFORT = new Setting<>(
            "reasoning_effort",
            new Setting.Text("WORD"),
            null,
            "For an endpoint whose model reasons, such as low; sent as it stands.");
    public static final Setting<Long> CONCURRENCY =
            new Setting<>("concurrency", new Setting.Whole(1, 256), 8L, "Concurrent requests.");
    public static final Setting<Long> RETRIES =
            new Setting<>("retries", new Setting.Whole(0, 100), 6L, "Retries of a request that failed temporarily.");
    public static final Setting<Long> TIMEOUT =
            new Setting<>("timeout", new Setting.Whole(1, 86_400), 120L, "Seconds for one request, to its last byte.");
    public static final Setting<Long> MAX_SECONDS = new Setting<>(
            "max_seconds", new Setting.Whole(1, Integer.MAX_VALUE), null, "A limit on all of its answers together.");
    public static final Setting<Double> MAX_COST = new Setting<>(
            "max_cost", new Setting.Real(0, false, Double.MAX_VALUE), null, "A limit on all of its answers together.");
    public static final Setting<Double> INPUT_PRICE =
            new Setting<>("input_price", new Setting.Real(0, true, Double.MAX_VALUE), 0.0, "Per million tokens.");
    public static final Setting<Double> OUTPUT_PRICE =
            new Setting<>("output_price", new Setting.Real(0, true, Double.MAX_VALUE), 0.0, "Per million tokens.");

    public static final Setting<Double> MAX_FAILURES = new Setting<>(
            "max_failures",
            new Setting.Real(0, true, 1),
            0.2,
            "Where the judge fails on a larger share of rows, an evaluation fails (exit code 1) and comparisons with it give no"
                    + " verdict, though all that was evaluated is written. A study ends with exit code 1, and the next start"
                    + " asks again for answers that did not come. Those that were cut or malformed stay: they need more"
                    + " max_tokens, or another judge, with another output and the same cache.");

    /** All of them, in the order of help. */
    public static final List<Setting<?>> ALL = List.of(
            KIND,
            URL,
            MODEL,
            KEY_ENV,
            PROMPTS,
            ATTEMPTS,
            TEMPERATURE,
            SEND_TEMPERATURE,
            TOKEN_FIELD,
            MAX_TOKENS,
            REASONING_EFFORT,
            CONCURRENCY,
            RETRIES,
            TIMEOUT,
            MAX_SECONDS,
            MAX_COST,
            INPUT_PRICE,
            OUTPUT_PRICE,
            MAX_FAILURES);

    private JudgeSettings() {}

    /**
     * A setting as commands have it that say more than who judges: under a name with "judge" in it.
     *
     * @param setting of the judge
     */
    public static <T> Setting<T> amongOthers(Setting<T> setting) {
        String key =
                setting == KIND ? "judge" : setting == MAX_FAILURES ? "max_judge_failures" : "judge_" + setting.key();
        return new Setting<>(key, setting.kind(), setting.fallback(), setting.help());
    }

    /** The flag of a setting: {@code --judge-url} for {@code url}. */
    public static String flag(Setting<?> setting) {
        return amongOthers(setting).flag();
    }
}
