package candor.cli;

import candor.ops.Backend;
import candor.ops.Batch;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.stream.IntStream;

/** How fast a backend multiplies matrices, measured. */
final class Probe {
    private static final int ROWS = 256;
    private static final int INNER = 512;
    private static final int OUTER = 1024;

    /** Long enough for the just-in-time compiler to have done its part. */
    private static final long NANOS = 3_000_000_000L;

    /** Norms, attention and the memory between the products take their time too: a training step reaches this share. */
    private static final double SHARE = 0.6;

    private Probe() {}

    /** Floating-point operations a second that training may expect. */
    static double operationsPerSecond(Backend backend) {
        DType type = backend.activations();
        Tensor x = backend.allocate(type, ROWS, INNER);
        Tensor w = backend.allocate(type, OUTER, INNER);
        Tensor y = backend.allocate(type, ROWS, OUTER);
        int[] none = IntStream.generate(() -> Batch.NO_TARGET).limit(ROWS).toArray();
        Batch batch = new Batch(
                new int[ROWS], IntStream.range(0, ROWS).toArray(), none, new int[] {0, ROWS}, new int[] {Batch.BASE});
        double best = 0;
        for (long start = System.nanoTime(); System.nanoTime() - start < NANOS; ) {
            long begun = System.nanoTime();
            backend.linear(y, null, x, w, null, null, null, batch);
            backend.synchronise();
            best = Math.max(best, 2.0 * ROWS * INNER * OUTER / ((System.nanoTime() - begun) / 1e9));
        }
        return SHARE * best;
    }
}
