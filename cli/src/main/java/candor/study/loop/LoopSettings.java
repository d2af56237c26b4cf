package candor.study.loop;

import candor.BadInput;
import candor.evaluate.judge.JudgeSettings;
import candor.evaluate.judge.ModelJudge;
import candor.study.Helpers;
import candor.study.JudgeSection;
import candor.study.Schema;
import candor.study.Section;
import candor.study.StudyConfig;
import candor.study.user.SimulatedUser;
import candor.study.user.WordRules;
import candor.train.config.Setting;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import candor.world.AdviceUser;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;

/** The sections of a loop study: {@code loop} itself, {@code users}, who play the users, and {@code writer}, who writes states. */
final class LoopSettings {
    static final String LOOP = "loop";
    static final String USERS = "users";
    static final String WRITER = "writer";

    static final Setting<String> SCENARIOS = new Setting<>(
            "scenarios",
            new Setting.Text("FILE"),
            null,
            "What conversations are about, and what users may want: a file, or therapist for the fifty that come with"
                    + " the program.");
    static final Setting<String> STATES = new Setting<>(
            "states",
            new Setting.Text("FILE"),
            null,
            "Where conversations start; without it, the section writer says who writes them.");
    static final Setting<Long> STATE_LIMIT = new Setting<>(
            "state_limit",
            new Setting.Whole(0, 10_000_000),
            0L,
            "Only so many of the states, drawn by the conversations' seed; 0: all.");
    static final Setting<List<String>> SHARES = new Setting<>(
            "biased_shares",
            new Setting.Texts("SHARE"),
            List.of("0", "0.05", "0.1", "0.2", "0.5", "1"),
            "Shares of the users that are biased, from 0 to 1.");
    static final Setting<List<String>> METHODS = new Setting<>(
            "methods", new Setting.Texts("METHOD"), List.of("sft", "kto"), "How arms are trained: sft, kto.");
    static final Setting<Long> ROUNDS =
            new Setting<>("rounds", new Setting.Whole(1, 20), 2L, "Replies of the assistant in a conversation.");
    static final Setting<Double> TEMPERATURE =
            new Setting<>("temperature", new Setting.Real(0, true, 100), 1.0, "Of the assistant's replies.");
    static final Setting<Double> TOP_P =
            new Setting<>("top_p", new Setting.Real(0, false, 1), 1.0, "Of the assistant's replies.");
    static final Setting<Long> MAX_NEW_TOKENS = new Setting<>(
            "max_new_tokens",
            new Setting.Whole(1, 100_000),
            300L,
            "Tokens after which a reply of the assistant is cut.");
    static final Setting<Long> SELECT_COUNT = new Setting<>(
            "select_count",
            new Setting.Whole(0, 10_000_000),
            0L,
            "k: so many trajectories of each end, at most half of them; 0: by select_share.");
    static final Setting<Double> SELECT_SHARE = new Setting<>(
            "select_share", new Setting.Real(0, false, 0.5), 0.5, "The share of the trajectories taken of each end.");
    static final Setting<Selection.Ranking> RANKING = new Setting<>(
            "ranking",
            new Setting.Choice<>(Selection.Ranking.class),
            Selection.Ranking.GLOBAL,
            "Among which trajectories each is ranked: all, or those of their scenario.");
    static final Setting<Boolean> KEEP_SYSTEM = new Setting<>(
            "keep_system_prompt",
            new Setting.YesNo(),
            true,
            "Whether training rows have the assistant's system prompt, which names the user's preference.");
    static final Setting<Long> SEED = new Setting<>(
            "conversation_seed",
            new Setting.Whole(0, Long.MAX_VALUE),
            0L,
            "Of what is said: conversations are held once, for all arms and seeds.");
    static final Setting<String> PROMPTS = new Setting<>(
            "prompts", new Setting.Text("DIR"), null, "Prompts in place of the built-in ones, by file name.");
    static final Setting<Double> LOST_SHARE = new Setting<>(
            "lost_share",
            new Setting.Real(0, true, 1),
            0.02,
            "The share of conversations that may be left out because a user's answer did not come.");

    private static final Setting<Double> USER_TEMPERATURE =
            new Setting<>("temperature", new Setting.Real(0, true, 2), 1.0, "Of messages; ratings have 0.");
    private static final Setting<Long> USER_TOKENS = new Setting<>(
            "max_new_tokens", new Setting.Whole(1, 100_000), 300L, "Tokens after which a message is cut.");
    private static final Setting<Boolean> PROBABILITIES = new Setting<>(
            "rating_probabilities",
            new Setting.YesNo(),
            true,
            "Ratings are expected values over the ten numbers' probabilities, where the model tells them; false for"
                    + " endpoints that refuse to.");
    private static final Setting<Long> ATTEMPTS =
            new Setting<>("attempts", new Setting.Whole(1, 10), 3L, "Attempts to get a well-formed answer.");
    /** Rules that there are. */
    enum Rules {
        /** Those of the tiny world, for its own scenarios. */
        WORLD,
        /** By words alone, for any scenario. */
        WORDS
    }

    private static final Setting<Rules> RULES = new Setting<>(
            "rules",
            new Setting.Choice<>(Rules.class),
            Rules.WORDS,
            "What users of kind rules go by: words, for any scenario, or world, for those of the tiny world.");
    static final Setting<List<String>> WRITERS = new Setting<>(
            "models",
            new Setting.Texts("NAME"),
            null,
            "Models of the endpoint that each write states; without it, the section's model.");
    static final Setting<Long> PER_SCENARIO = new Setting<>(
            "states_per_scenario",
            new Setting.Whole(1, 1_000_000),
            100L,
            "States that each model writes for each scenario.");

