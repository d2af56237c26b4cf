package candor.study;

import candor.data.read.Fingerprint;
import candor.ops.AskedDtype;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.train.config.TrainSettings;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What a study's results follow from, as its record has it: what must be the same for it to go on. */
final class StudyRecords {
    /** Settings that change nothing in the results; dots lead into sections. */
    private static final List<String> FREE = List.of(
            "name",
            "model",
            "output",
            "cache",
            "slots",
            "threads",
            "evaluate.batch_size",
            "evaluate.kv_cache_mib",
            "evaluate.adapters_at_once");

    /** Sections that say who answers in another's place, and what of them is free. */
    private static final List<String> ANSWERING = List.of("judge", "users", "writer");

    private static final List<String> FREE_OF_ANSWERING = List.of(
            "key_env",
            "concurrency",
            "retries",
            "timeout",
            "max_seconds",
            "max_cost",
            "input_price",
            "output_price",
            "max_failures");

    private StudyRecords() {}

    /** The settings without those that are free, and each benchmark's version and files. */
    static ObjectNode identity(StudyConfig config, List<StudyTask<?>> tasks) {
        ObjectNode settings = config.all().json();
        for (String key : FREE) {
            int dot = key.indexOf('.');
            if (dot < 0) {
                settings.remove(key);
            } else if (settings.get(key.substring(0, dot)) instanceof ObjectNode section) {
                section.remove(key.substring(dot + 1));
            }
        }
        for (String name : ANSWERING) {
            if (settings.get(name) instanceof ObjectNode section) {
                section.remove(FREE_OF_ANSWERING);
                section.forEach(inner -> {
                    if (inner instanceof ObjectNode ofBenchmark) {
                        ofBenchmark.remove(FREE_OF_ANSWERING);
                    }
                });
            }
        }
        ObjectNode benchmarks = JsonNodeFactory.instance.objectNode();
        for (StudyTask<?> task : tasks) {
            ObjectNode one = benchmarks.putObject(task.task().name());
            one.put("version", task.task().version());
            one.set(
                    "files",
                    fingerprints(task.rows().stream()
                            .map(row -> row.data().origin().file())
                            .distinct()
                            .toList()));
        }
        settings.set("benchmarks", benchmarks);
        // As it was taken, and in the same place whether it was given or not: marks of groups are compared as texts.
        settings.remove(TrainSettings.BACKEND.key());
        settings.put(TrainSettings.BACKEND.key(), config.backend().name());
        settings.remove(TrainSettings.DTYPE.key());
        if (config.backend().roundsOperandsAlone()) {
            settings.put(TrainSettings.DTYPE.key(), config.backend().dtype());
        }
        return settings;
    }

    /** The backend that a study was begun on; earlier versions took the CPU where none was named. */
    static BackendDescriptor backend(JsonNode study) {
        JsonNode recorded = study.at("/config/" + TrainSettings.BACKEND.key());
        BackendDescriptor backend = (recorded.isTextual()
                        ? Backends.asked(recorded.textValue())
                        : Optional.<BackendDescriptor>empty())
                .orElse(BackendDescriptor.CPU);
        String dtype = study.at("/config/" + TrainSettings.DTYPE.key()).textValue();
        return AskedDtype.recorded(dtype).on(backend);
    }

    /** Names without folders, which may move, and what is in the files. */
    static ArrayNode fingerprints(List<Path> files) {
        ArrayNode list = JsonNodeFactory.instance.arrayNode();
        for (Path file : files) {
            list.addObject()
                    .put("file", String.valueOf(file.getFileName()))
                    .put("sha256", Fingerprint.of(file).sha256());
        }
        return list;
    }
}
