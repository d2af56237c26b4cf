package candor.study;

import candor.evaluate.ask.AnswerCache;
import candor.evaluate.judge.Budget;
import candor.evaluate.judge.ChatModel;
import candor.evaluate.judge.Judge;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The judges of a study's benchmarks, each opened when it is first needed. Those that are one model, asked in several ways, share it
 * and its limits.
 */
final class Judges implements AutoCloseable {
    private final StudyConfig config;
    private final AnswerCache cache;
    private final Helpers helpers;
    private final Map<String, Judge> judges = new HashMap<>();
    private final Map<List<Object>, ChatModel> models = new LinkedHashMap<>();
    private final Map<List<Object>, Budget> budgets = new HashMap<>();

    /** @param helpers who answers beside this process for models that run here */
    Judges(StudyConfig config, AnswerCache cache, Helpers helpers) {
        this.helpers = helpers;
        this.config = config;
        this.cache = cache;
    }

    /** A benchmark's judge; null where it needs none. Whoever has it does not close it. */
    Judge of(StudyTask<?> task) {
        if (!task.judged()) {
            return null;
        }
        String name = task.task().name();
        return judges.computeIfAbsent(
                name,
                any -> JudgeSection.judge(
                        JudgeSection.of(config, name),
                        this::model,
                        cache,
                        task.task().judgeTokens()));
    }

    private ChatModel model(Section section) {
        return models.computeIfAbsent(
                JudgeSection.model(section), any -> JudgeSection.chat(config, section, helpers, this::budget));
    }

    private Budget budget(Section section) {
        return budgets.computeIfAbsent(JudgeSection.limits(section), any -> JudgeSection.budget(section));
    }

    @Override
    public void close() {
        models.values().forEach(ChatModel::close);
    }
}
