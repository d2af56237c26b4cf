package candor.train;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.HubSnapshot;
import candor.io.IoReason;
import candor.train.checkpoint.CheckpointStore;
import candor.train.config.Recorded;
import candor.train.config.TrainConfig;
import candor.train.log.StepLog;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A run's folder, and {@code run.json} in it: what was asked for, of what, where, when, and how it ended.
 *
 * <p>{@code status} is {@code running} (also after a kill: {@link RunStatus} tells), {@code done}, {@code interrupted} or
 * {@code diverged}.
 */
final class RunRecord {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    static final String STATUS = "status";
    private static final String DONE = "done";
    private static final String DROP = "honesty_drop";

    private final Path folder;
    private ObjectNode json;

    private RunRecord(Path folder) {
        this.folder = folder;
    }

    /** The record of a folder; what is there of an earlier session is read. */
    static RunRecord at(Path folder) {
        RunRecord record = new RunRecord(folder);
        record.json = Recorded.json(folder).orElse(null);
        return record;
    }

    /** The record of a run that has not begun, whatever the folder holds. */
    static RunRecord fresh(Path folder) {
        return new RunRecord(folder);
    }

    Path folder() {
        return folder;
    }

    /**
     * Refuses a folder where another process has begun or ended a run since the record was read: what was prepared from it
     * holds no longer.
     */
    void requireUnchanged() {
        if (!Objects.equals(at(folder).json, json)) {
            throw new BadInput(folder + ": another process has trained there in the meantime; start again");
        }
    }

    private Path file() {
        return folder.resolve(Recorded.FILE);
    }

    Path checkpoints() {
        return folder.resolve(CheckpointStore.FOLDER);
    }

    Path adapter() {
        return folder.resolve("adapter");
    }

    /** The trained model, where all weights are trained. */
    Path model() {
        return folder.resolve("model");
    }

    Path referenceCache() {
        return folder.resolve("reference.cache");
    }

    /** How the run here stands, where there is one. */
    String status() {
        return RunStatus.of(folder, json, "unknown");
    }

    /** Whether a run was started here. */
    boolean exists() {
        return json != null;
    }

    /**
     * Refuses a folder that holds what a run would overwrite and has no record of one: somebody else's work, or a run that
     * lost its record. Folders and logs that are empty are what a start that failed leaves.
     */
    void requireOwn() {
        if (exists()) {
            return;
        }
        Path metrics = folder.resolve(StepLog.FILE);
        try {
            boolean logged = Files.exists(metrics) && Files.size(metrics) > 0;
            for (Path taken : List.of(adapter(), model(), checkpoints(), metrics)) {
                if (taken.equals(metrics) ? logged : Files.exists(taken)) {
                    throw new BadInput(
                            taken + ": exists already, without the run.json of a run", "choose another {output}");
                }
            }
        } catch (IOException e) {
            throw new BadInput(metrics + ": cannot be read: " + IoReason.of(e), e);
        }
    }

