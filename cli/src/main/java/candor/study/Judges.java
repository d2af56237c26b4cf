package candor.study;

import candor.evaluate.AnswerCache;
import candor.evaluate.judge.Judge;
import java.util.LinkedHashMap;
import java.util.Map;

/** The judges of a study's benchmarks, each opened when it is first needed. */
final class Judges implements AutoCloseable {
    private final StudyConfig config;
    private final AnswerCache cache;
    private final Map<String, Judge> open = new LinkedHashMap<>();

    Judges(StudyConfig config, AnswerCache cache) {
        this.config = config;
        this.cache = cache;
    }

    /** A benchmark's judge; null where it needs none. */
    Judge of(StudyTask<?> task) {
        if (!task.judged()) {
            return null;
        }
        String name = task.task().name();
        return open.computeIfAbsent(
                name,
                any -> JudgeSection.judge(
                        config,
                        JudgeSection.of(config, name),
                        cache,
                        task.task().judgeTokens()));
    }

    @Override
    public void close() {
        open.values().forEach(Judge::close);
    }
}
