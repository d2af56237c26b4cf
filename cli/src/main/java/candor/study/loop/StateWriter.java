package candor.study.loop;

import candor.BadInput;
import candor.evaluate.ask.Stopped;
import candor.evaluate.judge.ChatModel;
import candor.io.Journal;
import candor.study.StudyProgress;
import candor.study.user.InitialState;
import candor.study.user.Scenario;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** Has models write initial states for scenarios: for each scenario and model the same number ({@link DraftWriter}). */
final class StateWriter {
    /**
     * How states are written.
     *
     * @param perScenario states that each model writes for each scenario
     * @param attempts how often one is asked for until it is one
     */
    record Settings(int perScenario, double temperature, int maxNewTokens, int attempts, long seed) {}

    private final Settings settings;
    private final LoopPrompts prompts;
    private final DraftWriter writer;

    StateWriter(
            Settings settings,
            LoopPrompts prompts,
            SpokenText text,
            Journal journal,
            StudyProgress progress,
            BooleanSupplier stop) {
        this.settings = settings;
        this.prompts = prompts;
        writer = new DraftWriter(
                new DraftWriter.Settings(settings.temperature(), settings.maxNewTokens(), settings.attempts()),
                new DraftWriter.Form(
                        "initial states", List.of("user_context", "user_prompt"), prompts::stateAgain, text::plain),
                journal,
                progress,
                stop);
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
        Map<String, Scenario> wanted = new LinkedHashMap<>();
        List<DraftWriter.Draft> drafts = new ArrayList<>();
        for (int variant = 0; variant < settings.perScenario(); variant++) {
            for (int s = 0; s < scenarios.size(); s++) {
                String id = name + "-" + (s + 1) + "-" + (variant + 1);
                wanted.put(id, scenarios.get(s));
                drafts.add(new DraftWriter.Draft(
                        id, prompts.state(scenarios.get(s), variant), LoopSeeds.of(settings.seed(), "state", id)));
            }
        }
        writer.write(drafts, model);
        List<InitialState> states = new ArrayList<>();
        Set<String> openings = new HashSet<>();
        wanted.forEach((id, scenario) -> writer.written(id)
                .filter(kept -> openings.add(kept.path("user_prompt").asText()))
                .ifPresent(kept -> states.add(new InitialState(
                        id,
                        scenario,
                        name,
                        kept.path("user_context").asText(),
                        kept.path("user_prompt").asText()))));
        return states;
    }
}
