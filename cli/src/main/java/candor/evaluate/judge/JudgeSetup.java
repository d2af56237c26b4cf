package candor.evaluate.judge;

import candor.evaluate.ask.AnswerCache;
import candor.train.config.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A judge as its {@linkplain JudgeSettings settings} say it.
 *
 * @param given whoever has read them has looked whether they agree with one another
 */
public record JudgeSetup(Settings given) {
    /** The wait before a request is sent again; it doubles with each. */
    private static final Duration FIRST_DELAY = Duration.ofSeconds(1);

    /**
     * A judge that is a model.
     *
     * @param model opens it; closed with the judge
     * @param usualTokens the bound on an answer, where neither the user nor the model asks for more
     */
    public Judge judge(Supplier<ChatModel> model, AnswerCache cache, int usualTokens) {
        String folder = given.get(JudgeSettings.PROMPTS);
        // Read before a model is opened: a folder that is not there costs nothing.
        Prompts prompts = folder == null ? Prompts.builtIn() : Prompts.from(Path.of(folder));
        return new ModelJudge(
                model.get(), prompts, cache, given.get(JudgeSettings.ATTEMPTS).intValue(), tokens(usualTokens));
    }

    /** The bound on an answer. */
    public int tokens(int usual) {
        return ModelJudge.tokens(
                Optional.ofNullable(given.get(JudgeSettings.MAX_TOKENS)).map(Long::intValue),
                Optional.ofNullable(given.get(JudgeSettings.REASONING_EFFORT)),
                usual);
    }

    /** Whether the user has a say in how many tokens an answer may have. */
    public boolean bounded() {
        return given.has(JudgeSettings.MAX_TOKENS) || given.has(JudgeSettings.REASONING_EFFORT);
    }

    /** The endpoint; its key comes from the environment. */
    public OpenAiChat endpoint(Budget budget) {
        return new OpenAiChat(
                new Endpoint(
                        Endpoint.address(given.get(JudgeSettings.URL)),
                        given.get(JudgeSettings.MODEL),
                        Optional.ofNullable(System.getenv(given.get(JudgeSettings.KEY_ENV)))
                                .filter(key -> !key.isEmpty()),
                        Optional.of(given.get(JudgeSettings.TEMPERATURE))
                                .filter(any -> given.get(JudgeSettings.SEND_TEMPERATURE)),
                        Optional.ofNullable(given.get(JudgeSettings.REASONING_EFFORT)),
                        given.get(JudgeSettings.TOKEN_FIELD),
                        bounded(),
                        given.get(JudgeSettings.CONCURRENCY).intValue(),
                        given.get(JudgeSettings.RETRIES).intValue(),
                        FIRST_DELAY,
                        Duration.ofSeconds(given.get(JudgeSettings.TIMEOUT))),
                budget,
                OpenAiChat.Pause.REAL);
    }

    /** What all of its answers together may cost. */
    public Budget budget() {
        return new Budget(
                Optional.ofNullable(given.get(JudgeSettings.MAX_SECONDS)).map(Duration::ofSeconds),
                Optional.ofNullable(given.get(JudgeSettings.MAX_COST)),
                given.get(JudgeSettings.INPUT_PRICE),
                given.get(JudgeSettings.OUTPUT_PRICE),
                System::nanoTime);
    }
}
