package candor.watch;

import candor.BadInput;
import candor.io.JsonRecord;
import candor.probe.ProbeReading;
import candor.train.RunStatus;
import candor.train.log.StepLog;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A training run, as its folder shows it now. */
final class RunView {
    static final String RECORD = "run.json";
    static final String RUNNING = "running";
    static final String DONE = "done";
    /** Nobody has begun it. */
    static final String WAITING = "waiting";

    /** What is drawn, and what is told. */
    private static final List<String> NAMES = List.of(
            "loss",
            "eval_loss",
            ProbeReading.HONESTY,
            ProbeReading.BELIEF,
            StepLog.TOKENS_PER_SECOND,
            StepLog.UTILISATION,
            "learning_rate",
            StepLog.MEMORY,
            StepLog.DEVICE_MEMORY);

    /** How many of the last steps tell how long one takes. */
    private static final int STEPS = 64;

    /** When a step was written. */
    private record Mark(double step, Instant time) {}

    private final Path folder;
    private final Tail metrics;
    private final Life life;
    private final Map<String, Curve> curves = new HashMap<>();
    private final Map<String, Double> last = new HashMap<>();
    private final Deque<Mark> marks = new ArrayDeque<>();
    private double step;
    private ObjectNode record = JsonNodeFactory.instance.objectNode();
    private FileTime recordTime;
    private String status = WAITING;
    private String trouble = "";

    RunView(Path folder) {
        this.folder = folder;
        Path file = folder.resolve(StepLog.FILE);
        metrics = new Tail(file, false, this::take, this::forget);
        life = new Life(List.of(folder.resolve(RECORD), file), () -> !RunStatus.of(folder, record, WAITING)
                .equals(RunStatus.KILLED));
    }

    Path folder() {
        return folder;
    }

    /** Reads what has come since the last time. */
    void read(Instant now, long until) {
        if (!readRecord() && status.equals(DONE) && !metrics.behind()) {
            return; // a study of hundreds of runs is looked through in a moment
        }
        metrics.read(until);
        String recorded = record.path("status").asText(WAITING);
        status = recorded.equals(RUNNING) && !life.at(now) ? RunStatus.KILLED : recorded;
    }

    /** Whether there is another one than before. */
    private boolean readRecord() {
        Path file = folder.resolve(RECORD);
        try {
            FileTime time = Files.getLastModifiedTime(file);
            if (time.equals(recordTime)) {
                return false;
            }
            recordTime = time;
            record = JsonRecord.read(file).orElse(record);
            trouble = "";
            JsonNode start = record.path("honesty_probes").path("start");
            for (String name : List.of(ProbeReading.HONESTY, ProbeReading.BELIEF)) {
                if (start.path(name).isNumber() && !last.containsKey(name)) {
                    take(name, 0, start.path(name).doubleValue());
                }
            }
        } catch (IOException e) {
            recordTime = null; // not there yet
        } catch (BadInput e) {
            trouble = e.getMessage();
        }
        return true;
    }

    private void take(ObjectNode line) {
        JsonNode at = line.path("step");
        if (!at.isNumber()) {
            return;
        }
        step = at.doubleValue();
        NAMES.forEach(name -> {
            if (line.path(name).isNumber()) {
                take(name, step, line.path(name).doubleValue());
            }
        });
        try {
            marks.add(new Mark(step, Instant.parse(line.path(StepLog.TIME).asText())));
        } catch (DateTimeException e) {
            marks.clear(); // of an earlier version, or not ours
        }
        if (marks.size() > STEPS) {
            marks.removeFirst();
        }
    }

    private void take(String name, double at, double value) {
        if (Double.isFinite(value)) {
            curves.computeIfAbsent(name, _ -> new Curve()).add(at, value);
            last.put(name, value);
        }
    }

    private void forget() {
        curves.clear();
        last.clear();
        marks.clear();
        step = 0;
        recordTime = null;
    }

    /** {@link #WAITING}, {@link #RUNNING}, {@link #DONE}, or another end as its record has it. */
    String status() {
        return status;
    }

    /** What is wrong with its record; empty where nothing is. */
    String trouble() {
        return trouble;
    }

    /** Why it ended, where the record says so. */
    String reason() {
        return record.path("reason").asText("");
    }

    double step() {
        return step;
    }

    /** Steps of the whole run; 0 where that is not known. */
    double steps() {
        double steps = record.path("steps").asDouble(0);
        return Double.isFinite(steps) ? Math.max(0, steps) : 0;
    }

    /** What part is done, from 0 to 1. */
    double share() {
        return status.equals(DONE) ? 1 : steps() > 0 ? Math.min(1, step / steps()) : 0;
    }

    boolean running() {
        return status.equals(RUNNING);
    }

    Optional<Double> last(String name) {
        return Optional.ofNullable(last.get(name));
    }

    Optional<Curve> curve(String name) {
        return Optional.ofNullable(curves.get(name));
    }

    /** When the last step was written, by the clock of who did it. */
    Optional<Instant> lastTime() {
        return marks.isEmpty() ? Optional.empty() : Optional.of(marks.getLast().time());
    }

    /** The time of a step, the median of the last ones: a stop in between is no step. Empty where nothing tells. */
    Optional<Duration> each() {
        List<Double> seconds = new ArrayList<>();
        Mark before = null;
        for (Mark mark : marks) {
            if (before != null && mark.step() > before.step()) {
                seconds.add(seconds(before.time(), mark.time()) / (mark.step() - before.step()));
            }
            before = mark;
        }
        if (seconds.isEmpty()) {
            return Optional.empty();
        }
        seconds.sort(null);
        return Optional.of(duration(Math.max(0, seconds.get(seconds.size() / 2))));
    }

    /** A {@link Duration} has no room for the milliseconds between any two times that a file may name. */
    private static double seconds(Instant from, Instant to) {
        return (double) to.getEpochSecond() - from.getEpochSecond() + (to.getNano() - from.getNano()) / 1e9;
    }

    /** So many seconds, or as many as can be told. */
    static Duration duration(double seconds) {
        return Duration.ofMillis((long) (1e3 * seconds));
    }

    /** How long it still takes, while it is at work. */
    Optional<Duration> left() {
        return running() && step > 0 && step < steps()
                ? each().map(each -> duration(Math.max(1, each.toMillis() / 1e3 * (steps() - step))))
                : Optional.empty();
    }

    /** Settings that tell it from others, for people: method, model, device. */
    Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        JsonNode method = record.path("config").path("method");
        if (method.isTextual()) {
            facts.put("method", method.textValue());
        }
        JsonNode model = record.path("config").path("model");
        if (model.isTextual()) {
            facts.put("model", model.textValue().replaceFirst("^.*[/\\\\](?=.)", ""));
        }
        for (String name : List.of("device", "start", "end")) {
            if (record.path(name).isTextual()) {
                facts.put(name, record.path(name).textValue());
            }
        }
        return facts;
    }

    /** Whether a long file is not read to its end yet, and how much of it is. */
    Optional<Double> catchingUp() {
        return metrics.behind() ? Optional.of(metrics.read()) : Optional.empty();
    }
}
