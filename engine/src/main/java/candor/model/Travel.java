package candor.model;

import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.ops.weight.PlainForm;
import java.util.stream.IntStream;

/**
 * What it takes that layers are on the device only while they are computed with: memory at both places, and bytes to copy.
 *
 * @param layers       how many travel
 * @param matrices     bytes of their matrices on the device, were they all there
 * @param stored       bytes of them as they are stored in files
 * @param places       bytes on the device where they take turns
 * @param buffers      bytes on the host that are copied from
 * @param trainingPass bytes that a pass forward and backward copies, behind others of its kind
 * @param scoringPass  bytes that a pass forward alone copies, behind others of its kind
 */
public record Travel(
        int layers, long matrices, long stored, long places, long buffers, long trainingPass, long scoringPass) {
    /** Where all layers stay. */
    public static final Travel NONE = new Travel(0, 0, 0, 0, 0, 0, 0);

    /** Of a model on a backend. */
    public static Travel of(BackendDescriptor backend, ModelConfig model, Residency residency) {
        int count = residency.travelling(model.layers());
        if (!backend.copiesWeights() || count == 0) {
            return NONE;
        }
        long[] bytes = new long[model.layers()];
        long matrices = 0;
        long stored = 0;
        long most = 0;
        for (int layer = 0; layer < bytes.length; layer++) {
            bytes[layer] = model.matrixBytes(layer, PlainForm.of(backend.activations()));
            if (!residency.stays(layer)) {
                matrices += bytes[layer];
                stored += model.storedMatrixBytes(layer);
                most = Math.max(
                        most,
                        bytes[layer]
                                + Backends.paddingBytes(backend, Projection.values().length, model.packing() != null));
            }
        }
        return new Travel(
                count,
                matrices,
                stored,
                Turns.PLACES * most,
                TravellingLayers.BUFFERS * most,
                copied(residency, bytes, true),
                copied(residency, bytes, false));
    }

    /** Bytes that the second of two passes copies. */
    private static long copied(Residency residency, long[] bytes, boolean back) {
        Turns turns = Turns.of(residency, bytes.length);
        long sum = 0;
        for (int pass = 0; pass < 2; pass++) {
            sum = 0;
            IntStream up = IntStream.range(0, bytes.length);
            IntStream down = IntStream.range(0, back ? bytes.length : 0).map(i -> bytes.length - 1 - i);
            for (int layer : IntStream.concat(up, down).toArray()) {
                if (!turns.here(layer)) {
                    turns.comes(layer);
                    sum += bytes[layer];
                }
            }
        }
        return sum;
    }
}
