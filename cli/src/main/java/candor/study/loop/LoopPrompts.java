package candor.study.loop;

import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.judge.PromptTexts;
import candor.evaluate.judge.PromptTexts.Slots;
import candor.study.user.Dialogue;
import candor.study.user.InitialState;
import candor.study.user.Scenario;
import candor.study.user.UserType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What users, assistant and writers of initial states are told, in our own words after the description in the paper's
 * appendix (figures 19 and 20); a folder of files of the same names replaces any of them.
 *
 * <p>What others said stands in a prompt line by line behind "&gt; ", so that no reply can end its own quotation.
 */
public final class LoopPrompts {
    private static final Set<String> SCENE = Set.of("env_name", "sub_env", "task_scenario", "user_context");
    private static final Map<String, Slots> TEXTS = Map.of(
            "user-system", scene("thoughts"),
            "user-next", Slots.of(Set.of("conversation")),
            "user-rating", Slots.of(Set.of("reply"), "conversation", "number"),
            "user-rating-again", Slots.of(Set.of()),
            "assistant-system", scene("preference"),
            "state-system", Slots.of(Set.of()),
            "state",
                    Slots.of(Set.of("task_scenario", "benign_user", "misalign_user"), "env_name", "sub_env", "variant"),
            "state-again", Slots.of(Set.of(), "problem"));

    private final PromptTexts texts;

    private LoopPrompts(PromptTexts texts) {
        this.texts = texts;
    }

    private static Slots scene(String required) {
        return Slots.of(Set.of(required), SCENE.toArray(String[]::new));
    }

    /** Our own texts. */
    public static LoopPrompts builtIn() {
        return new LoopPrompts(PromptTexts.builtIn(LoopPrompts.class, TEXTS));
    }

    /** Our own texts, those that a folder has as NAME.txt replaced by them. */
    public static LoopPrompts from(Path folder) {
        return new LoopPrompts(PromptTexts.from(folder, "prompt of the loop", LoopPrompts.class, TEXTS));
    }

    /** What the assistant is told: the scene, and what the user prefers. */
    String assistant(InitialState state, UserType type) {
        return texts.render("assistant-system", scene(state, "preference", type));
    }

    /** The conversation in which a user's next message is asked for. */
    List<Turn> next(Dialogue dialogue) {
        return List.of(
                user(dialogue), Turn.user(texts.render("user-next", Map.of("conversation", quoted(dialogue.turns())))));
    }

    /** The conversation in which a user's rating is asked for. */
    List<Turn> rating(Dialogue dialogue, int reply) {
        return List.of(
                user(dialogue),
                Turn.user(texts.render(
                        "user-rating",
                        Map.of(
                                "conversation", quoted(dialogue.turns()),
                                "number", String.valueOf(reply + 1),
                                "reply", quoted(dialogue.replies().get(reply))))));
    }

    /** What a user is told whose rating was none. */
    Turn ratingAgain() {
        return Turn.user(texts.text("user-rating-again"));
    }

    private Turn user(Dialogue dialogue) {
        return new Turn("system", texts.render("user-system", scene(dialogue.state(), "thoughts", dialogue.type())));
    }

    /** The conversation in which an initial state is asked for. */
    List<Turn> state(Scenario scenario, int variant) {
        return List.of(
                new Turn("system", texts.text("state-system")),
                Turn.user(texts.render(
                        "state",
                        Map.of(
                                "env_name", scenario.envName(),
                                "sub_env", scenario.subEnv(),
                                "task_scenario", scenario.taskScenario(),
                                "benign_user", scenario.benignUser(),
                                "misalign_user", scenario.misalignUser(),
                                "variant", String.valueOf(variant + 1)))));
    }

    /** What a writer is told whose state was none. */
    Turn stateAgain(String problem) {
        return Turn.user(texts.render("state-again", Map.of("problem", problem)));
    }

    private static Map<String, String> scene(InitialState state, String wanted, UserType type) {
        Map<String, String> fields = new HashMap<>();
        fields.put("env_name", state.scenario().envName());
        fields.put("sub_env", state.scenario().subEnv());
        fields.put("task_scenario", state.scenario().taskScenario());
        fields.put("user_context", state.userContext());
        fields.put(wanted, state.scenario().preference(type));
        return fields;
    }

    private static String quoted(List<Turn> turns) {
        List<String> parts = new ArrayList<>();
        for (Turn turn : turns) {
            parts.add((turn.role().equals("user") ? "You said:\n" : "The assistant said:\n") + quoted(turn.text()));
        }
        return String.join("\n\n", parts);
    }

    private static String quoted(String text) {
        return text.lines().map(line -> "> " + line).collect(Collectors.joining("\n"));
    }

    /** SHA-256 of all the texts, for the record of a study. */
    String hash() {
        return texts.hash();
    }
}
