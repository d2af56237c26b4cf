package candor.ops.op;

import candor.ops.Batch;
import candor.ops.KvPages;
import candor.ops.PageTables;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.Collectors;

/** What operations demand of their operands, in one place for all backends; and how much memory operands are. */
final class Operands {
    private Operands() {}

    static void require(boolean holds, String op, Tensor... tensors) {
        if (!holds) {
            throw mismatch(op, tensors);
        }
    }

    // Spares the array where there is nothing to say.
    static void require(boolean holds, String op, Tensor a, Tensor b) {
        if (!holds) {
            throw mismatch(op, a, b);
        }
    }

    /** @param w may be null */
    static void require(boolean holds, String op, Tensor a, Tensor b, Weight w) {
        if (!holds) {
            throw new IllegalArgumentException(shapes(op, a, b) + ", " + (w == null ? "none" : w.shape()));
        }
    }

    private static IllegalArgumentException mismatch(String op, Tensor... tensors) {
        return new IllegalArgumentException(shapes(op, tensors));
    }

    private static String shapes(String op, Tensor... tensors) {
        return Arrays.stream(tensors)
                .map(tensor -> tensor == null ? "none" : tensor.shape())
                .collect(Collectors.joining(", ", op + ": shapes do not fit: ", ""));
    }

    static void type(String op, DType type, Tensor x) {
        if (x.dtype() != type) {
            throw new IllegalArgumentException(op + ": wants " + type + ", got " + x.shape());
        }
    }

    static void f32(String op, Tensor x) {
        type(op, DType.F32, x);
    }

    /** A weight in a form that is read beside such activations. */
    static void weight(String op, DType activations, Weight w) {
        if (!w.fits(activations)) {
            throw new IllegalArgumentException(op + ": wants " + activations + ", got " + w.shape());
        }
    }

    static void shape(String op, DType type, Tensor x, int rows, int cols) {
        type(op, type, x);
        if (x.rows() != rows || x.cols() != cols) {
            throw new IllegalArgumentException(
                    op + ": shapes do not fit: " + x.shape() + ", wants " + rows + " x " + cols);
        }
    }

    /** The shape and type of {@code a}. */
    static void same(String op, Tensor a, Tensor b) {
        type(op, a.dtype(), b);
        require(a.rows() == b.rows() && a.cols() == b.cols(), op, a, b);
    }

    /** A float32 row (1, O) for y (N, O), or null. */
    static void row(String op, Tensor row, Tensor y) {
        if (row != null) {
            f32(op, row);
            require(row.rows() == 1 && row.cols() == y.cols(), op, row, y);
        }
    }

    /** Every token and target of the batch is a row of a table of so many. */
    static void ids(String op, Batch batch, int vocabulary) {
        if (batch.largestId() >= vocabulary) {
            throw new IllegalArgumentException(
                    op + ": token " + batch.largestId() + " of a vocabulary of " + vocabulary);
        }
    }

    /** Rows of all tokens, and of those with a target. */
    static void targets(String op, DType activations, Tensor all, Tensor some, Batch batch) {
        type(op, activations, all);
        type(op, activations, some);
        require(all.rows() == batch.tokenCount() && some.rows() == batch.targetCount(), op, all, some);
        require(all.cols() == some.cols(), op, all, some);
    }

    /** The positions of a sequence's rows follow each other, and there is a page for each. */
    static void cached(String op, DType activations, Tensor qkv, KvPages cache, Batch batch, PageTables tables) {
        shape(op, activations, qkv, batch.tokenCount(), cache.heads().allCols());
        for (int s = 0; s < batch.sequenceCount(); s++) {
            int first = batch.position(batch.start(s));
            for (int i = 1; i < batch.length(s); i++) {
                if (batch.position(batch.start(s) + i) != first + i) {
                    throw new IllegalArgumentException(op + ": the positions of sequence " + s + " have gaps");
                }
            }
            int pages = KvPages.count(first + batch.length(s));
            if (s >= tables.sequences() || pages > tables.count(s)) {
                throw new IllegalArgumentException(op + ": sequence " + s + " needs " + pages + " pages");
            }
            for (int i = 0; i < pages; i++) {
                page(op, activations, cache, tables.page(s, i));
            }
        }
    }

    private static void page(String op, DType activations, KvPages cache, int page) {
        if (page < 0 || page >= cache.pages()) {
            throw new IllegalArgumentException(op + ": page " + page + " of " + cache.pages() + " asked for");
        }
        type(op, activations, cache.slab(page));
    }

    /** Bytes of the elements of some tensors, of which any may be null. */
    static long bytes(Tensor... tensors) {
        long sum = 0;
        for (Tensor tensor : tensors) {
            sum += tensor == null ? 0 : tensor.elements() * tensor.dtype().bytes();
        }
        return sum;
    }

    /** Bytes of a weight, or 0 for null. */
    static long bytes(Weight w) {
        return w == null ? 0 : w.bytes();
    }

    /** Bytes of so many rows of a tensor. */
    static long bytesOfRows(Tensor tensor, long rows) {
        return rows * tensor.cols() * tensor.dtype().bytes();
    }

    /** Multiplications and additions of x (N, I) times w (O, I) transposed. */
    static long product(Tensor x, Weight w) {
        return product(x, w.rows(), w.cols());
    }

    /** The same, of the shape of w. */
    static long product(Tensor x, int rows, int cols) {
        return 2L * x.rows() * rows * cols;
    }
}
