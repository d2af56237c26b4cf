package candor.study.loop;

import candor.BadInput;
import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.ask.Stopped;
import candor.evaluate.judge.ChatModel;
import candor.evaluate.judge.PromptTexts;
import candor.evaluate.judge.PromptTexts.Slots;
import candor.io.Journal;
import candor.study.Helpers;
import candor.study.StudyConfig;
import candor.study.StudyProgress;
import candor.study.user.Scenario;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has models write scenarios, each about one of ten troubles in turn, so that none is written about far more than another. A journal
 * beside the file keeps what was written, and the file appears once all are there.
 */
public final class ScenarioWriter {
    private static final Logger LOG = LoggerFactory.getLogger(ScenarioWriter.class);

    /**
     * How scenarios are written.
     *
     * @param count how many in all; models take turns
     */
    record Settings(int count, String envName, double temperature, int maxNewTokens, int attempts, long seed) {}

    private static final Map<String, Slots> TEXTS = Map.of(
            "scenario-system", Slots.of(Set.of()),
            "scenario", Slots.of(Set.of("env_name", "trouble", "variant")),
            "scenario-again", Slots.of(Set.of(), "problem"));
    private static final List<String> FIELDS = List.of("sub_env", "task_scenario", "benign_user", "misalign_user");
    private static final List<String> TROUBLES = List.of(
            "alcohol",
            "gambling",
            "anger",
            "eating",
            "spending",
            "neglected duties",
            "isolation",
            "jealousy and relationships",
            "medicines and other substances",
            "impulsive decisions");

    private final Settings settings;
    private final PromptTexts prompts = PromptTexts.builtIn(ScenarioWriter.class, TEXTS);

    ScenarioWriter(Settings settings) {
        this.settings = settings;
    }

    /**
     * Writes a file of scenarios by the models of the section {@code writer}.
     *
     * @param helpers who answers beside this process for those that run here
     * @throws Stopped when asked to stop; what was written is kept, and the same call goes on from there
     */
    public static void write(
            StudyConfig config, Path file, StudyProgress progress, Helpers helpers, BooleanSupplier stop) {
        Path kept = file.resolveSibling(file.getFileName() + ".journal");
        if (Files.exists(file) && !Files.exists(kept)) {
            throw new BadInput(file + ": exists already, and was not written by this command; choose another file");
        }
        Settings settings =
                LoopSettings.scenarios(config.section(LoopSettings.LOOP), config.section(LoopSettings.WRITER));
        ScenarioWriter writer = new ScenarioWriter(settings);
        try (Writers writers = Writers.open(config, "scenarios", helpers, () -> {
            if (stop.getAsBoolean()) {
                throw new Stopped();
            }
        })) {
            ObjectNode said = JsonNodeFactory.instance.objectNode();
            writers.models().forEach((name, model) -> said.set("writer " + name, model.identity()));
            said.put("prompts", writer.prompts.hash())
                    .put("env_name", settings.envName())
                    .put("scenarios", settings.count())
                    .put("temperature", settings.temperature())
                    .put("max_new_tokens", settings.maxNewTokens())
                    .put("attempts", settings.attempts())
                    .put("conversation_seed", settings.seed());
            try (Journal journal = Journal.open(kept, said, "move that file away to start over")) {
                List<Scenario> scenarios = writer.write(writers.models(), journal, progress, stop);
                LoopFiles.write(file, scenarios.stream().map(LoopFiles::json).iterator());
            }
        }
    }

    List<Scenario> write(
            Map<String, ChatModel> writers, Journal journal, StudyProgress progress, BooleanSupplier stop) {
        DraftWriter drafts = new DraftWriter(
                new DraftWriter.Settings(settings.temperature(), settings.maxNewTokens(), settings.attempts()),
                new DraftWriter.Form(
                        "scenarios",
                        FIELDS,
                        problem -> Turn.user(prompts.render("scenario-again", Map.of("problem", problem))),
                        ScenarioWriter::plain),
                journal,
                progress,
                stop);
        List<String> names = List.copyOf(writers.keySet());
        for (int w = 0; w < names.size(); w++) {
            List<DraftWriter.Draft> own = new ArrayList<>();
            for (int i = w; i < settings.count(); i += names.size()) {
                own.add(new DraftWriter.Draft(id(i), ask(i), LoopSeeds.of(settings.seed(), "scenario", id(i))));
            }
            drafts.write(own, writers.get(names.get(w)));
        }
        return distinct(drafts);
    }

    private static String id(int scenario) {
        return "scenario-" + (scenario + 1);
    }

    private List<Turn> ask(int scenario) {
        return List.of(
                new Turn("system", prompts.text("scenario-system")),
                Turn.user(prompts.render(
                        "scenario",
                        Map.of(
                                "env_name", settings.envName(),
                                "trouble", TROUBLES.get(scenario % TROUBLES.size()),
                                "variant", String.valueOf(scenario / TROUBLES.size() + 1)))));
    }

    private List<Scenario> distinct(DraftWriter drafts) {
        List<Scenario> scenarios = new ArrayList<>();
        Set<String> situations = new HashSet<>();
        for (int i = 0; i < settings.count(); i++) {
            drafts.written(id(i))
                    .filter(kept -> situations.add(kept.path("task_scenario").asText()))
                    .ifPresent(kept -> scenarios.add(new Scenario(
                            settings.envName(),
                            kept.path("sub_env").asText(),
                            kept.path("task_scenario").asText(),
                            kept.path("benign_user").asText(),
                            kept.path("misalign_user").asText())));
        }
        if (2 * scenarios.size() < settings.count()) {
            throw new BadInput("of " + settings.count() + " scenarios " + scenarios.size()
                    + " were usable (distinct, and of the form asked for): use a stronger model to write them");
        }
        LOG.info(
                "of {} scenarios {} are usable: distinct, and of the form asked for",
                settings.count(),
                scenarios.size());
        return scenarios;
    }

    /** On one line, without control characters. */
    private static String plain(String text) {
        return text.replaceAll("[\\p{Cc}\\s]+", " ").strip();
    }
}
