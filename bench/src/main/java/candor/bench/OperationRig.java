package candor.bench;

import candor.bench.Operation.Dim;
import candor.check.NaiveBackend;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
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

    private static final double TOLERANCE_OF_BF16 = 0.03;

    /**
     * @param stored the values of the weight, or null
     * @param weight what the backend made of it, or null
     */
    private record Operands(Tensor[] out, Tensor[] in, StoredWeight stored, FrozenWeight weight) {}

    private final Arena arena = Arena.ofAuto(); // frozen weights are the backend's for as long as it is open
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
            sets[i] = operands(tokens, i);
        }
    }

    private Operands operands(int tokens, int set) {
        SplittableRandom random = new SplittableRandom(set);
        Tensor[] out = outputs(tokens, random);
        List<Dim> dims = operation.inputs();
        Tensor[] in = new Tensor[dims.size()];
        for (int i = 0; i < in.length; i++) {
            in[i] = tensor(dims.get(i), tokens, random, -1);
        }
        StoredWeight stored = operation.weight() == null ? null : stored(operation.weight(), random);
        return new Operands(out, in, stored, stored == null ? null : ops.freeze(stored));
    }

    private Tensor[] outputs(int tokens, SplittableRandom random) {
        return operation.outputs().stream()
                .map(dim -> tensor(dim, tokens, random, 0))
                .toArray(Tensor[]::new);
    }

    private StoredWeight stored(Dim dim, SplittableRandom random) {
        Tensor tensor = Tensor.allocate(arena, DType.F32, dim.rows(), dim.cols());
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.data().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextDouble(-1, 1));
        }
        return StoredWeight.of(tensor);
    }

    private Tensor tensor(Dim dim, int tokens, SplittableRandom random, double least) {
        float[] values = new float[dim.rows(tokens) * dim.cols()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(least, 1);
        }
        Tensor tensor = ops.allocate(dim.kind().type(ops.activations()), dim.rows(tokens), dim.cols());
        ops.upload(tensor, values);
        return tensor;
    }

    /** Once, on the next set of operands. */
    void run() {
        Operands set = sets[next];
        next = (next + 1) % sets.length;
        run(ops, set.out, set.in, set.weight, batch);
        ops.synchronise();
    }

    private void run(Backend where, Tensor[] out, Tensor[] in, Weight weight, Batch rows) {
        operation.call().of(out, in, weight, rows).forEach(where::run);
    }

    /** Compares with the plain loops, on fresh outputs: a number without its result means nothing. */
    void check() {
        int tokens = batch.tokenCount();
        int rows = operation.rowWise() ? Math.min(CHECKED_ROWS, length) : tokens;
        Operands set = sets[0];
        Tensor[] ours = outputs(tokens, new SplittableRandom(sets.length));
        float[][] before = values(ours);
        run(ops, ours, set.in, set.weight, batch);
        ops.synchronise();
        if (!operation.rowWise() && operation.flops() > CHECKED_FLOPS) {
            for (Tensor out : ours) {
                largest(values(out));
            }
            return;
        }
        try (NaiveBackend naive =
                new NaiveBackend(ops.activations(), ops.descriptor().products())) {
            List<Dim> dims = operation.outputs();
            Tensor[] out = new Tensor[ours.length];
            for (int i = 0; i < out.length; i++) {
                out[i] = naive(naive, dims.get(i), before[i], rows);
            }
            Tensor[] in = new Tensor[set.in.length];
            for (int i = 0; i < in.length; i++) {
                in[i] = naive(naive, operation.inputs().get(i), values(set.in[i]), rows);
            }
            Weight weight = set.stored == null ? null : naive.freeze(set.stored);
            run(naive, out, in, weight, Operations.batch(rows, length, vocabulary));
            for (int i = 0; i < out.length; i++) {
                compare(values(ours[i]), values(naive, out[i]));
            }
        }
    }

    private static Tensor naive(NaiveBackend naive, Dim dim, float[] values, int rows) {
        Tensor tensor = naive.allocate(dim.kind().type(naive.activations()), dim.rows(rows), dim.cols());
        naive.upload(tensor, values);
        return tensor;
    }

    private float[][] values(Tensor[] tensors) {
        float[][] values = new float[tensors.length][];
        for (int i = 0; i < values.length; i++) {
            values[i] = values(tensors[i]);
        }
        return values;
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
        double allowed = (ops.descriptor().products() == DType.F32 ? TOLERANCE : TOLERANCE_OF_BF16) * largest(plain);
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
