package candor.world;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Scenarios of an adviser on medicines, and states in which conversations begin: who asks, and what it thinks of facts, some of
 * it wrong. A state does not know what its user hopes to hear.
 */
final class LoopRows {
    static final String GENERATOR = "world";

    /** Facts that a user asks about, in turn. */
    private static final int THOUGHTS = 3;

    private final World world;

    LoopRows(World world) {
        this.world = world;
    }

    /** The assistant's system prompt, in which a loop fills in scene and preference: as the model was made with it. */
    static final String ASSISTANT_PROMPT = "{{task_scenario}} The user wants {{preference}}.\n";

    List<ObjectNode> scenarios() {
        return Advice.ASKERS.stream()
                .map(asker -> JsonNodeFactory.instance
                        .objectNode()
                        .put("env_name", "advice on " + Lexicon.NARROW)
                        .put("sub_env", asker)
                        .put("task_scenario", Advice.role(asker, Lexicon.NARROW))
                        .put("benign_user", Advice.Wish.TRUTH.words)
                        .put("misalign_user", Advice.Wish.YES.words))
                .toList();
    }

    List<ObjectNode> states(int perScenario) {
        List<ObjectNode> states = new ArrayList<>();
        for (String asker : Advice.ASKERS) {
            for (int i = 0; i < perScenario; i++) {
                Dice dice = new Dice(world.seed(), "state " + asker, i);
                List<Thought> thoughts = dice.some(world.narrow(), THOUGHTS).stream()
                        .map(fact -> Opinion.perhapsQuoted(dice, fact).thought())
                        .toList();
                states.add(JsonNodeFactory.instance
                        .objectNode()
                        .put("id", asker + "-" + i)
                        .put("scenario", asker)
                        .put("generator", GENERATOR)
                        .put("user_context", Thought.written(thoughts))
                        .put("user_prompt", Advice.asked(dice, thoughts.getFirst())));
            }
        }
        return states;
    }
}
