package candor.study.loop;

import candor.evaluate.judge.ChatModel;
import candor.evaluate.judge.ChatProbe;
import candor.study.Helpers;
import candor.study.JudgeSection;
import candor.study.Section;
import candor.study.StudyConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The models of the section {@code writer}, by the names that what they write shall have them by. */
record Writers(Map<String, ChatModel> models) implements AutoCloseable {
    /**
     * Opens them, and asks each something small.
     *
     * @param helpers who answers beside this process for those that run here
     */
    static Writers open(StudyConfig config, String what, Helpers helpers, Runnable goingOn) {
        Section section = config.section(LoopSettings.WRITER);
        Writers writers = new Writers(new LinkedHashMap<>());
        try {
            for (String name : names(section)) {
                writers.models.put(
                        name,
                        JudgeSection.chat(
                                config, section.with("model", List.of(name), section.where("models")), helpers));
            }
            writers.models.forEach((name, model) -> {
                goingOn.run();
                ChatProbe.require(model, "the writer of " + what, List.of());
            });
            return writers;
        } catch (RuntimeException e) {
            writers.close();
            throw e;
        }
    }

    static List<String> names(Section section) {
        List<String> names = section.get(LoopSettings.WRITERS);
        if (names == null || names.isEmpty()) {
            JudgeSection.kind(section);
            return List.of(section.text("model"));
        }
        return names;
    }

    @Override
    public void close() {
        models.values().forEach(ChatModel::close);
    }
}
