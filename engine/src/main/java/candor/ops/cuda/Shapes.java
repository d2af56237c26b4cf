package candor.ops.cuda;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.Lora;
import candor.ops.PageTables;
import candor.tensor.DType;
import candor.tensor.Tensor;

/** What an operation demands of its arguments, checked once, before a kernel could read behind them. */
final class Shapes {
    /** The widest head that the attention kernels take. */
    private static final int WIDEST_HEAD = 128;

    private Shapes() {}

    static void require(boolean holds, String op, Tensor... tensors) {
        if (!holds) {
            StringBuilder shapes = new StringBuilder();
            for (Tensor tensor : tensors) {
                shapes.append(shapes.isEmpty() ? "" : ", ").append(tensor == null ? "none" : tensor.shape());
            }
            throw new IllegalArgumentException(op + ": shapes do not fit: " + shapes);
        }
    }

    private static void type(String op, DType type, Tensor x) {
        if (x.dtype() != type) {
            throw new IllegalArgumentException(op + ": wants " + type + ", got " + x.shape());
        }
    }

    static void f32(String op, Tensor x) {
        type(op, DType.F32, x);
    }

    static void bf16(String op, Tensor x) {
        type(op, DType.BF16, x);
    }

    /** A tensor of one shape and type. */
    static void shape(String op, DType type, Tensor x, int rows, int cols) {
        type(op, type, x);
        require(x.rows() == rows && x.cols() == cols, op, x);
    }

    static void same(String op, Tensor a, Tensor b) {
        type(op, a.dtype(), b);
        require(a.rows() == b.rows() && a.cols() == b.cols(), op, a, b);
    }

    static void dense(String op, Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (tensor != null) {
                f32(op, tensor);
                require(tensor.rows() == 1, op, tensor);
            }
        }
    }

    static void norm(String op, Tensor y, Tensor x, Tensor w, Tensor rstd) {
        bf16(op, x);
        same(op, x, y);
        dense(op, w);
        f32(op, rstd);
        require(rstd.rows() == x.rows() && (long) w.cols() * rstd.cols() == x.cols(), op, w, rstd, x);
    }

    static void rope(String op, Tensor x, Tensor table, Batch batch) {
        bf16(op, x);
        f32(op, table);
        require(x.rows() == batch.tokenCount() && x.cols() % table.cols() == 0, op, x, table);
        require(batch.longest() <= table.rows() && table.cols() % 2 == 0, op, x, table);
    }

    /** @param w (O, I), or null where only adapters are there */
    static void linear(String op, Tensor y, Tensor t, Tensor x, Tensor w, Lora lora, Batch batch) {
        shape(op, DType.BF16, y, batch.tokenCount(), y.cols());
        shape(op, DType.BF16, x, batch.tokenCount(), x.cols());
        require(w != null || lora != null, op, y, x, w);
        if (w != null) {
            bf16(op, w);
            require(y.cols() == w.rows() && x.cols() == w.cols(), op, y, x, w);
        }
        if (lora != null) {
            shape(op, DType.BF16, t, batch.tokenCount(), lora.paddedRank());
            for (Batch.Run run : batch.runs()) {
                Lora.Factors factors = lora.at(run.slot());
                if (factors != null) {
                    factors(op, factors, y, x);
                }
            }
        }
    }

    private static void factors(String op, Lora.Factors factors, Tensor y, Tensor x) {
        shape(op, DType.F32, factors.a(), factors.rank(), x.cols());
        shape(op, DType.F32, factors.b(), y.cols(), factors.rank());
        if (factors.trained()) {
            same(op, factors.a(), factors.da());
            same(op, factors.b(), factors.db());
        }
    }

    static void attention(String op, Tensor o, Tensor lse, Tensor qkv, Heads heads, Batch batch) {
        width(op, heads);
        int n = batch.tokenCount();
        shape(op, DType.BF16, o, n, heads.queryCols());
        shape(op, DType.F32, lse, n, heads.query());
        shape(op, DType.BF16, qkv, n, heads.allCols());
    }

    private static void width(String op, Heads heads) {
        if (heads.width() % 8 != 0 || heads.width() > WIDEST_HEAD) {
            throw new UnsupportedOperationException(op + ": heads of width " + heads.width()
                    + "; the CUDA kernels take multiples of 8 up to " + WIDEST_HEAD);
        }
    }

    /** The positions of a sequence's rows follow each other, and there is a page for each. */
    static void cached(String op, Tensor qkv, KvPages cache, Batch batch, PageTables tables) {
        width(op, cache.heads());
        shape(op, DType.BF16, qkv, batch.tokenCount(), cache.heads().allCols());
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
                page(op, cache, tables.page(s, i));
            }
        }
    }

    private static void page(String op, KvPages cache, int page) {
        if (page < 0 || page >= cache.pages()) {
            throw new IllegalArgumentException(op + ": page " + page + " of " + cache.pages() + " asked for");
        }
        bf16(op, cache.slab(page));
        require(cache.slab(page).stride() == cache.slab(0).stride(), op, cache.slab(page), cache.slab(0));
    }

    static void gated(String op, Tensor y, Tensor gateUp) {
        bf16(op, y);
        bf16(op, gateUp);
        require(y.rows() == gateUp.rows() && 2 * y.cols() == gateUp.cols(), op, y, gateUp);
    }

    static void targets(String op, Tensor all, Tensor some, Batch batch) {
        bf16(op, all);
        bf16(op, some);
        require(all.rows() == batch.tokenCount() && some.rows() == batch.targetCount(), op, all, some);
        require(all.cols() == some.cols(), op, all, some);
    }

    static void logProb(String op, Tensor logp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        int t = batch.targetCount();
        bf16(op, head);
        shape(op, DType.F32, logp, t, 1);
        shape(op, DType.F32, lse, t, 1);
        shape(op, DType.BF16, x, t, head.cols());
        if (logits != null) {
            shape(op, DType.F32, logits, t, head.rows());
        }
    }
}
