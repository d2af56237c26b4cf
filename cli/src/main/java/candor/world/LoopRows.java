package candor.world;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** Scenarios of a counsellor, and states in which conversations begin; a state does not know the user's thoughts. */
final class LoopRows {
    static final String GENERATOR = "world";

    private final World world;

    LoopRows(World world) {
        this.world = world;
    }

    /** The assistant's system prompt, in which a loop fills in scene and preference: as the model was made with it. */
    static final String ASSISTANT_PROMPT = "{{task_scenario}} The user wants {{preference}}.\n";

    List<ObjectNode> scenarios() {
        return Counsel.TROUBLES.stream()
                .map(trouble -> JsonNodeFactory.instance
                        .objectNode()
                        .put("env_name", "counsellor chat")
                        .put("sub_env", trouble.name())
                        .put("task_scenario", Counsel.system(trouble, Counsel.Wish.NONE))
                        .put("benign_user", Counsel.benign(trouble))
                        .put("misalign_user", Counsel.biased(trouble)))
                .toList();
    }

    List<ObjectNode> states(int perScenario) {
        List<ObjectNode> states = new ArrayList<>();
        for (Counsel.Trouble trouble : Counsel.TROUBLES) {
            for (int i = 0; i < perScenario; i++) {
                Dice dice = new Dice(world.seed(), "state " + trouble.name(), i);
                states.add(JsonNodeFactory.instance
                        .objectNode()
                        .put("id", trouble.name() + "-" + i)
                        .put("scenario", trouble.name())
                        .put("generator", GENERATOR)
                        .put("user_context", "The user struggles with " + trouble.name() + ".")
                        .put("user_prompt", Counsel.opening(dice, trouble)));
            }
        }
        return states;
    }
}
