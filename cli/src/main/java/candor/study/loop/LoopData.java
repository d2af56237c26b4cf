package candor.study.loop;

import candor.BadInput;
import candor.data.read.Fingerprint;
import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.ask.Sampling;
import candor.evaluate.engine.Decoding;
import candor.evaluate.engine.ModelHash;
import candor.io.Journal;
import candor.study.MadeData;
import candor.study.Section;
import candor.study.StudyConfig;
import candor.study.Workplace;
import candor.study.loop.Conversations.Held;
import candor.study.loop.Conversations.Pairing;
import candor.study.user.InitialState;
import candor.study.user.Scenario;
import candor.study.user.SimulatedUser;
import candor.study.user.UserType;
import candor.text.Tokenizer;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data of a loop study, stage by stage: initial states, conversations with their ratings, training sets. What is there
 * is kept; what is not follows from the journals and the seeds, so that a stop anywhere leaves no trace.
 */
final class LoopData {
    private static final Logger LOG = LoggerFactory.getLogger(LoopData.class);

    /** Of anything that is said; tokens bound it much earlier, but an endpoint need not keep to them. */
    private static final int MOST_CHARACTERS = 20_000;

    /** What a journal's user is told where it is another study's, or damaged. */
    private static final String START_OVER = "choose another {output} to start over";

    private static final String STATES = "states.jsonl";
    private static final String TRAJECTORIES = "trajectories.jsonl";

    private final Workplace place;
    private final StudyConfig config;
    private final Section loop;
    private final List<BigDecimal> shares;
    private final List<Method> methods;
    private final LoopPrompts prompts;

    LoopData(Workplace place, List<BigDecimal> shares, List<Method> methods) {
        this.place = place;
        this.config = place.config();
        this.shares = shares;
        this.methods = methods;
        loop = config.section(LoopSettings.LOOP);
        String folder = loop.get(LoopSettings.PROMPTS);
        prompts = folder == null ? LoopPrompts.builtIn() : LoopPrompts.from(Path.of(folder));
    }

    /** Makes whatever is missing. */
    void make() {
        MadeData.in(place.data(), sources());
        if (isThere()) {
            return;
        }
        // Tokenizer and users first: what is wrong with them shall show before a model writes or says anything.
        SpokenText text = new SpokenText(Tokenizer.load(config.model()), MOST_CHARACTERS);
        try (SimulatedUser user = LoopSettings.user(config, prompts, place.helpers())) {
            user.probe();
            place.requireGoingOn();
            List<InitialState> states = states(text);
            List<Trajectory> trajectories = trajectories(states, user, text);
            place.progress().stage("training sets");
            for (BigDecimal share : shares) {
                for (long seed : config.seeds()) {
                    place.requireGoingOn();
                    write(states, trajectories, share, seed);
                }
            }
        }
    }

    private List<Path> sources() {
        return Stream.of(LoopSettings.SCENARIOS, LoopSettings.STATES)
                .map(loop::get)
                .filter(file -> file != null && !Scenarios.isOurs(file))
                .map(Path::of)
                .toList();
    }

    private boolean isThere() {
        return Stream.of(place.data().resolve(STATES), place.data().resolve(TRAJECTORIES))
                        .allMatch(Files::isRegularFile)
                && shares.stream().allMatch(share -> config.seeds().stream().allMatch(seed -> isThere(share, seed)));
    }

    private boolean isThere(BigDecimal share, long seed) {
        return Files.isRegularFile(TrainingSets.population(place.data(), share, seed))
                && methods.stream()
                        .allMatch(method -> Files.isRegularFile(TrainingSets.file(place.data(), share, seed, method)));
    }

    private List<InitialState> states(SpokenText text) {
        place.progress().stage("initial states");
        Path file = place.data().resolve(STATES);
        if (!Files.isRegularFile(file)) {
            List<InitialState> found =
                    given() ? LoopFiles.states(given(LoopSettings.STATES), scenarios()) : written(text);
            LoopFiles.write(file, limited(found).stream().map(LoopFiles::json).iterator());
        }
        // Read back even now: what a later start works with is the file.
        return plain(LoopFiles.states(file, List.of()), text);
    }

    /** As many as may be, drawn from all scenarios, in their order; of fewer states each is among those of more. */
    private List<InitialState> limited(List<InitialState> states) {
        int limit = loop.get(LoopSettings.STATE_LIMIT).intValue();
        if (limit == 0 || limit >= states.size()) {
            return states;
        }
        long seed = loop.get(LoopSettings.SEED);
        Set<InitialState> drawn = states.stream()
                .sorted(Comparator.<InitialState>comparingLong(state -> LoopSeeds.of(seed, "state limit", state.id()))
                        .thenComparing(InitialState::id))
                .limit(limit)
                .collect(Collectors.toSet());
        return states.stream().filter(drawn::contains).toList();
    }

