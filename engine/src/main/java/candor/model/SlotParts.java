package candor.model;

import candor.ops.Batch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Cuts a batch where the slots of its rows differ in something that one operation cannot serve: a table of their own, scales, a
 * bias. Rows that have nothing of the kind stay together, so that they go through the same operations as without the others.
 */
final class SlotParts {
    /**
     * Neighbouring rows that are treated alike.
     *
     * @param batch the rows as a batch of their own
     * @param start the first of them in the whole batch
     * @param value what their slot has; null for what all others do without
     */
    record Part<T>(Batch batch, int start, T value) {
        int end() {
            return start + batch.tokenCount();
        }
    }

    private Batch whole;
    private final Map<Batch.Run, Batch> batches = new HashMap<>();

    /** The parts in the order of the rows; the whole batch itself, as one, where no slot has anything. */
    <T> List<Part<T>> of(Batch batch, IntFunction<T> values) {
        List<Part<T>> parts = new ArrayList<>();
        int start = 0;
        T value = null;
        for (Batch.Run run : batch.runs()) {
            T next = values.apply(run.slot());
            if (next != value && run.start() > start) {
                parts.add(new Part<>(rows(batch, start, run.start()), start, value));
                start = run.start();
            }
            value = next;
        }
        parts.add(new Part<>(rows(batch, start, batch.tokenCount()), start, value));
        return parts;
    }

    /** Whether no slot of the batch has anything. */
    static boolean none(Batch batch, IntFunction<?> values) {
        for (Batch.Run run : batch.runs()) {
            if (values.apply(run.slot()) != null) {
                return false;
            }
        }
        return true;
    }

    /** All layers of a pass cut at the same places, so parts are kept while the batch is the same. */
    private Batch rows(Batch batch, int start, int end) {
        if (start == 0 && end == batch.tokenCount()) {
            return batch;
        }
        if (whole != batch) {
            batches.clear();
            whole = batch;
        }
        return batches.computeIfAbsent(new Batch.Run(0, start, end), rows -> batch.sequencesOf(start, end));
    }
}
