package candor.study;

import static candor.evaluate.judge.JudgeSettings.CONCURRENCY;
import static candor.evaluate.judge.JudgeSettings.INPUT_PRICE;
import static candor.evaluate.judge.JudgeSettings.KEY_ENV;
import static candor.evaluate.judge.JudgeSettings.KIND;
import static candor.evaluate.judge.JudgeSettings.MAX_COST;
import static candor.evaluate.judge.JudgeSettings.MAX_SECONDS;
import static candor.evaluate.judge.JudgeSettings.MODEL;
import static candor.evaluate.judge.JudgeSettings.OUTPUT_PRICE;
import static candor.evaluate.judge.JudgeSettings.REASONING_EFFORT;
import static candor.evaluate.judge.JudgeSettings.RETRIES;
import static candor.evaluate.judge.JudgeSettings.SEND_TEMPERATURE;
import static candor.evaluate.judge.JudgeSettings.TEMPERATURE;
import static candor.evaluate.judge.JudgeSettings.TIMEOUT;
import static candor.evaluate.judge.JudgeSettings.TOKEN_FIELD;
import static candor.evaluate.judge.JudgeSettings.URL;

import candor.BadInput;
import candor.evaluate.ask.AnswerCache;
import candor.evaluate.engine.Decoding;
import candor.evaluate.judge.Budget;
import candor.evaluate.judge.ChatModel;
import candor.evaluate.judge.ChatProbe;
import candor.evaluate.judge.Endpoint;
import candor.evaluate.judge.Judge;
import candor.evaluate.judge.JudgeSettings;
import candor.evaluate.judge.JudgeSettings.Kind;
import candor.evaluate.judge.JudgeSetup;
import candor.evaluate.judge.LocalChat;
import candor.evaluate.judge.OpenAiChat;
import candor.evaluate.judge.RuleJudge;
import candor.text.TemplateChoice;
import candor.train.config.Setting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A section that says who answers in another's place: rules, a local checkpoint, an endpoint. The judge's, and those of simulated
 * users and writers.
 */
public final class JudgeSection {
    /** Beside its limits: how an endpoint is asked by whoever asks it. */
    private static final List<Setting<?>> OF_THE_ENDPOINT = List.of(
            KEY_ENV, TEMPERATURE, SEND_TEMPERATURE, TOKEN_FIELD, REASONING_EFFORT, CONCURRENCY, RETRIES, TIMEOUT);

    private JudgeSection() {}

    /** What such a section may hold. */
    public static Schema schema() {
        return Schema.of(JudgeSettings.ALL);
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
        return setup(section).judge(() -> model.apply(section), cache, usualTokens);
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
        all.add(setup(section).bounded());
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

    /** The bound on an answer of whoever a section says. */
    public static int tokens(Section section, int usual) {
        return setup(section).tokens(usual);
    }

    /**
     * The model that a section says, of kind local or endpoint.
     *
     * @param helpers who answers beside this process for one that runs here
     */
    public static ChatModel chat(StudyConfig config, Section section, Helpers helpers) {
        return chat(config, section, helpers, JudgeSection::budget);
    }

    /** @param budget what its answers may cost */
    static ChatModel chat(StudyConfig config, Section section, Helpers helpers, Function<Section, Budget> budget) {
        return switch (kind(section)) {
            case RULES -> throw new BadInput(section.where(KIND) + ": must be local or endpoint here, not rules");
            case LOCAL ->
                new LocalChat(helpers.open(config.engine(
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
        Supplier<OpenAiChat> open = () -> setup(section).endpoint(budget.apply(section));
        return new SectionChat(SectionChat.withKeys(section.where(KIND) + ": ", open));
    }

    /** The limits that a section says. */
    static Budget budget(Section section) {
        return setup(section).budget();
    }

    private static JudgeSetup setup(Section section) {
        return new JudgeSetup(section.settings());
    }
}