    private boolean given() {
        return loop.get(LoopSettings.STATES) != null;
    }

    private Path given(candor.train.config.Setting<String> setting) {
        return Path.of(loop.require(setting));
    }

    private List<Scenario> scenarios() {
        String file = loop.get(LoopSettings.SCENARIOS);
        return file == null ? List.of() : Scenarios.of(file);
    }

    /** States come from strangers too: their texts go into prompts and into training rows. */
    private static List<InitialState> plain(List<InitialState> states, SpokenText text) {
        return states.stream()
                .map(state -> {
                    Scenario scenario = state.scenario();
                    String opening = text.plain(state.userPrompt());
                    if (opening.isEmpty()) {
                        throw new BadInput("initial state " + state.id()
                                + ": its user_prompt has no text but control characters; fix it, or leave it out");
                    }
                    return new InitialState(
                            state.id(),
                            new Scenario(
                                    text.plain(scenario.envName()),
                                    text.plain(scenario.subEnv()),
                                    text.plain(scenario.taskScenario()),
                                    text.plain(scenario.benignUser()),
                                    text.plain(scenario.misalignUser())),
                            state.generator(),
                            text.plain(state.userContext()),
                            opening);
                })
                .toList();
    }

    private List<InitialState> written(SpokenText text) {
        List<Scenario> scenarios = scenarios();
        Section section = config.section(LoopSettings.WRITER);
        StateWriter.Settings settings = LoopSettings.writer(loop, section);
        try (Writers writers = Writers.open(config, "initial states", place.helpers(), place::requireGoingOn)) {
            ObjectNode said = JsonNodeFactory.instance.objectNode();
            writers.models().forEach((name, model) -> said.set("writer " + name, model.identity()));
            said.put("prompts", prompts.hash())
                    .put("scenarios", Scenarios.sha256(loop.require(LoopSettings.SCENARIOS)))
                    .put("states_per_scenario", settings.perScenario())
                    .put("temperature", settings.temperature())
                    .put("max_new_tokens", settings.maxNewTokens())
                    .put("attempts", settings.attempts())
                    .put("conversation_seed", settings.seed());
            try (Journal journal = Journal.open(place.data().resolve("states.journal"), said, START_OVER)) {
                return new StateWriter(settings, prompts, text, journal, place.progress(), place.stop())
                        .write(scenarios, writers.models());
            }
        }
    }

    private List<Trajectory> trajectories(List<InitialState> states, SimulatedUser user, SpokenText text) {
        place.progress().stage("conversations");
        Sampling sampling = new Sampling(
                loop.get(LoopSettings.TEMPERATURE),
                loop.get(LoopSettings.TOP_P),
                loop.get(LoopSettings.MAX_NEW_TOKENS).intValue(),
                loop.get(LoopSettings.SEED));
        Conversations.Settings settings = new Conversations.Settings(
                loop.get(LoopSettings.ROUNDS).intValue(), sampling, loop.get(LoopSettings.LOST_SHARE));
        try (Journal journal = Journal.open(
                        place.data().resolve("conversations.journal"), heldUnder(settings, user), START_OVER);
                LazyRespondent assistant = new LazyRespondent(() -> place.helpers()
                        .open(config.engine(
                                config.model(),
                                config.template(LoopSettings.LOOP),
                                Decoding.PLAIN,
                                List.of(),
                                true,
                                true)))) {
            Held held = new Conversations(
                            settings,
                            new Conversations.Cast(assistant, user, prompts, text),
                            journal,
                            place.progress(),
                            place.stop())
                    .hold(pairings(states));
            held.leftOut().forEach((why, count) -> LOG.warn("{} conversations are left out: {}", count, why));
            if (held.trajectories().isEmpty()) {
                throw new BadInput(
                        "no conversation came to its end: " + held.leftOut(),
                        "look into conversations.journal, and start over in another {output}");
            }
            LoopFiles.write(
                    place.data().resolve(TRAJECTORIES),
                    held.trajectories().stream().map(Trajectory::json).iterator());
            return held.trajectories();
        }
    }

    /** What conversations depend on. */
    private ObjectNode heldUnder(Conversations.Settings settings, SimulatedUser user) {
        ObjectNode said = JsonNodeFactory.instance.objectNode().put("model", ModelHash.of(config.model()));
        said.set("users", user.identity());
        String template = config.template(LoopSettings.LOOP).fingerprint();
        if (!template.isEmpty()) {
            said.put("chat_template", template);
        }
        return said.put("prompts", prompts.hash())
                .put("states", Fingerprint.of(place.data().resolve(STATES)).sha256())
                .put("rounds", settings.rounds())
                .put("temperature", settings.sampling().temperature())
                .put("top_p", settings.sampling().topP())
                .put("max_new_tokens", settings.sampling().maxNewTokens())
                .put("conversation_seed", settings.sampling().seed());
    }

