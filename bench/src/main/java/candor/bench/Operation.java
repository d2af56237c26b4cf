package candor.bench;

import candor.ops.Batch;
import candor.ops.op.Op;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * One operation at the shapes of one layer, or a forward and a backward one after the other, with what it costs at least.
 *
 * @param outputs    what it writes
 * @param inputs     what it reads, but for the weight
 * @param weight     the frozen weight that it reads, or null
 * @param flops      see {@link Op#flops}
 * @param bytes      see {@link Op#bytes}
 * @param rowWise    whether the first rows of the outputs depend on the first rows of the inputs alone
 * @param call       makes it of operands
 */
record Operation(
        String name,
        List<Dim> outputs,
        List<Dim> inputs,
        Dim weight,
        double flops,
        double bytes,
        boolean rowWise,
        Call call) {
    /** What an operand is, which decides the type that a backend keeps it in. */
    enum Kind {
        /** Of {@link candor.ops.Backend#activations}. */
        ACTIVATION,
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

        static Dim floats(int rows, int cols) {
            return new Dim(rows, cols, false, Kind.FLOAT);
        }

        int rows(int tokenCount) {
            return tokens ? tokenCount : rows;
        }

        /** An operand without memory, to ask an operation what it costs. */
        Tensor shape(int tokenCount, DType activations) {
            return Tensor.of(MemorySegment.NULL, kind.type(activations), rows(tokenCount), cols);
        }
    }

    /** Makes the operation of tensors in the order of {@link #outputs} and {@link #inputs}, and the weight. */
    @FunctionalInterface
    interface Call {
        List<Op> of(Tensor[] out, Tensor[] in, Weight weight, Batch batch);
    }

    /** @param activations what the backend says of them */
    static Operation of(
            String name,
            List<Dim> outputs,
            List<Dim> inputs,
            Dim weight,
            boolean rowWise,
            Call call,
            Batch batch,
            DType activations) {
        List<Op> ops = call.of(
                shapes(outputs, batch, activations),
                shapes(inputs, batch, activations),
                weight == null
                        ? null
                        : StoredWeight.of(Tensor.of(MemorySegment.NULL, activations, weight.rows(), weight.cols())),
                batch);
        double flops = ops.stream().mapToDouble(Op::flops).sum();
        double bytes = ops.stream().mapToDouble(Op::bytes).sum();
        return new Operation(name, outputs, inputs, weight, flops, bytes, rowWise, call);
    }

    private static Tensor[] shapes(List<Dim> dims, Batch batch, DType activations) {
        return dims.stream()
                .map(dim -> dim.shape(batch.tokenCount(), activations))
                .toArray(Tensor[]::new);
    }
}
