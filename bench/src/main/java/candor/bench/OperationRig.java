package candor.bench;

import candor.bench.Operation.Dim;
import candor.check.NaiveBackend;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.List;
import java.util.SplittableRandom;

/**
 * An operation with operands to run on: so many sets of them, in turns, that none is in a cache when its turn comes. Inputs
 * are uniform in [−1, 1), and what is there before in outputs in [0, 1), since moments of an optimiser are never negative.
 */
final class OperationRig {
    /** More than the caches of a processor of today. */
    private static final double ROTATED_BYTES = 96 << 20;

    private static final int MOST_SETS = 64;

    /** Rows that are compared where the first ones depend on the first ones alone. */
    private static final int CHECKED_ROWS = 8;

    /** What the plain loops may take to compare the whole, where rows depend on others. */
    private static final double CHECKED_FLOPS = 2e9;

    /** Of the largest element: far above rounding, far below a wrong result. How exact it is, {@code candor check} judges. */
    private static final double TOLERANCE = 1e-3;

    private record Operands(Tensor[] out, Tensor[] in) {}

    private final Backend ops;
    private final Operation operation;
    private final Batch batch;
    private final int vocabulary;
    private final int length;
    private final Operands[] sets;
    private int next;

    OperationRig(Backend ops, Operation operation, int tokens, int length, int vocabulary) {
        this.ops = ops;
        this.operation = operation;
        this.length = length;
        this.vocabulary = vocabulary;
        batch = Operations.batch(tokens, length, vocabulary);
        sets = new Operands[(int) Math.clamp(ROTATED_BYTES / operation.bytes() + 1, 1, MOST_SETS)];
        for (int i = 0; i < sets.length; i++) {
            sets[i] = operands(ops, tokens, 1, i);
        }
    }

    private Operands operands(Backend where, int tokens, int seed, int set) {
        SplittableRandom random = new SplittableRandom(1_000L * seed + set);
        return new Operands(
                tensors(where, operation.outputs(), tokens, random, 0),
                tensors(where, operation.inputs(), tokens, random, -1));
    }

    private static Tensor[] tensors(Backend where, List<Dim> dims, int tokens, SplittableRandom random, double least) {
        return dims.stream()
                .map(dim -> {
                    float[] values = new float[dim.rows(tokens) * dim.cols()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = (float) random.nextDouble(least, 1);
                    }
                    Tensor tensor = where.allocate(DType.F32, dim.rows(tokens), dim.cols());
                    where.upload(tensor, values);
                    return tensor;
                })
                .toArray(Tensor[]::new);
    }

    /** Once, on the next set of operands. */
    void run() {
        Operands set = sets[next];
        next = (next + 1) % sets.length;
        operation.call().run(ops, set.out, set.in, batch);
        ops.synchronise();
    }

    /** Compares with the plain loops, on fresh operands: a number without its result means nothing. */
    void check() {
        int tokens = batch.tokenCount();
        int rows = operation.rowWise() ? Math.min(CHECKED_ROWS, length) : tokens;
        Operands ours = operands(ops, tokens, 2, 0);
        float[][] before = new float[ours.out.length][];
        for (int i = 0; i < before.length; i++) {
            before[i] = values(ours.out[i]);
        }
        operation.call().run(ops, ours.out, ours.in, batch);
        ops.synchronise();
        if (!operation.rowWise() && operation.flops() > CHECKED_FLOPS) {
            for (Tensor out : ours.out) {
                largest(values(out));
            }
            return;
        }
        try (NaiveBackend naive = new NaiveBackend()) {
            Tensor[] out = part(naive, operation.outputs(), before, rows);
            float[][] given = new float[ours.in.length][];
            for (int i = 0; i < given.length; i++) {
                given[i] = values(ours.in[i]);
            }
            Tensor[] in = part(naive, operation.inputs(), given, rows);
            operation.call().run(naive, out, in, Operations.batch(rows, length, vocabulary));
            for (int i = 0; i < out.length; i++) {
                compare(values(ours.out[i]), values(naive, out[i]));
            }
        }
    }

    private static Tensor[] part(Backend naive, List<Dim> dims, float[][] values, int rows) {
        Tensor[] tensors = new Tensor[dims.size()];
        for (int i = 0; i < tensors.length; i++) {
            Dim dim = dims.get(i);
            tensors[i] = naive.allocate(DType.F32, dim.rows(rows), dim.cols());
            naive.upload(tensors[i], values[i]);
        }
        return tensors;
    }

    private float[] values(Tensor tensor) {
        return values(ops, tensor);
    }

    private static float[] values(Backend where, Tensor tensor) {
        float[] values = new float[Math.toIntExact(tensor.elements())];
        where.download(values, tensor);
        return values;
    }

    private void compare(float[] ours, float[] plain) {
        double allowed = TOLERANCE * largest(plain);
        for (int i = 0; i < plain.length; i++) {
            if (!(Math.abs(ours[i] - plain[i]) <= allowed)) {
                throw new IllegalStateException(
                        operation.name() + " is wrong: element " + i + " is " + ours[i] + ", not " + plain[i]);
            }
        }
    }

    private double largest(float[] values) {
        double largest = 0;
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new IllegalStateException(operation.name() + " gave " + value);
            }
            largest = Math.max(largest, Math.abs(value));
        }
        if (largest == 0) {
            throw new IllegalStateException(operation.name() + " gave nothing but zeros");
        }
        return largest;
    }
}
