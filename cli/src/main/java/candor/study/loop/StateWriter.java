package candor.study.loop;

import candor.BadInput;
import candor.evaluate.Prompt.Turn;
import candor.evaluate.Stopped;
import candor.evaluate.judge.ChatModel;
import candor.study.StudyProgress;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Has models write initial states for scenarios: for each scenario and model the same number, each as strict JSON, which is
 * checked; what is malformed is asked for again, and left out in the end. What was written is in the {@link Journal} at once.
 */
final class StateWriter {
    /**
     * How states are written.
     *
     * @param perScenario states that each model writes for each scenario
     * @param attempts how often one is asked for until it is one
     */
    record Settings(int perScenario, double temperature, int maxNewTokens, int attempts, long seed) {}

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final int MOST_CHARACTERS = 4_000;
    private static final int MOST_QUOTED = 2_000;
    private static final String NONE = "none";

    private final Settings settings;
    private final LoopPrompts prompts;
    private final SpokenText text;
    private final Journal journal;
    private final StudyProgress progress;
    private final BooleanSupplier stop;

    StateWriter(
            Settings settings,
            LoopPrompts prompts,
            SpokenText text,
            Journal journal,
            StudyProgress progress,
            BooleanSupplier stop) {
        this.settings = settings;
        this.prompts = prompts;
        this.text = text;
        this.journal = journal;
        this.progress = progress;
        this.stop = stop;
    }

    /** A state that is to be written. */
    private static final class Draft {
        final String id;
        final Scenario scenario;
        final long seed;
        List<Turn> messages;

        Draft(String id, Scenario scenario, List<Turn> messages, long seed) {
            this.id = id;
            this.scenario = scenario;
            this.messages = messages;
            this.seed = seed;
        }
    }

    /**
     * Writes the states of all scenarios.
     *
     * @param writers models by the names that states shall have them by
     * @throws Stopped when asked to stop; what was written is kept
     */
    List<InitialState> write(List<Scenario> scenarios, Map<String, ChatModel> writers) {
        List<InitialState> states = new ArrayList<>();
        writers.forEach((name, model) -> states.addAll(write(scenarios, name, model)));
        int wanted = scenarios.size() * writers.size() * settings.perScenario();
        if (states.size() * 2 < wanted) {
            throw new BadInput("of " + wanted + " initial states " + states.size()
                    + " were usable (distinct, and of the form asked for): use a stronger model to write them, or give a"
                    + " file of states");
        }
        return states;
    }

    private List<InitialState> write(List<Scenario> scenarios, String name, ChatModel model) {
        List<Draft> all = new ArrayList<>();
        for (int variant = 0; variant < settings.perScenario(); variant++) {
            for (int s = 0; s < scenarios.size(); s++) {
                String id = name + "-" + (s + 1) + "-" + (variant + 1);
                all.add(new Draft(
                        id,
                        scenarios.get(s),
                        prompts.state(scenarios.get(s), variant),
                        LoopSeeds.of(settings.seed(), "state", id)));
            }
        }
        List<Draft> open =
                all.stream().filter(draft -> journal.get(draft.id) == null).toList();
        int[] done = {0, open.size()};
        for (int attempt = 1; attempt <= settings.attempts() && !open.isEmpty(); attempt++) {
            open = ask(open, model, done, attempt == settings.attempts());
        }
        List<InitialState> states = new ArrayList<>();
        Set<String> openings = new HashSet<>();
        for (Draft draft : all) {
            JsonNode kept = journal.get(draft.id);
            if (!kept.has(NONE) && openings.add(kept.path("user_prompt").asText())) {
                states.add(new InitialState(
                        draft.id,
                        draft.scenario,
                        name,
                        kept.path("user_context").asText(),
                        kept.path("user_prompt").asText()));
            }
        }
        return states;
    }

    /** Those that must be asked for again. */
    private List<Draft> ask(List<Draft> open, ChatModel model, int[] done, boolean last) {
        List<Draft> again = new ArrayList<>();
        List<String> failures = new ArrayList<>();
        List<ChatModel.Request> requests = open.stream()
                .map(draft -> new ChatModel.Request(
                        draft.messages,
                        settings.maxNewTokens(),
                        OptionalDouble.of(settings.temperature()),
                        draft.seed,
                        List.of()))
                .toList();
        model.complete(requests, new ChatModel.Sink() {
            @Override
            public void replied(int i, ChatModel.Reply reply) {
                switch (reply) {
                    case ChatModel.Reply.Text answer -> {
                        if (take(open.get(i), answer.text(), last)) {
                            progress.at("initial states", ++done[0], done[1]);
                        } else {
                            again.add(open.get(i));
                        }
                    }
                    case ChatModel.Reply.Failure(String why) -> failures.add(why);
                }
                requireGoingOn();
            }

            @Override
            public boolean stopped() {
                return stop.getAsBoolean();
            }
        });
        requireGoingOn();
        if (!failures.isEmpty()) {
            throw new BadInput("the writer of initial states gave no answer to " + failures.size() + " of "
                    + open.size()
                    + " requests (" + failures.getFirst() + "); what was written is kept, the same command goes on from"
                    + " there");
        }
        return again;
    }

    /** Whether an answer settles a draft: it is a state, or none though asked for the last time. */
    private boolean take(Draft draft, String answer, boolean last) {
        ObjectNode state = JsonNodeFactory.instance.objectNode();
        String problem = read(answer, state);
        if (problem.isEmpty()) {
            journal.put(draft.id, state);
            return true;
        }
        if (last) {
            journal.put(draft.id, JsonNodeFactory.instance.objectNode().put(NONE, problem));
            return true;
        }
        List<Turn> more = new ArrayList<>(draft.messages.subList(0, 2));
        more.add(Turn.assistant(
                answer.isBlank() ? "(no text)" : answer.substring(0, Math.min(MOST_QUOTED, answer.length()))));
        more.add(prompts.stateAgain(problem));
        draft.messages = more;
        return false;
    }

    /** Reads a state, strictly; what is wrong with it, or nothing. */
    private String read(String answer, ObjectNode into) {
        JsonNode json;
        try {
            json = JSON.readTree(unfenced(answer.strip()));
        } catch (JsonProcessingException e) {
            return "it is not JSON alone";
        }
        if (json == null || !json.isObject() || json.size() != 2) {
            return "it is not an object with two texts";
        }
        for (String name : List.of("user_context", "user_prompt")) {
            String given = json.path(name).textValue();
            String plain = given == null ? "" : text.plain(given);
            if (plain.isEmpty()) {
                return "\"" + name + "\" is missing, or no text";
            }
            if (plain.length() > MOST_CHARACTERS) {
                return "\"" + name + "\" is too long";
            }
            into.put(name, plain);
        }
        return "";
    }

    /** Many models put JSON into a fenced block, which is no part of it. */
    private static String unfenced(String answer) {
        if (answer.startsWith("```") && answer.endsWith("```") && answer.indexOf('\n') > 0) {
            return answer.substring(answer.indexOf('\n') + 1, answer.length() - 3);
        }
        return answer;
    }

    private void requireGoingOn() {
        if (stop.getAsBoolean()) {
            throw new Stopped();
        }
    }
}
