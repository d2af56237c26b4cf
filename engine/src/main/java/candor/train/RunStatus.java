package candor.train;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;

/** How a run stands: what its record says, held against whether anybody is at it. */
public final class RunStatus {
    static final String RUNNING = "running";

    /** Of a run whose record says that it is running, and which no process has: killed, or its machine went down. */
    public static final String KILLED = "killed";

    private RunStatus() {}

    /**
     * The status of a run.
     *
     * @param folder of the run
     * @param record what {@code run.json} says there
     * @param none   what to say where that names no status
     * @return {@code running} only while a process is at it, or {@link #KILLED}; else as recorded
     */
    public static String of(Path folder, JsonNode record, String none) {
        String recorded = record.path(RunRecord.STATUS).asText(none);
        return recorded.equals(RUNNING) && !RunLocks.held(folder) ? KILLED : recorded;
    }
}