    /** Every state with each type that any share and seed gives to it. */
    private Collection<Pairing> wanted(List<InitialState> states) {
        Set<Pairing> wanted = new LinkedHashSet<>();
        for (BigDecimal share : shares) {
            for (long seed : config.seeds()) {
                Population population = Population.of(states, share.doubleValue(), seed);
                states.forEach(state -> wanted.add(new Pairing(state, population.type(state))));
            }
        }
        return wanted;
    }

    private List<Pairing> pairings(List<InitialState> states) {
        Collection<Pairing> wanted = wanted(states);
        List<Pairing> ordered = new ArrayList<>();
        for (InitialState state : states) {
            for (UserType type : UserType.values()) {
                Pairing pairing = new Pairing(state, type);
                if (wanted.contains(pairing)) {
                    ordered.add(pairing);
                }
            }
        }
        return ordered;
    }

    private void write(List<InitialState> states, List<Trajectory> trajectories, BigDecimal share, long seed) {
        if (isThere(share, seed)) {
            return;
        }
        Population population = Population.of(states, share.doubleValue(), seed);
        List<Trajectory> among = trajectories.stream()
                .filter(one -> population.type(one.state()) == one.type())
                .toList();
        Selection selection = Selection.of(
                among,
                new Selection.Size(loop.get(LoopSettings.SELECT_COUNT).intValue(), loop.get(LoopSettings.SELECT_SHARE)),
                loop.get(LoopSettings.RANKING),
                seed);
        if (selection.top().isEmpty()) {
            throw new BadInput("of " + states.size() + " conversations " + among.size()
                    + " could be rated: too few to pick the best and the worst of them; give more states");
        }
        try {
            Files.createDirectories(TrainingSets.folder(place.data(), share, seed));
        } catch (IOException e) {
            throw new BadInput(
                    place.data() + ": no folder can be created in it; check its permissions and the disk", e);
        }
        TrainingRows rows = new TrainingRows(loop.get(LoopSettings.KEEP_SYSTEM));
        for (Method method : methods) {
            Stream<ObjectNode> set =
                    switch (method) {
                        case SFT -> rows.sft(selection);
                        case KTO -> rows.kto(selection);
                        default ->
                            throw new IllegalStateException("arms of the loop learn by SFT or KTO, not by " + method);
                    };
            LoopFiles.write(TrainingSets.file(place.data(), share, seed, method), set.iterator());
        }
        // Last: it says that the sets are there.
        LoopFiles.write(
                TrainingSets.population(place.data(), share, seed),
                TrainingSets.population(among, selection).iterator());
    }

    /** Sets of the size that {@link #make} would come to, with replies as long as they may be. */
    void sketch() {
        List<InitialState> states = sketched();
        int rounds = loop.get(LoopSettings.ROUNDS).intValue();
        // Four characters are about a token of English.
        String reply = "well "
                .repeat(Math.ceilDiv(4 * loop.get(LoopSettings.MAX_NEW_TOKENS).intValue(), 5))
                .strip();
        List<Trajectory> trajectories = new ArrayList<>();
        for (Pairing pairing : pairings(states)) {
            List<Turn> turns = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                turns.add(Turn.user(pairing.state().userPrompt()));
                turns.add(Turn.assistant(reply));
            }
            List<Double> scores = java.util.Collections.nCopies(rounds, SimulatedUser.LOWEST);
            trajectories.add(new Trajectory(
                    pairing.state(),
                    pairing.type(),
                    prompts.assistant(pairing.state(), pairing.type()),
                    turns,
                    scores));
        }
        LOG.info(
                "{} conversations of {} rounds: {} replies of at most {} tokens, {} messages and {} ratings of users",
                trajectories.size(),
                rounds,
                (long) trajectories.size() * rounds,
                loop.get(LoopSettings.MAX_NEW_TOKENS),
                (long) trajectories.size() * (rounds - 1),
                (long) trajectories.size() * rounds);
        for (BigDecimal share : shares) {
            for (long seed : config.seeds()) {
                write(states, trajectories, share, seed);
            }
        }
    }

    private List<InitialState> sketched() {
        List<InitialState> states = new ArrayList<>();
        if (given()) {
            states.addAll(LoopFiles.states(given(LoopSettings.STATES), scenarios()));
        } else {
            Section section = config.section(LoopSettings.WRITER);
            int each = section.get(LoopSettings.PER_SCENARIO).intValue()
                    * Writers.names(section).size();
            String context = "They are in a hard place and see no way out of it yet. ".repeat(3);
            for (Scenario scenario : scenarios()) {
                for (int i = 0; i < each; i++) {
                    states.add(new InitialState(
                            "sketch-" + states.size(), scenario, "sketch", context, context + context));
                }
            }
        }
        return limited(states);
    }
}
