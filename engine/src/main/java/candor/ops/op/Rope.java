package candor.ops.op;

import candor.ops.Batch;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.stream.IntStream;

/**
 * Rotates each head by its token's position (Su et al. 2021), in place: (x₁, x₂) → (x₁c − x₂s, x₂c + x₁s) with x₁,
 * x₂ the halves of a head, as Hugging Face's checkpoints want it.
 *
 * @param x     (N, G·D)
 * @param table (P, D): cosines of the D/2 frequencies, then sines, for each position
 */
public record Rope(Tensor x, Tensor table, Batch batch) implements Epilogue {
    @Override
    public String name() {
        return "rope";
    }

    @Override
    public void check(DType activations) {
        check(name(), activations, x, table, batch);
    }

    static void check(String op, DType activations, Tensor x, Tensor table, Batch batch) {
        Operands.type(op, activations, x);
        Operands.f32(op, table);
        Operands.require(table.cols() > 0 && table.cols() % 2 == 0, op, x, table);
        Operands.require(x.rows() == batch.tokenCount() && x.cols() % table.cols() == 0, op, x, table);
        if (batch.largestPosition() >= table.rows()) {
            throw new IllegalArgumentException(
                    op + ": position " + batch.largestPosition() + ", of " + table.rows() + " in the table");
        }
    }

    @Override
    public int rows() {
        return x.rows();
    }

    @Override
    public long bytes() {
        return bytes(x, table, batch);
    }

    @Override
    public long bytesBeside() {
        return bytes() - Operands.bytes(x);
    }

    @Override
    public boolean inPlace() {
        return true;
    }

    /** Of the table, a row for each position that the batch has. */
    static long bytes(Tensor x, Tensor table, Batch batch) {
        long positions = IntStream.range(0, batch.tokenCount())
                .map(batch::position)
                .distinct()
                .count();
        return Operands.bytes(x) + Operands.bytesOfRows(table, positions);
    }
}
