package candor.train;

import candor.BadInput;
import candor.data.Batcher;
import candor.io.IoReason;
import candor.ops.AskedDtype;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a checkpoint holds beside numbers in tensors. There is no state of a random generator: everything random follows
 * from the seed and a counter.
 *
 * @param step         optimiser steps done
 * @param tokens       tokens trained on
 * @param metricsBytes bytes of {@code metrics.jsonl} that speak of those steps
 * @param batcher      the place in the data
 * @param best         what the evaluations were that any longer run has, too
 * @param bestAtEnd    the same with the one that only the end of the run asks for
 * @param honesty      what is known of the probes; null where there are none
 * @param backend      the name of what computed
 * @param dtype        what operands of products are rounded to, as {@link BackendDescriptor#dtype()}; null in a checkpoint of a
 *                     version that knew no other than the backend's own
 * @param config       the run's settings
 * @param inputs       the hashes of its files
 */
record RunState(
        long step,
        long tokens,
        long metricsBytes,
        Batcher.State batcher,
        BestSoFar best,
        BestSoFar bestAtEnd,
        HonestyState honesty,
        String backend,
        String dtype,
        Map<String, Object> config,
        Map<String, String> inputs) {
    RunState {
        // A checkpoint of an earlier version does not speak of evaluations.
        best = best == null ? BestSoFar.NONE : best;
        bestAtEnd = bestAtEnd == null ? best : bestAtEnd;
    }

    /** What computed: another one gives other bytes. */
    BackendDescriptor computed() {
        return AskedDtype.recorded(dtype).on(Backends.named(backend));
    }

    static final String FILE = "state.json";
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    void writeTo(OutputStream out) throws IOException {
        out.write(JSON.writeValueAsBytes(this));
    }

    /** Reads what {@link #writeTo} wrote, from a checkpoint that was found intact. */
    static RunState read(Path checkpoint) {
        Path file = checkpoint.resolve(FILE);
        try {
            return JSON.readValue(file.toFile(), RunState.class);
        } catch (IOException e) {
            throw new BadInput(file + ": is not a state that this version of Candor reads: " + IoReason.of(e), e);
        }
    }
}
