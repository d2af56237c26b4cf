package candor.ops.cpu;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.Lora;
import candor.ops.PageTables;
import candor.tensor.DType;
import candor.tensor.Tensor;

/** What an operation demands of its arguments, checked once, before the first element is touched. */
final class Shapes {
    private Shapes() {}

    static void require(boolean holds, String op, Tensor... tensors) {
        if (!holds) {
            throw mismatch(op, tensors);
        }
    }

    static void require(boolean holds, String op, Tensor a, Tensor b) {
        if (!holds) {
            throw mismatch(op, a, b);
        }
    }

    private static IllegalArgumentException mismatch(String op, Tensor... tensors) {
        StringBuilder shapes = new StringBuilder();
        for (Tensor tensor : tensors) {
            shapes.append(shapes.isEmpty() ? "" : ", ").append(tensor == null ? "none" : tensor.shape());
        }
        return new IllegalArgumentException(op + ": shapes do not fit: " + shapes);
    }

    static void f32(String op, Tensor x) {
        if (x.dtype() != DType.F32) {
            throw new IllegalArgumentException(op + ": wants F32, got " + x.shape());
        }
    }

    static void same(String op, Tensor a, Tensor b) {
        f32(op, a);
        f32(op, b);
        require(a.rows() == b.rows() && a.cols() == b.cols(), op, a, b);
    }

    static void norm(String op, Tensor y, Tensor x, Tensor w, Tensor rstd) {
        same(op, y, x);
        f32(op, w);
        f32(op, rstd);
        require(w.rows() == 1 && rstd.rows() == x.rows(), op, w, rstd);
        require((long) w.cols() * rstd.cols() == x.cols(), op, w, x);
    }

    static void rope(String op, Tensor x, Tensor table, Batch batch) {
        f32(op, x);
        f32(op, table);
        require(x.rows() == batch.tokenCount() && x.cols() % table.cols() == 0, op, x, table);
        require(batch.longest() <= table.rows() && table.cols() % 2 == 0, op, x, table);
    }

    /** @param w (O, I), or null where only adapters are there */
    static void linear(String op, Tensor y, Tensor t, Tensor x, Tensor w, Lora lora, Batch batch) {
        f32(op, y);
        f32(op, x);
        require(y.rows() == batch.tokenCount() && x.rows() == batch.tokenCount(), op, y, x);
        require(w == null ? lora != null : y.cols() == w.rows() && x.cols() == w.cols(), op, y, x, w);
        if (lora != null) {
            f32(op, t);
            require(t.rows() == batch.tokenCount() && t.cols() == lora.paddedRank(), op, t, w);
        }
    }

    /** @param bias (1, O), or null */
    static void bias(String op, Tensor bias, Tensor y) {
        if (bias != null) {
            f32(op, bias);
            require(bias.rows() == 1 && bias.cols() == y.cols(), op, bias, y);
        }
    }

    /** Rows (1, O) and a residual (N, O), each of which may be null. */
    static void affine(String op, Tensor y, Tensor scale, Tensor bias, Tensor residual) {
        f32(op, y);
        for (Tensor row : new Tensor[] {scale, bias}) {
            if (row != null) {
                f32(op, row);
                require(row.rows() == 1 && row.cols() == y.cols(), op, y, row);
            }
        }
        if (residual != null) {
            same(op, y, residual);
        }
    }

    static void weightGradient(String op, Tensor dw, Tensor dy, Tensor x) {
        f32(op, dw);
        f32(op, dy);
        f32(op, x);
        require(dy.rows() == x.rows(), op, dy, x);
        require(dw.rows() == dy.cols() && dw.cols() == x.cols(), op, dw, dy);
    }

    static void attention(String op, Tensor o, Tensor lse, Tensor qkv, Heads heads, Batch batch) {
        f32(op, o);
        f32(op, lse);
        f32(op, qkv);
        int n = batch.tokenCount();
        require(o.rows() == n && o.cols() == heads.queryCols(), op, o, qkv);
        require(lse.rows() == n && lse.cols() == heads.query(), op, lse, qkv);
        require(qkv.rows() == n && qkv.cols() == heads.allCols(), op, o, qkv);
    }

    /** The positions of a sequence's rows follow each other, and there is a page for each. */
    static void cached(String op, Tensor qkv, KvPages cache, Batch batch, PageTables tables) {
        f32(op, qkv);
        if (qkv.rows() != batch.tokenCount() || qkv.cols() != cache.heads().allCols()) {
            throw mismatch(op, qkv);
        }
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
                if (tables.page(s, i) < 0 || tables.page(s, i) >= cache.pages()) {
                    throw new IllegalArgumentException(
                            op + ": page " + tables.page(s, i) + " of " + cache.pages() + " asked for");
                }
                f32(op, cache.slab(tables.page(s, i)));
            }
        }
    }

    static void gated(String op, Tensor y, Tensor gateUp) {
        f32(op, y);
        f32(op, gateUp);
        require(y.rows() == gateUp.rows() && 2 * y.cols() == gateUp.cols(), op, y, gateUp);
    }

    static void targets(String op, Tensor all, Tensor some, Batch batch) {
        f32(op, all);
        f32(op, some);
        require(all.rows() == batch.tokenCount() && some.rows() == batch.targetCount(), op, all, some);
        require(all.cols() == some.cols(), op, all, some);
    }

    static void logProb(String op, Tensor logp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        f32(op, logp);
        f32(op, lse);
        f32(op, x);
        int t = batch.targetCount();
        require(logp.rows() == t && logp.cols() == 1, op, logp, x);
        require(lse.rows() == t && lse.cols() == 1, op, lse, x);
        require(x.rows() == t && x.cols() == head.cols(), op, x, head);
        if (logits != null) {
            f32(op, logits);
            require(logits.rows() == t && logits.cols() == head.rows(), op, logits, head);
        }
    }
}
