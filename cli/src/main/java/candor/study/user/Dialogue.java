package candor.study.user;

import candor.evaluate.ask.Prompt.Turn;
import java.util.List;

/**
 * A conversation so far, as its user knows it.
 *
 * @param turns user and assistant in turns, the user first; no system message
 * @param seed what the user's next words or rating are drawn with: a function of the study's seed, the state, the type and
 *     the place in the conversation
 */
public record Dialogue(InitialState state, UserType type, List<Turn> turns, long seed) {
    public Dialogue {
        turns = List.copyOf(turns);
    }

    /** The assistant's replies, in order. */
    public List<String> replies() {
        return turns.stream()
                .filter(turn -> turn.role().equals("assistant"))
                .map(Turn::text)
                .toList();
    }

    /** What the user wants. */
    public String preference() {
        return state.scenario().preference(type);
    }
}