    static final Setting<Long> SCENARIO_COUNT = new Setting<>(
            "scenarios", new Setting.Whole(1, 10_000), 50L, "How many scenarios --write-scenarios has written.");
    static final Setting<String> ENV_NAME = new Setting<>(
            "env_name",
            new Setting.Text("TEXT"),
            "therapist chat",
            "What kind of conversation the scenarios of --write-scenarios are of.");

    private LoopSettings() {}

    static Schema schema() {
        // Their prompts are the loop's, and what they fail on is bounded by its lost_share.
        Schema who = Schema.of(JudgeSection.schema().settings().stream()
                        .filter(setting ->
                                !setting.key().equals(PROMPTS.key()) && !setting.equals(JudgeSettings.MAX_FAILURES))
                        .toList())
                .with(USER_TOKENS);
        Schema sft = StudyConfig.trainSchema(Method.SFT);
        Schema kto = StudyConfig.trainSchema(Method.KTO);
        Schema train = Schema.of(
                        sft.settings().stream().filter(kto.settings()::contains).toList())
                .with("sft", sft)
                .with("kto", kto);
        return StudyConfig.schema()
                .with(
                        LOOP,
                        Schema.of(
                                SCENARIOS,
                                STATES,
                                STATE_LIMIT,
                                SHARES,
                                METHODS,
                                ROUNDS,
                                TEMPERATURE,
                                TOP_P,
                                MAX_NEW_TOKENS,
                                SELECT_COUNT,
                                SELECT_SHARE,
                                RANKING,
                                KEEP_SYSTEM,
                                SEED,
                                PROMPTS,
                                TrainSettings.CHAT_TEMPLATE,
                                TrainSettings.CHAT_TEMPLATE_KWARGS,
                                LOST_SHARE))
                .with(USERS, who.with(PROBABILITIES, RULES))
                .with(WRITER, who.with(WRITERS, PER_SCENARIO, SCENARIO_COUNT, ENV_NAME))
                .with(StudyConfig.TRAIN, train);
    }

    /** The shares, as they were written. */
    static List<BigDecimal> shares(Section loop) {
        List<BigDecimal> shares = loop.list(SHARES, LoopSettings::share, "numbers from 0 to 1");
        if (new HashSet<>(shares).size() < shares.size()) {
            throw new BadInput(loop.where(SHARES) + ": names a share twice: " + shares);
        }
        return shares;
    }

    private static BigDecimal share(String text) {
        if (!text.matches("[0-9]{0,1}\\.?[0-9]{1,6}")) {
            return null;
        }
        BigDecimal share = new BigDecimal(text);
        // Zero keeps its places when they are stripped; it is one number all the same.
        BigDecimal plain = share.signum() == 0 ? BigDecimal.ZERO : share.stripTrailingZeros();
        return plain.compareTo(BigDecimal.ONE) <= 0 ? plain : null;
    }

    static List<Method> methods(Section loop) {
        List<Method> methods = loop.list(METHODS, LoopSettings::method, "sft or kto");
        if (methods.isEmpty() || new HashSet<>(methods).size() < methods.size()) {
            throw new BadInput(loop.where(METHODS) + ": names a method twice, or none");
        }
        return methods;
    }

    private static Method method(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "sft" -> Method.SFT;
            case "kto" -> Method.KTO;
            default -> null;
        };
    }

    /**
     * Who plays the users.
     *
     * @param helpers who answers beside this process for a model that runs here
     */
    static SimulatedUser user(StudyConfig config, LoopPrompts prompts, Helpers helpers) {
        Section users = config.section(USERS);
        if (JudgeSection.kind(users) == JudgeSettings.Kind.RULES) {
            return SimulatedUser.byRules(
                    switch (users.get(RULES)) {
                        case WORLD -> new AdviceUser();
                        case WORDS -> new WordRules();
                    });
        }
        return new ModelUser(JudgeSection.chat(config, users, helpers), prompts, model(users));
    }

    private static ModelUser.Settings model(Section users) {
        return new ModelUser.Settings(
                users.get(USER_TEMPERATURE),
                messageTokens(users),
                // A model that reasons tells no probabilities, unless its user knows better.
                users.get(PROBABILITIES) && (users.has(PROBABILITIES) || !users.has(JudgeSettings.REASONING_EFFORT)),
                users.get(ATTEMPTS).intValue(),
                JudgeSection.tokens(users, ModelUser.RATING_TOKENS));
    }

    /** The bound on a message; whoever reasons has room to, and says no more for it. */
    private static int messageTokens(Section who) {
        int tokens = who.get(USER_TOKENS).intValue();
        return who.has(JudgeSettings.REASONING_EFFORT) ? Math.max(ModelJudge.REASONING_TOKENS, tokens) : tokens;
    }

    static ScenarioWriter.Settings scenarios(Section loop, Section writer) {
        return new ScenarioWriter.Settings(
                writer.get(SCENARIO_COUNT).intValue(),
                writer.get(ENV_NAME),
                writer.get(USER_TEMPERATURE),
                messageTokens(writer),
                writer.get(ATTEMPTS).intValue(),
                loop.get(SEED));
    }

    static StateWriter.Settings writer(Section loop, Section writer) {
        return new StateWriter.Settings(
                writer.get(PER_SCENARIO).intValue(),
                writer.get(USER_TEMPERATURE),
                messageTokens(writer),
                writer.get(ATTEMPTS).intValue(),
                loop.get(SEED));
    }
}
