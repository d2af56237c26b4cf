package candor.study;

import candor.BadInput;
import candor.evaluate.engine.EngineRespondent;
import candor.evaluate.judge.JudgeSettings;
import candor.generate.AnswerNeeds;
import candor.lora.AdapterBank;
import candor.model.ModelConfig;
import candor.model.ModelFolder;
import candor.ops.Needs;
import candor.ops.Room;
import candor.train.Prepared;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What a study takes while its models answer: the model with the adapters that answer together, and the judges that are local. */
final class AnsweringMemory {
    private AnsweringMemory() {}

    /**
     * @param prepared a run of the study, whose adapter stands for all; null where nothing is trained
     * @throws BadInput where it does not fit: says where, and what would make it
     */
    static AnswerNeeds of(
            StudyConfig config, Prepared prepared, List<TrainGroup> groups, List<StudyTask<?>> tasks, Room room) {
        Section evaluate = config.section(StudyConfig.EVALUATE);
        long adapters = groups.stream().mapToLong(group -> group.runs().size()).sum();
        long most = evaluate.get(EvaluationPlan.ADAPTERS_AT_ONCE);
        int together = Math.toIntExact(most == 0 ? adapters : Math.min(adapters, most));
        ModelConfig model =
                ModelConfig.read(ModelFolder.at(config.model()).configFile()).packed(config.weights());
        AdapterBank bank = prepared == null
                ? null
                : AdapterBank.shapes(
                        model,
                        Collections.nCopies(together, prepared.runs().getFirst().lora()));
        AnswerNeeds needs = needs(config, model, bank);
        for (Path folder : localJudges(config, tasks)) {
            needs = plus(
                    needs, needs(config, ModelConfig.read(ModelFolder.at(folder).configFile()), null));
        }
        require(needs.host(), room.host(), "this machine's memory");
        require(needs.device(), room.device() - room.overhead(), "the GPU's memory");
        return needs;
    }

    /** The folders of judges that run here; each is opened once, however many benchmarks it judges. */
    private static Set<Path> localJudges(StudyConfig config, List<StudyTask<?>> tasks) {
        return tasks.stream()
                .filter(StudyTask::judged)
                .map(task -> JudgeSection.of(config, task.task().name()))
                .filter(judge -> JudgeSection.kind(judge) == JudgeSettings.Kind.LOCAL)
                .map(JudgeSection::folder)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static AnswerNeeds needs(StudyConfig config, ModelConfig model, AdapterBank bank) {
        EngineRespondent.Settings engine =
                config.engine(config.model(), config.template(), config.decoding(), List.of(), true, false);
        return AnswerNeeds.of(
                new AnswerNeeds.Who(model, bank, engine.positions()),
                EngineRespondent.generation(engine),
                config.backend(),
                config.threads());
    }

    private static AnswerNeeds plus(AnswerNeeds model, AnswerNeeds judge) {
        return new AnswerNeeds(plus(model.host(), judge.host()), plus(model.device(), judge.device()));
    }

    private static Needs plus(Needs model, Needs judge) {
        Map<String, Long> bytes = new LinkedHashMap<>(model.bytes());
        judge.bytes().forEach((kind, count) -> bytes.merge("the judge's " + kind, count, Long::sum));
        return new Needs(bytes);
    }

    private static void require(Needs needs, long memory, String place) {
        if (needs.total() > memory && needs.total() > 0) {
            throw new BadInput(String.format(
                    Locale.ROOT,
                    "to answer, the study needs %,d MiB of %s, and there are %,d MiB; lower evaluate.kv_cache_mib,"
                            + " evaluate.adapters_at_once or evaluate.batch_size, or take a smaller model",
                    Math.ceilDiv(needs.total(), 1L << 20),
                    place,
                    memory >> 20));
        }
    }
}