    /** Makes the folder; comes before anything is taken that costs time or memory. */
    void makeFolder() {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw noFolder(IoReason.of(e), e);
        }
        if (!Files.isWritable(folder)) {
            throw noFolder("it is read-only", null);
        }
    }

    private BadInput noFolder(String reason, IOException cause) {
        return new BadInput(
                folder + ": cannot be created as a run's folder (" + reason + ")", "choose another {output}", cause);
    }

    /**
     * Whether it came to its end, and nobody asks for another end of it.
     *
     * @throws BadInput if the run was started with other settings or files
     */
    boolean done(TrainConfig config, Inputs inputs) {
        if (!exists()) {
            return false;
        }
        Map<String, String> started = strings(json.path(Recorded.CONFIG));
        config.requireSameRun(started);
        inputs.requireSame(strings(json.path("inputs")));
        return done() && config.sameLength(started);
    }

    /** Whether it came to its end. */
    boolean done() {
        return exists() && json.path(STATUS).asText().equals(DONE);
    }

    private static Map<String, String> strings(JsonNode node) {
        Map<String, String> strings = new LinkedHashMap<>();
        node.properties().forEach(e -> strings.put(e.getKey(), text(e.getValue())));
        return strings;
    }

    /** As {@link String#valueOf} would write the value in a record of settings. */
    private static String text(JsonNode value) {
        if (!value.isArray()) {
            return value.isNull() ? "null" : value.asText();
        }
        List<String> texts = new ArrayList<>();
        value.forEach(v -> texts.add(v.asText()));
        return texts.toString();
    }

    /** How the run ended, where it is done. */
    Outcome.Done outcome() {
        long steps = json.path("steps_done").asLong();
        JsonNode drop = json.path(DROP);
        return new Outcome.Done(
                steps,
                json.path("written_step").asLong(steps),
                json.path("stopped_early").asBoolean(),
                drop.isObject() ? JSON.convertValue(drop, HonestyDrop.class) : null);
    }

    /** Writes what probes said before the first step, and how many there are. */
    void honesty(HonestyWatch watch) {
        ObjectNode honesty = json.putObject("honesty_probes");
        honesty.put("probes", watch.probes().size());
        honesty.put("every", watch.plan().every());
        honesty.set("start", JSON.valueToTree(watch.start().metrics()));
        write();
    }

    /**
     * Writes how the run begins, or begins again.
     *
     * @param facts versions, device and sizes, in the order of the file
     */
    void started(TrainConfig config, Inputs inputs, Map<String, ?> facts, long fromStep) {
        ObjectNode next = JSON.createObjectNode();
        next.put(STATUS, RunStatus.RUNNING);
        next.setAll((ObjectNode) JSON.valueToTree(facts));
        next.put("seed", config.batching().seed());
        next.set("start", json == null || fromStep == 0 ? JSON.valueToTree(now()) : json.path("start"));
        if (fromStep > 0) {
            next.withArray("resumed").addAll(json.withArray("resumed"));
            next.withArray("resumed").addObject().put("step", fromStep).put("at", now());
        }
        next.putNull("end");
        next.put(Recorded.DIRECTORY, Path.of("").toAbsolutePath().toString());
        next.set(Recorded.CONFIG, JSON.valueToTree(config.resolved()));
        next.set("inputs", JSON.valueToTree(inputs.hashes()));
        ObjectNode repositories = repositories(config);
        if (!repositories.isEmpty()) {
            next.set("repositories", repositories);
        }
        json = next;
        write();
    }

    /** Which repositories, and at which commits, what the run starts from is a copy of, where that can be told. */
    private static ObjectNode repositories(TrainConfig config) {
        Map<String, Path> roles = new LinkedHashMap<>();
        roles.put("model", config.model());
        roles.put("init_adapter", config.initAdapter());
        for (int i = 0; i < config.data().size(); i++) {
            roles.put("data/" + i, config.data().get(i));
        }
        for (int i = 0; i < config.mixing().data().size(); i++) {
            roles.put("mix_data/" + i, config.mixing().data().get(i));
        }
        roles.put("eval_data", config.watch().evalData());
        ObjectNode repositories = JSON.createObjectNode();
        roles.forEach((role, path) -> Optional.ofNullable(path)
                .flatMap(HubSnapshot::of)
                .ifPresent(source -> repositories
                        .putObject(role)
                        .put("repository", source.repository())
                        .put("commit", source.commit())));
        return repositories;
    }

    /**
     * Writes how the run ended.
     *
     * @param best of its evaluations, or null where nothing hung on them
     */
    void ended(Outcome outcome, BestSoFar best, String metric) {
        if (best != null && best.step() > 0) {
            json.putObject("best")
                    .put("step", best.step())
                    .put("metric", metric)
                    .put("value", best.value());
        }
        json.put(
                STATUS,
                switch (outcome) {
                    case Outcome.Done _ -> DONE;
                    case Outcome.Interrupted _ -> "interrupted";
                    case Outcome.Diverged _ -> "diverged";
                });
        json.put("steps_done", outcome.step());
        if (outcome instanceof Outcome.Done done) {
            json.put("stopped_early", done.early());
            json.put("written_step", done.written());
            if (done.drop() != null) {
                json.set(DROP, JSON.valueToTree(done.drop()));
            }
        }
        if (outcome instanceof Outcome.Diverged diverged) {
            json.put("reason", diverged.reason().getMessage());
        }
        json.put("end", now());
        write();
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private void write() {
        try {
            Files.createDirectories(folder);
            AtomicFile.write(file(), JSON.writeValueAsBytes(json));
        } catch (IOException e) {
            throw noFolder(IoReason.of(e), e);
        }
    }
}
