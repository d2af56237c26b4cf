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
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The metrics of a run: a line per optimiser step in {@code metrics.jsonl}, flushed as it is written, and the same numbers
 * in TensorBoard files. {@link #offset} goes into a checkpoint; a run that resumes cuts the file back to it, so no step
 * appears twice.
 */
public final class StepLog implements AutoCloseable {
    /** The file's name within a run's folder. */
    public static final String FILE = "metrics.jsonl";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final FileChannel lines;
    /** Null where nobody wants them. */
    private final EventFile events;

    private StepLog(Path file, FileChannel lines, EventFile events) {
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
            EventFile events = tensorBoard == null ? null : openEvents(Files.createDirectories(tensorBoard));
            if (events != null && step > 0) {
                events.sessionStart(now(), step + 1);
            }
            return new StepLog(file, lines, events);
        } catch (IOException e) {
            throw cannotWrite(file, e);
        }
    }

    /** TensorBoard reads all files of a folder in the order of their names, so those carry the time and a number. */
    private static EventFile openEvents(Path folder) throws IOException {
        double time = now();
        for (int n = 0; ; n++) {
            Path file = folder.resolve("events.out.tfevents.%010d.candor.%d".formatted((long) time, n));
            if (!Files.exists(file)) {
                return new EventFile(file, time);
            }
        }
    }

    /** Writes a step; values are finite. */
    public void step(long step, Map<String, Number> values) {
        ObjectNode line = JSON.createObjectNode();
        line.put("step", step);
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
                events.scalars(now(), step, tagged);
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

    private static double now() {
        return System.currentTimeMillis() / 1000.0;
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
