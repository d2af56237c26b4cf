package candor.bench;

import candor.ops.Batch;
import candor.ops.Ops;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.List;

/**
 * One operation at the shapes of one layer, with what it costs at least.
 *
 * @param outputs    what it writes
 * @param inputs     what it reads
 * @param flops      multiplications and additions that the result needs; 0 where memory alone counts
 * @param bytes      bytes of its operands, each moved once
 * @param rowWise    whether the first rows of the outputs depend on the first rows of the inputs alone
 * @param call       carries it out
 */
record Operation(
        String name, List<Dim> outputs, List<Dim> inputs, double flops, double bytes, boolean rowWise, Call call) {
    /** What an operand is, which decides the type that a backend keeps it in. */
    enum Kind {
        /** Of {@link candor.ops.Backend#activations}. */
        ACTIVATION,
        /** A weight that {@link candor.ops.Backend#resident} may lay out as it likes. */
        FROZEN,
        /** Float32 everywhere: sums, norms' weights, adapters, what an optimiser keeps. */
        FLOAT;

        DType type(DType activations) {
            return this == FLOAT ? DType.F32 : activations;
        }
    }

    /** An operand; {@code tokens} where it has a row for each token, instead of a shape of its own. */
    record Dim(int rows, int cols, boolean tokens, Kind kind) {
        static Dim tokens(int cols) {
            return new Dim(0, cols, true, Kind.ACTIVATION);
        }

        /** Float32, with a row for each token. */
        static Dim sums(int cols) {
            return new Dim(0, cols, true, Kind.FLOAT);
        }

        static Dim frozen(int rows, int cols) {
            return new Dim(rows, cols, false, Kind.FROZEN);
        }

        static Dim floats(int rows, int cols) {
            return new Dim(rows, cols, false, Kind.FLOAT);
        }

        int rows(int tokenCount) {
            return tokens ? tokenCount : rows;
        }

        long bytes(int tokenCount, DType activations) {
            return (long) kind.type(activations).bytes() * rows(tokenCount) * cols;
        }
    }

    /** Calls the operation on tensors in the order of {@link #outputs} and {@link #inputs}. */
    @FunctionalInterface
    interface Call {
        void run(Ops ops, Tensor[] out, Tensor[] in, Batch batch);
    }

    static double bytes(List<Dim> outputs, List<Dim> inputs, int tokens, DType activations) {
        double sum = 0;
        for (Dim dim : outputs) {
            sum += dim.bytes(tokens, activations);
        }
        for (Dim dim : inputs) {
            sum += dim.bytes(tokens, activations);
        }
        return sum;
    }
}
