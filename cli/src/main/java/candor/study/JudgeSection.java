package candor.study;

import candor.BadInput;
import candor.evaluate.JudgeFailures;
import candor.evaluate.ask.AnswerCache;
import candor.evaluate.engine.Decoding;
import candor.evaluate.engine.EngineRespondent;
import candor.evaluate.judge.Budget;
import candor.evaluate.judge.ChatModel;
import candor.evaluate.judge.ChatProbe;
import candor.evaluate.judge.Endpoint;
import candor.evaluate.judge.Judge;
import candor.evaluate.judge.LocalChat;
import candor.evaluate.judge.ModelJudge;
import candor.evaluate.judge.OpenAiChat;
import candor.evaluate.judge.Prompts;
import candor.evaluate.judge.RuleJudge;
import candor.text.TemplateChoice;
import candor.train.config.Setting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A section that says who answers in another's place: rules, a local checkpoint, an endpoint. The judge's, and those of simulated
 * users and writers.
 */
public final class JudgeSection {
    /** Kinds of judges. */
    public enum Kind {
        RULES,
        LOCAL,
        ENDPOINT
    }

    static final Setting<Kind> KIND = new Setting<>(
            "kind",
            new Setting.Choice<>(Kind.class),
            null,
            "rules (for closed worlds alone), local (a checkpoint that runs here) or endpoint (OpenAI-compatible).");
    static final Setting<String> URL =
            new Setting<>("url", new Setting.Text("URL"), null, "The endpoint, such as https://…/v1.");
    public static final Setting<String> MODEL = new Setting<>(
            "model",
            new Setting.Text("NAME|DIR"),
            null,
            "The model's name there, or the folder of a local checkpoint.");
    static final Setting<String> KEY_ENV = new Setting<>(
            "key_env",
            new Setting.Text("VARIABLE"),
            "OPENAI_API_KEY",
            "The environment variable with the key; unset, no key is sent.");
    static final Setting<String> PROMPTS = new Setting<>(
            "prompts", new Setting.Text("DIR"), null, "Judge prompts in place of the built-in ones, by file name.");
    static final Setting<Long> ATTEMPTS =
            new Setting<>("attempts", new Setting.Whole(1, 10), 3L, "Attempts to get a well-formed answer.");
    static final Setting<Double> TEMPERATURE =
            new Setting<>("temperature", new Setting.Real(0, true, 2), 0.0, "Of the endpoint's answers.");
    public static final Setting<Boolean> SEND_TEMPERATURE = new Setting<>(
            "send_temperature",
            new Setting.YesNo(),
            true,
            "false leaves the temperature to the endpoint, as some models demand.");
    static final Setting<String> TOKEN_FIELD = new Setting<>(
            "token_field",
            new Setting.Text("NAME"),
            Endpoint.MAX_TOKENS,
            "The endpoint's name for the bound on tokens: max_tokens or max_completion_tokens; where it answers that it wants"
                    + " the latter, that is taken.");
    static final Setting<Long> MAX_TOKENS = new Setting<>(
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
    static final Setting<Long> CONCURRENCY =
            new Setting<>("concurrency", new Setting.Whole(1, 256), 8L, "Concurrent requests.");
    static final Setting<Long> RETRIES =
            new Setting<>("retries", new Setting.Whole(0, 100), 6L, "Retries of a request that failed temporarily.");
    static final Setting<Long> TIMEOUT =
            new Setting<>("timeout", new Setting.Whole(1, 86_400), 120L, "Seconds for one request, to its last byte.");
    static final Setting<Long> MAX_SECONDS = new Setting<>(
            "max_seconds", new Setting.Whole(1, Integer.MAX_VALUE), null, "A limit on all of its answers together.");
    static final Setting<Double> MAX_COST = new Setting<>(
            "max_cost", new Setting.Real(0, false, Double.MAX_VALUE), null, "A limit on all of its answers together.");
    static final Setting<Double> INPUT_PRICE =
            new Setting<>("input_price", new Setting.Real(0, true, Double.MAX_VALUE), 0.0, "Per million tokens.");
    static final Setting<Double> OUTPUT_PRICE =
            new Setting<>("output_price", new Setting.Real(0, true, Double.MAX_VALUE), 0.0, "Per million tokens.");

    public static final Setting<Double> MAX_FAILURES = new Setting<>(
            "max_failures",
            new Setting.Real(0, true, 1),
            JudgeFailures.DEFAULT_BOUND,
            "Where the judge fails on a larger share of a part's rows, the study ends with exit code 1, and the next start"
                    + " asks again for answers that did not come. Those that were cut or malformed stay: they need more"
                    + " max_tokens, or another judge, with another output and the same cache.");

    /** Beside its limits: how an endpoint is asked by whoever asks it. */
    private static final List<Setting<?>> OF_THE_ENDPOINT = List.of(
            KEY_ENV, TEMPERATURE, SEND_TEMPERATURE, TOKEN_FIELD, REASONING_EFFORT, CONCURRENCY, RETRIES, TIMEOUT);

    private JudgeSection() {}

    /** What such a section may hold. */
    public static Schema schema() {
        return Schema.of(
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
    }

    /** Who it is; refuses keys that belong to another kind. */
    public static Kind kind(Section section) {
        Kind kind = section.require(KIND);
        if (kind == Kind.RULES && (section.has(URL) || section.has(MODEL))) {
            throw new BadInput(section.where(KIND) + ": rules go without url and model; remove them");
        }
        if (kind == Kind.LOCAL && section.has(URL)) {
            throw new BadInput(section.where(URL) + ": belongs to kind endpoint; remove it");
        }
        if (kind != Kind.RULES) {
            section.require(MODEL);
        }
        if (kind == Kind.ENDPOINT) {
            section.require(URL);
        }
        return kind;
    }

    /**
     * The judge of a benchmark: what stands in the section of its name wins over what is said for all. One of another kind stands
     * by itself: it has no use for the address and model of the others.
     */
    public static Section of(StudyConfig config, String task) {
        Section judge = config.section(StudyConfig.JUDGE);
        Section own = judge.section(task);
        boolean another = own.has(KIND) && judge.has(KIND) && own.get(KIND) != judge.get(KIND);
        return another ? own : judge.alone().overriddenBy(own);
    }

    /**
     * The judge that a section says.
     *
     * @param model opens the model that it is, or gives one that is open
     * @param usualTokens the bound on an answer, where the section says nothing
     */
    static Judge judge(Section section, Function<Section, ChatModel> model, AnswerCache cache, int usualTokens) {
        if (kind(section) == Kind.RULES) {
            return new RuleJudge();
        }
        String folder = section.get(PROMPTS);
        Prompts prompts = folder == null ? Prompts.builtIn() : Prompts.from(Path.of(folder));
        return new ModelJudge(
                model.apply(section), prompts, cache, section.get(ATTEMPTS).intValue(), tokens(section, usualTokens));
    }

    /** What makes the model that a section says another one; how it is asked does not. */
    static List<Object> model(Section section) {
        if (kind(section) == Kind.LOCAL) {
            return List.of(folder(section));
        }
        List<Object> all = new ArrayList<>(limits(section));
        for (Setting<?> setting : OF_THE_ENDPOINT) {
            all.add(section.get(setting));
        }
        all.add(bounded(section));
        return all;
    }

    /** What makes the limits of an endpoint other ones: who is paid, how much, and how long at most. */
    static List<Object> limits(Section section) {
        List<Object> all = new ArrayList<>();
        for (Setting<?> setting : List.of(URL, MODEL, MAX_SECONDS, MAX_COST, INPUT_PRICE, OUTPUT_PRICE)) {
            all.add(section.get(setting));
        }
        return all;
    }

    /** The folder of a local judge's model. */
    static Path folder(Section section) {
        return Path.of(section.require(MODEL)).toAbsolutePath().normalize();
    }

    private static boolean bounded(Section section) {
        return section.has(MAX_TOKENS) || section.has(REASONING_EFFORT);
    }

    /** The bound on an answer of whoever a section says. */
    public static int tokens(Section section, int usual) {
        return ModelJudge.tokens(
                Optional.ofNullable(section.get(MAX_TOKENS)).map(Long::intValue),
                Optional.ofNullable(section.get(REASONING_EFFORT)),
                usual);
    }

    /** The model that a section says, of kind local or endpoint. */
    public static ChatModel chat(StudyConfig config, Section section) {
        return chat(config, section, JudgeSection::budget);
    }

    /** @param budget what its answers may cost */
    static ChatModel chat(StudyConfig config, Section section, Function<Section, Budget> budget) {
        return switch (kind(section)) {
            case RULES -> throw new BadInput(section.where(KIND) + ": must be local or endpoint here, not rules");
            case LOCAL ->
                new LocalChat(EngineRespondent.open(config.engine(
                        Path.of(section.require(MODEL)),
                        TemplateChoice.DEFAULT,
                        Decoding.PLAIN,
                        List.of(),
                        true,
                        true)));
            case ENDPOINT -> endpoint(section, budget);
        };
    }

    /**
     * Looks whether whoever a section says can be had, before anything expensive is begun.
     *
     * @throws BadInput where an endpoint does not answer, or a folder is not there
     */
    static void probe(Section section) {
        switch (kind(section)) {
            case RULES -> {}
            case LOCAL -> {
                if (!Files.isDirectory(Path.of(section.require(MODEL)))) {
                    throw new BadInput(section.where(MODEL) + ": no such folder: " + section.require(MODEL));
                }
            }
            case ENDPOINT -> {
                try (ChatModel model = endpoint(section, JudgeSection::budget)) {
                    ChatProbe.require(model, "the " + StudyConfig.JUDGE, List.of());
                }
            }
        }
    }

    private static ChatModel endpoint(Section section, Function<Section, Budget> budget) {
        String field = section.get(TOKEN_FIELD);
        if (!field.equals(Endpoint.MAX_TOKENS) && !field.equals(Endpoint.MAX_COMPLETION_TOKENS)) {
            throw new BadInput(section.where(TOKEN_FIELD) + ": must be " + Endpoint.MAX_TOKENS + " or "
                    + Endpoint.MAX_COMPLETION_TOKENS + ", not " + field);
        }
        Supplier<OpenAiChat> open = () -> new OpenAiChat(
                new Endpoint(
                        Endpoint.address(section.require(URL)),
                        section.require(MODEL),
                        Optional.ofNullable(System.getenv(section.get(KEY_ENV))).filter(key -> !key.isEmpty()),
                        section.get(SEND_TEMPERATURE) ? Optional.of(section.get(TEMPERATURE)) : Optional.empty(),
                        Optional.ofNullable(section.get(REASONING_EFFORT)),
                        field,
                        bounded(section),
                        section.get(CONCURRENCY).intValue(),
                        section.get(RETRIES).intValue(),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(section.get(TIMEOUT))),
                budget.apply(section),
                OpenAiChat.Pause.REAL);
        return new SectionChat(SectionChat.withKeys(section.where(KIND) + ": ", open));
    }

    /** The limits that a section says. */
    static Budget budget(Section section) {
        return new Budget(
                Optional.ofNullable(section.get(MAX_SECONDS)).map(Duration::ofSeconds),
                Optional.ofNullable(section.get(MAX_COST)),
                section.get(INPUT_PRICE),
                section.get(OUTPUT_PRICE),
                System::nanoTime);
    }
}
