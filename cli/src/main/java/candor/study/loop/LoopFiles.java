package candor.study.loop;

import candor.BadInput;
import candor.evaluate.data.DataRow;
import candor.evaluate.data.Table;
import candor.io.AtomicFile;
import candor.study.user.InitialState;
import candor.study.user.Scenario;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Files of scenarios and of initial states, in the layouts of the protocol (§2.4). */
public final class LoopFiles {
    private static final int MOST_SCENARIOS = 10_000;
    private static final int MOST_CHARACTERS = 8_000;

    private LoopFiles() {}

    /** The scenarios of a file, in its order. */
    public static List<Scenario> scenarios(Path file) {
        List<Scenario> scenarios = new ArrayList<>();
        Set<Scenario> seen = new HashSet<>();
        for (DataRow row : Table.read(List.of(file), List.of("sub_env"))) {
            Scenario scenario = scenario(row);
            if (!seen.add(scenario)) {
                throw row.bad("the scenario appears twice; leave one out");
            }
            if (seen.size() > MOST_SCENARIOS) {
                throw row.bad("more than " + MOST_SCENARIOS + " scenarios: give fewer");
            }
            scenarios.add(scenario);
        }
        return scenarios;
    }

    static Scenario scenario(DataRow row) {
        return new Scenario(
                text(row, "env_name"),
                text(row, "sub_env"),
                text(row, "task_scenario"),
                text(row, "benign_user"),
                text(row, "misalign_user"));
    }

    private static String text(DataRow row, String column) {
        String text = row.text(column).strip();
        if (text.length() > MOST_CHARACTERS) {
            throw row.bad("the column \"" + column + "\" has more than " + MOST_CHARACTERS + " characters; shorten it");
        }
        return text;
    }

    /**
     * The initial states of a file, in its order. A state's scenario stands in it whole, or as the {@code sub_env} of one of
     * the scenarios given; its id, where it has none, is its row's number.
     */
    public static List<InitialState> states(Path file, List<Scenario> scenarios) {
        Map<String, Scenario> byName = new HashMap<>();
        scenarios.forEach(scenario -> byName.putIfAbsent(scenario.subEnv(), scenario));
        List<InitialState> states = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        for (DataRow row : Table.read(List.of(file), List.of("scenario", "user_prompt"))) {
            String id = row.optional("id", "state_id").orElse(String.valueOf(states.size() + 1));
            if (id.length() > 200 || id.chars().anyMatch(Character::isISOControl)) {
                throw row.bad("the id has more than 200 characters, or characters that are no text; shorten it");
            }
            if (!ids.add(id)) {
                throw row.bad("the id \"" + shown(id) + "\" appears twice; give every state its own");
            }
            states.add(new InitialState(
                    id,
                    scenario(row, byName),
                    row.optional("generator").orElse("file"),
                    text(row, "user_context"),
                    text(row, "user_prompt")));
        }
        return states;
    }

    private static Scenario scenario(DataRow row, Map<String, Scenario> byName) {
        JsonNode given = row.columns().get("scenario");
        if (given instanceof ObjectNode whole) {
            return scenario(new DataRow(row.origin(), whole));
        }
        Scenario known = byName.get(given.asText());
        if (known == null) {
            throw row.bad("the scenario \"" + shown(given.asText())
                    + "\" is not the sub_env of any in the file of scenarios; put the whole scenario there, or correct"
                    + " its name");
        }
        return known;
    }

    private static String shown(String text) {
        return text.substring(0, Math.min(60, text.length()));
    }

    /** A scenario as a row of a file. */
    static ObjectNode json(Scenario scenario) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("env_name", scenario.envName())
                .put("sub_env", scenario.subEnv())
                .put("task_scenario", scenario.taskScenario())
                .put("benign_user", scenario.benignUser())
                .put("misalign_user", scenario.misalignUser());
    }

    /** A state as a row of a file. */
    static ObjectNode json(InitialState state) {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("id", state.id());
        json.set("scenario", json(state.scenario()));
        return json.put("generator", state.generator())
                .put("user_context", state.userContext())
                .put("user_prompt", state.userPrompt());
    }

    /** Writes rows, a line each; the file appears whole or not at all. */
    static void write(Path file, Iterator<ObjectNode> rows) {
        try (AtomicFile to = AtomicFile.create(file)) {
            boolean any = false;
            while (rows.hasNext()) {
                to.write(ByteBuffer.wrap((rows.next() + "\n").getBytes(StandardCharsets.UTF_8)));
                any = true;
            }
            if (!any) {
                throw new BadInput(file + ": there is nothing to write into it; give more states");
            }
            to.commit();
        }
    }
}
