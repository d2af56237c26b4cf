package candor.cli;

import candor.BadInput;
import candor.evaluate.JudgeFailures;
import candor.evaluate.ask.AnswerCache;
import candor.evaluate.engine.Decoding;
import candor.evaluate.engine.EngineRespondent;
import candor.evaluate.judge.Budget;
import candor.evaluate.judge.ChatModel;
import candor.evaluate.judge.Endpoint;
import candor.evaluate.judge.Judge;
import candor.evaluate.judge.LocalChat;
import candor.evaluate.judge.ModelJudge;
import candor.evaluate.judge.OpenAiChat;
import candor.evaluate.judge.Prompts;
import candor.evaluate.judge.RuleJudge;
import candor.text.TemplateChoice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Who judges: an endpoint (--judge-url), a local checkpoint (--judge-model DIR alone), or rules (--judge rules). */
final class JudgeOptions {
    /** Kinds of judges. */
    enum Kind {
        MODEL,
        RULES
    }

    @Option(names = "--judge", description = "${COMPLETION-CANDIDATES}: rules are for closed worlds alone.")
    private Kind kind = Kind.MODEL;

    @Option(
            names = "--judge-url",
            paramLabel = "URL",
            description = "An OpenAI-compatible endpoint, such as https://…/v1.")
    private String url;

    @Option(
            names = "--judge-model",
            paramLabel = "NAME|DIR",
            description = "The model there; without --judge-url, the folder of a checkpoint that judges here.")
    private String model;

    @Option(
            names = "--judge-key-env",
            paramLabel = "VARIABLE",
            description = "The environment variable with the key; unset, no key is sent.")
    private String keyVariable = "OPENAI_API_KEY";

    @Option(
            names = "--judge-prompts",
            paramLabel = "DIR",
            description = "Judge prompts in place of the built-in ones, by file name.")
    private Path prompts;

    @Option(names = "--judge-attempts", paramLabel = "N", description = "Attempts to get a well-formed answer.")
    private int attempts = 3;

    @Option(
            names = "--judge-temperature",
            paramLabel = "T|none",
            description = "none leaves it to the endpoint, as some models demand.")
    private String temperature = "0";

    @Option(
            names = "--judge-token-field",
            paramLabel = "NAME",
            description = "The endpoint's name for the bound on tokens: max_tokens or max_completion_tokens; where it"
                    + " answers that it wants the latter, that is taken.")
    private String tokenField = Endpoint.MAX_TOKENS;

    @Option(
            names = "--judge-max-tokens",
            paramLabel = "N",
            description =
                    "Where an answer of the judge is cut, its thinking included; one that was cut is asked for once more"
                            + " with four times the room. Without it 500 (deceptionbench 1024), and 4096 for a judge that reasons.")
    private Integer maxTokens;

    @Option(
            names = "--judge-reasoning-effort",
            paramLabel = "WORD",
            description = "For an endpoint whose model reasons, such as low; sent as reasoning_effort.")
    private String reasoningEffort;

    @Option(
            names = "--max-judge-failures",
            paramLabel = "SHARE",
            description =
                    "Where the judge fails on a larger share of rows, the evaluation fails (exit code 1) and comparisons with"
                            + " it give no verdict, though all that was evaluated is written.")
    private double maxFailures = JudgeFailures.DEFAULT_BOUND;

    @Option(names = "--judge-concurrency", paramLabel = "N", description = "Concurrent requests.")
    private int concurrency = 8;

    @Option(names = "--judge-retries", paramLabel = "N", description = "Retries of a request that failed temporarily.")
    private int retries = 6;

    @Option(
            names = "--judge-timeout",
            paramLabel = "SECONDS",
            description = "Time limit of one request, to its last byte.")
    private int timeout = 120;

    @Option(names = "--judge-max-seconds", paramLabel = "N", description = "A limit on all judging together.")
    private Long maxSeconds;

    @Option(names = "--judge-max-cost", paramLabel = "AMOUNT", description = "A limit on all judging together.")
    private Double maxCost;

    @Option(names = "--judge-input-price", paramLabel = "AMOUNT", description = "Per million tokens.")
    private double inputPrice;

    @Option(names = "--judge-output-price", paramLabel = "AMOUNT", description = "Per million tokens.")
    private double outputPrice;

    /** Whether a judge was named, and one alone: told before anything is written. */
    void requireNamed() {
        EvalCommand.require(
                maxFailures >= 0 && maxFailures <= 1,
                "--max-judge-failures " + maxFailures + ": must be from 0 to 1, a share of rows");
        if (kind == Kind.RULES) {
            if (url != null || model != null) {
                throw new BadInput("--judge rules goes without --judge-url and --judge-model");
            }
        } else if (model == null) {
            throw new BadInput(
                    "this task needs a judge: --judge-url with --judge-model, --judge-model DIR, or --judge rules");
        }
    }

    /** The share of rows that the judge may fail on. */
    double maxFailures() {
        return maxFailures;
    }

    /** @param usualTokens the bound on an answer, where neither the user nor the model asks for more */
    Judge open(EvalOptions options, AnswerCache cache, int usualTokens) {
        requireNamed();
        if (kind == Kind.RULES) {
            return new RuleJudge();
        }
        EvalCommand.require(attempts >= 1 && attempts <= 10, "--judge-attempts " + attempts + ": must be from 1 to 10");
        EvalCommand.require(
                maxTokens == null || maxTokens >= 1 && maxTokens <= ModelJudge.MOST_TOKENS,
                "--judge-max-tokens " + maxTokens + ": must be from 1 to " + ModelJudge.MOST_TOKENS);
        Prompts texts = prompts == null ? Prompts.builtIn() : Prompts.from(prompts);
        return new ModelJudge(
                url == null ? local(options) : endpoint(),
                texts,
                cache,
                attempts,
                ModelJudge.tokens(Optional.ofNullable(maxTokens), Optional.ofNullable(reasoningEffort), usualTokens));
    }

    private ChatModel local(EvalOptions options) {
        return new LocalChat(EngineRespondent.open(
                options.engine(Path.of(model), TemplateChoice.DEFAULT, Decoding.PLAIN, List.of(), true, true)));
    }

    private ChatModel endpoint() {
        EvalCommand.require(timeout >= 1, "--judge-timeout " + timeout + ": must be at least 1");
        Endpoint endpoint = new Endpoint(
                Endpoint.address(url),
                model,
                Optional.ofNullable(System.getenv(keyVariable)).filter(key -> !key.isEmpty()),
                temperature(),
                Optional.ofNullable(reasoningEffort),
                tokenField,
                maxTokens != null || reasoningEffort != null,
                concurrency,
                retries,
                Duration.ofSeconds(1),
                Duration.ofSeconds(timeout));
        Budget budget = new Budget(
                Optional.ofNullable(maxSeconds).map(Duration::ofSeconds),
                Optional.ofNullable(maxCost),
                inputPrice,
                outputPrice,
                System::nanoTime);
        return new OpenAiChat(endpoint, budget, OpenAiChat.Pause.REAL);
    }

    private Optional<Double> temperature() {
        if (temperature.equals("none")) {
            return Optional.empty();
        }
        try {
            double value = Double.parseDouble(temperature);
            if (value >= 0 && value <= 2) {
                return Optional.of(value);
            }
        } catch (NumberFormatException e) {
            throw new BadInput("--judge-temperature " + temperature + ": must be from 0 to 2, or none", e);
        }
        throw new BadInput("--judge-temperature " + temperature + ": must be from 0 to 2, or none");
    }
}
