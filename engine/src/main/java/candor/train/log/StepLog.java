package candor.train.log;

import candor.BadInput;
import candor.io.IoReason;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The metrics of a run: a line per optimiser step in {@code metrics.jsonl}, flushed as it is written, and the same numbers
 * in TensorBoard files. {@link #offset} goes into a checkpoint; a run that resumes cuts the file back to it, so no step
 * appears twice.
 *
 * <p>A line is a JSON object: {@code step}, then {@link #TIME}, then what the step gave. What a clock or the system said of it
 * ({@link #MEASURED}) differs from run to run; the rest is the same bytes in the same run.
 */
public final class StepLog implements AutoCloseable {
    /** The file's name within a run's folder. */
    public static final String FILE = "metrics.jsonl";

    /** The key of when the step's line was written: UTC, ISO 8601, to the millisecond. */
    public static final String TIME = "time";

    public static final String TOKENS_PER_SECOND = "tokens_per_s";

    /**
     * The key of the share of a device's peak that the step's products and attention had, recomputation included: hardware
     * FLOPs utilisation. No line has it where the device's data sheet is not known.
     */
    public static final String UTILISATION = "hfu";

    /** The key of what the process had in memory behind the step, in MiB; no line has it where the system does not say. */
    public static final String MEMORY = "memory_mib";

    /** The same of a device's own memory; no line has it where the host's is shared. */
    public static final String DEVICE_MEMORY = "device_memory_mib";

    /** The keys whose values are no function of the run's settings and files. */
    public static final Set<String> MEASURED = Set.of(TIME, TOKENS_PER_SECOND, UTILISATION, MEMORY, DEVICE_MEMORY);

    /** Always as many digits, so that a column of them is one. */
    private static final DateTimeFormatter MILLISECONDS = DateTimeFormatter.ofPattern(
                    "uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private static final ObjectMapper JSON = new ObjectMapper();

    private final InstantSource clock;
    private final Path file;
    private final FileChannel lines;
    /** Null where nobody wants them. */
    private final EventFile events;

    private StepLog(InstantSource clock, Path file, FileChannel lines, EventFile events) {
        this.clock = clock;
        this.file = file;
        this.lines = lines;
        this.events = events;
    }

    /**
     * Opens the log of a run.
     *
     * @param run    the run's folder
     * @param tensorBoard the folder of TensorBoard files, or null for none
     * @param offset bytes of {@code metrics.jsonl} that stand, 0 for a new run
     * @param step   steps that those bytes speak of
     */
    public static StepLog open(Path run, Path tensorBoard, long offset, long step) {
        return open(run, tensorBoard, offset, step, InstantSource.system());
    }

    /** By a clock of one's own. */
    static StepLog open(Path run, Path tensorBoard, long offset, long step, InstantSource clock) {
        Path file = run.resolve(FILE);
        try {
            Files.createDirectories(run);
            FileChannel lines = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (lines.size() < offset) {
                long size = lines.size();
                lines.close();
                throw new BadInput(file + ": has " + size + " bytes, the checkpoint of step " + step + " knows of "
                        + offset + "; put the file back, or start a new run in another folder");
            }
            lines.truncate(offset);
            lines.position(offset);
            EventFile events =
                    tensorBoard == null ? null : openEvents(Files.createDirectories(tensorBoard), clock.instant());
            if (events != null && step > 0) {
                events.sessionStart(seconds(clock.instant()), step + 1);
            }
            return new StepLog(clock, file, lines, events);
        } catch (IOException e) {
            throw cannotWrite(file, e);
        }
    }

    /** TensorBoard reads all files of a folder in the order of their names, so those carry the time and a number. */
    private static EventFile openEvents(Path folder, Instant now) throws IOException {
        double time = seconds(now);
        for (int n = 0; ; n++) {
            Path file = folder.resolve("events.out.tfevents.%010d.candor.%d".formatted((long) time, n));
            if (!Files.exists(file)) {
                return new EventFile(file, time);
            }
        }
    }

    /** Writes a step; values are finite. */
    public void step(long step, Map<String, Number> values) {
        Instant now = clock.instant();
        ObjectNode line = JSON.createObjectNode();
        line.put("step", step);
        line.put(TIME, MILLISECONDS.format(now));
        values.forEach((name, value) -> {
            if (!Double.isFinite(value.doubleValue())) {
                throw new IllegalArgumentException(name + " is " + value + " at step " + step);
            }
            line.putPOJO(name, value);
        });
        try {
            ByteBuffer bytes = ByteBuffer.wrap((JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                lines.write(bytes);
            }
            if (events != null) {
                Map<String, Double> tagged = new LinkedHashMap<>();
                values.forEach((name, value) -> tagged.put(tag(name), value.doubleValue()));
                events.scalars(seconds(now), step, tagged);
            }
        } catch (IOException e) {
            throw cannotWrite(file, e);
        }
    }

    /** Training and evaluation apart, as transformers groups them, and what probes say apart from both. */
    private static String tag(String name) {
        if (name.startsWith("honest") || name.startsWith("belief_")) {
            return "probes/" + name;
        }
        return name.startsWith("eval_") ? "eval/" + name.substring("eval_".length()) : "train/" + name;
    }

    private static BadInput cannotWrite(Path file, IOException e) {
        return new BadInput(
                file + ": cannot be written (" + IoReason.of(e) + ")",
                "make room or choose another {output}, then continue with {resume}",
                e);
    }

    /** Since 1970, as TensorBoard has it. */
    private static double seconds(Instant time) {
        return time.toEpochMilli() / 1000.0;
    }

    /** Puts what was written on the disk, and says how many bytes that is. */
    public long offset() {
        try {
            lines.force(false);
            return lines.position();
        } catch (IOException e) {
            throw cannotWrite(file, e);
        }
    }

    @Override
    public void close() {
        try (lines) {
            if (events != null) {
                events.close();
            }
        } catch (IOException e) {
            throw cannotWrite(file, e);
        }
    }
}
