package candor.study.loop;

import candor.evaluate.ask.Prompt.Turn;
import candor.study.user.InitialState;
import candor.study.user.UserType;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * A conversation that is over, and how satisfied its user was with each reply.
 *
 * @param system what the assistant was told
 * @param turns user and assistant in turns, ending with the assistant
 * @param scores one for each reply
 */
record Trajectory(InitialState state, UserType type, String system, List<Turn> turns, List<Double> scores) {
    Trajectory {
        turns = List.copyOf(turns);
        scores = List.copyOf(scores);
    }

    double reward() {
        return scores.stream().mapToDouble(Double::doubleValue).sum();
    }

    /** A row as in the protocol, §2.4. */
    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("state_id", state.id())
                .put("user_type", type.label());
        put(json.putArray("messages"), system, turns);
        ArrayNode list = json.putArray("scores");
        scores.forEach(list::add);
        return json.put("reward", reward());
    }

    /** Puts messages, behind the system's where it is not empty. */
    static void put(ArrayNode messages, String system, List<Turn> turns) {
        if (!system.isEmpty()) {
            messages.addObject().put("role", "system").put("content", system);
        }
        turns.forEach(turn -> messages.addObject().put("role", turn.role()).put("content", turn.text()));
    }
}
