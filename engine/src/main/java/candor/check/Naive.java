package candor.check;

import candor.ops.AdamWStep;
import candor.ops.Batch;
import candor.ops.DropoutRates;
import candor.ops.EightBitRow;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.Lora;
import candor.ops.Ops;
import candor.ops.PageTables;
import candor.ops.Write;
import candor.ops.op.Accumulate;
import candor.ops.op.AdamW;
import candor.ops.op.AdamW8bit;
import candor.ops.op.Affine;
import candor.ops.op.Attention;
import candor.ops.op.AttentionBackward;
import candor.ops.op.AttentionCached;
import candor.ops.op.CacheWrite;
import candor.ops.op.Dropout;
import candor.ops.op.Embed;
import candor.ops.op.EmbedBackward;
import candor.ops.op.GatherTargets;
import candor.ops.op.GeGlu;
import candor.ops.op.GeGluBackward;
import candor.ops.op.Linear;
import candor.ops.op.LinearBackward;
import candor.ops.op.LinearBiasGradient;
import candor.ops.op.LinearWeightGradient;
import candor.ops.op.Linears;
import candor.ops.op.LinearsBackward;
import candor.ops.op.LogProb;
import candor.ops.op.LogProbBackward;
import candor.ops.op.LogProbHeadGradient;
import candor.ops.op.Logits;
import candor.ops.op.Op;
import candor.ops.op.RmsNorm;
import candor.ops.op.RmsNormBackward;
import candor.ops.op.RmsNormWeightGradient;
import candor.ops.op.Rope;
import candor.ops.op.RopeBackward;
import candor.ops.op.SampleTokens;
import candor.ops.op.ScatterTargets;
import candor.ops.op.SumOfSquares;
import candor.ops.op.SwiGlu;
import candor.ops.op.SwiGluBackward;
import candor.ops.op.Zero;
import candor.ops.weight.DynamicMap;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * The yardstick: the same loops as {@link Reference} in float32, every result rounded, every sum from first to last. A quick
 * implementation may be twice as far from the truth as this one, no further.
 *
 * <p>Where activations are of a shorter type, what a plain implementation hands from one matrix product to the next is rounded
 * to it: weights of adapters, their narrow products, attention's weights, and the gradients of scores and logits. Sums
 * stay float32. Where operands of products alone are of a shorter type, all of them are rounded as they are multiplied, and nothing
 * else is.
 *
 * <p>It is also a whole, slow implementation, good enough for tiny models and to compare speed against.
 */
public class Naive implements Ops {
    /** √(2/π) and the weight of the cube, of gelu's tanh form. */
    private static final float ROOT = (float) Math.sqrt(2 / Math.PI);

    private static final float CUBE = 0.044715f;

    private final DType type;
    private final DType products;

    public Naive() {
        this(DType.F32, DType.F32);
    }

    /**
     * @param type of activations
     * @param products what operands of products are rounded to
     */
    public Naive(DType type, DType products) {
        this.type = type;
        this.products = products;
    }

    final DType type() {
        return type;
    }

    final DType products() {
        return products;
    }

    /** A value as a tensor of activations would hold it. */
    private float rounded(float value) {
        return type == DType.F32 ? value : (float) Arg.round(type, value);
    }

    private float[] rounded(float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] = rounded(values[i]);
        }
        return values;
    }

    /** A value as a product multiplies with it. */
    private float operand(float value) {
        return products == DType.F32 ? value : (float) Arg.round(products, value);
    }

    private float[] operands(float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] = operand(values[i]);
        }
        return values;
    }

    private float[][] operands(Tensor from) {
        float[][] rows = Floats.rows(from);
        for (float[] row : rows) {
            operands(row);
        }
        return rows;
    }

    /** An adapter's factor for the product that s comes into: before it is rounded, where rounding is of operands alone. */
    private float[][] narrow(Tensor factor, float scale) {
        if (type == products) {
            return operands(factor);
        }
        float[][] rows = Floats.rows(factor);
        for (float[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                row[i] = operand(scale * row[i]);
            }
        }
        return rows;
    }

    /** s, where {@link #narrow} has left it out. */
    private float outer(float scale) {
        return type == products ? scale : 1;
    }

    @Override
    public void run(Op op) {
        switch (op) {
            case Embed o -> embed(o);
            case RmsNorm o -> rmsNorm(o);
            case RmsNormBackward o -> rmsNormBackward(o);
            case Rope o -> rope(o);
            case RopeBackward o -> ropeBackward(o);
            case Dropout o -> dropout(o);
            case Linear o -> linear(o);
            case Linears o -> linears(o);
            case LinearsBackward o -> linearsBackward(o);
            case LinearBackward o -> linearBackward(o);
            case Affine o -> affine(o);
            case Attention o -> attention(o);
            case AttentionBackward o -> attentionBackward(o);
            case CacheWrite o -> cacheWrite(o);
            case AttentionCached o -> attentionCached(o);
            case GeGlu o -> geGlu(o);
            case GeGluBackward o -> geGluBackward(o);
            case SwiGlu o -> swiGlu(o);
            case SwiGluBackward o -> swiGluBackward(o);
            case GatherTargets o -> gatherTargets(o);
            case ScatterTargets o -> scatterTargets(o);
            case Logits o -> logits(o);
            case SampleTokens o -> PlainSampling.run(o);
            case LogProb o -> logProb(o);
            case LogProbBackward o -> logProbBackward(o);
            case LinearWeightGradient o -> linearWeightGradient(o);
            case LinearBiasGradient o -> linearBiasGradient(o);
            case RmsNormWeightGradient o -> rmsNormWeightGradient(o);
            case EmbedBackward o -> embedBackward(o);
            case LogProbHeadGradient o -> logProbHeadGradient(o);
            case Zero o -> zero(o);
            case Accumulate o -> accumulate(o);
            case SumOfSquares o -> sumOfSquares(o);
            case AdamW o -> adamW(o);
            case AdamW8bit o -> adamW8bit(o);
        }
    }

    private void embed(Embed op) {
        for (int n = 0; n < op.batch().tokenCount(); n++) {
            Floats.put(op.x(), n, Floats.row(op.table(), op.batch().token(n)));
        }
    }

    private void rmsNorm(RmsNorm op) {
        int width = op.w().cols();
        float[] weight = Floats.row(op.w(), 0);
        for (int n = 0; n < op.x().rows(); n++) {
            float[] row = Floats.row(op.x(), n);
            float[] r = new float[op.rstd().cols()];
            for (int g = 0; g < r.length; g++) {
                float mean = dot(row, g * width, row, g * width, width) / width;
                r[g] = 1 / (float) Math.sqrt(mean + op.eps());
                for (int d = 0; d < width; d++) {
                    row[g * width + d] = row[g * width + d] * r[g] * weight[d];
                }
            }
            Floats.put(op.rstd(), n, r);
            Floats.put(op.y(), n, row);
        }
    }

    private void rmsNormBackward(RmsNormBackward op) {
        int width = op.w().cols();
        float[] weight = Floats.row(op.w(), 0);
        float[][] grad = Floats.rows(op.dy());
        for (int n = 0; n < grad.length; n++) {
            float[] row = Floats.row(op.x(), n);
            float[] r = Floats.row(op.rstd(), n);
            for (int g = 0; g < r.length; g++) {
                float sum = 0;
                for (int c = g * width; c < (g + 1) * width; c++) {
                    row[c] *= r[g];
                    grad[n][c] *= weight[c - g * width];
                    sum += grad[n][c] * row[c];
                }
                float mean = sum / width;
                for (int c = g * width; c < (g + 1) * width; c++) {
                    grad[n][c] = r[g] * (grad[n][c] - row[c] * mean);
                }
            }
        }
        write(op.dx(), grad, op.write());
    }

    private void rope(Rope op) {
        rotate(op.x(), op.table(), op.batch(), 1);
    }

    private void ropeBackward(RopeBackward op) {
        rotate(op.dx(), op.table(), op.batch(), -1);
    }

    private static void rotate(Tensor x, Tensor table, Batch batch, float direction) {
        int half = table.cols() / 2;
        for (int n = 0; n < x.rows(); n++) {
            float[] row = Floats.row(x, n);
            float[] angles = Floats.row(table, batch.position(n));
            for (int head = 0; head < row.length; head += 2 * half) {
                for (int d = head; d < head + half; d++) {
                    float cos = angles[d - head];
                    float sin = direction * angles[half + d - head];
                    float x1 = row[d];
                    float x2 = row[d + half];
                    row[d] = x1 * cos - x2 * sin;
                    row[d + half] = x2 * cos + x1 * sin;
                }
            }
            Floats.put(x, n, row);
        }
    }

    private void linear(Linear op) {
        Tensor y = op.y();
        float[][] in = operands(op.x());
        float[][] out = new float[y.rows()][y.cols()];
        for (int o = 0; op.w() != null && o < y.cols(); o++) {
            float[] weight = operands(Floats.row(op.w(), o));
            for (int n = 0; n < y.rows(); n++) {
                out[n][o] = rounded(dot(in[n], 0, weight, 0, weight.length));
            }
        }
        for (int n = 0; n < y.rows(); n++) {
            if (op.bias() != null) {
                rounded(addTo(out[n], 1, Floats.row(op.bias(), 0)));
            }
            if (op.residual() != null) {
                rounded(addTo(out[n], 1, Floats.row(op.residual(), n)));
            }
        }
        for (Batch.Run run : op.batch().runs()) {
            Lora.Factors factors = op.lora() == null ? null : op.lora().at(run.slot());
            if (factors == null) {
                continue;
            }
            float[][] a = narrow(factors.a(), factors.scale());
            float[][] b = operands(factors.b());
            for (int n = run.start(); n < run.end(); n++) {
                float[] down = new float[op.t().cols()];
                for (int r = 0; r < a.length; r++) {
                    down[r] = rounded(outer(factors.scale()) * dot(in[n], 0, a[r], 0, in[n].length));
                }
                Floats.put(op.t(), n, down);
                operands(down);
                for (int o = 0; o < b.length; o++) {
                    out[n][o] += rounded(dot(down, 0, b[o], 0, a.length));
                }
            }
        }
        Floats.put(y, out);
    }

    private void linears(Linears op) {
        for (int i = 0; i < op.parts().size(); i++) {
            linear(op.linear(i));
        }
        switch (op.then()) {
            case null -> {}
            case Rope rope -> rope(rope);
            case SwiGlu gated -> swiGlu(gated);
            case GeGlu gated -> geGlu(gated);
        }
    }

    private void linearsBackward(LinearsBackward op) {
        for (int i = op.parts().size() - 1; i >= 0; i--) {
            linearBackward(op.linear(i));
        }
    }

    private void dropout(Dropout op) {
        DropoutRates dropout = op.rates();
        Batch batch = op.batch();
        int[] words = new int[DropoutRates.GROUP];
        for (int s = 0; s < batch.sequenceCount(); s++) {
            int slot = batch.slot(s);
            for (int n = batch.start(s); dropout.drops(slot) && n < batch.start(s + 1); n++) {
                float[] row = Floats.row(op.x(), n);
                for (int i = 0; i < row.length; i++) {
                    dropout.words(words, batch.dropoutKey(s), batch.position(n), i / DropoutRates.GROUP);
                    boolean kept = DropoutRates.keeps(words[i % DropoutRates.GROUP], dropout.threshold(slot));
                    row[i] = kept ? rounded(row[i] * dropout.scale(slot)) : 0;
                }
                float[] sum = op.write() == Write.ADD ? Floats.row(op.y(), n) : new float[row.length];
                addTo(sum, 1, row);
                Floats.put(op.y(), n, sum);
            }
        }
    }

    private void linearBackward(LinearBackward op) {
        Tensor dx = op.dx();
        Weight w = op.w();
        float[][] out = operands(op.dy());
        float[][] in = new float[op.dy().rows()][w == null ? op.x().cols() : w.cols()];
        if (dx != null && w != null) {
            for (int o = 0; o < w.rows(); o++) {
                float[] weight = operands(Floats.row(w, o));
                for (int n = 0; n < out.length; n++) {
                    addTo(in[n], out[n][o], weight);
                }
            }
            for (float[] row : in) {
                rounded(row);
            }
        }
        for (Batch.Run run : op.batch().runs()) {
            Lora.Factors factors = op.lora() == null ? null : op.lora().at(run.slot());
            if (factors != null) {
                loraBackward(in, out, op.x(), op.t(), factors, run);
            }
        }
        if (dx != null) {
            write(dx, in, op.write());
        }
    }

    private void loraBackward(float[][] in, float[][] out, Tensor x, Tensor t, Lora.Factors factors, Batch.Run run) {
        float[][] a = operands(factors.a());
        float[][] b = narrow(factors.b(), factors.scale());
        float[][] da = new float[a.length][factors.a().cols()];
        float[][] db = new float[b.length][a.length];
        for (int n = run.start(); n < run.end(); n++) {
            float[] down = new float[a.length];
            for (int o = 0; o < b.length; o++) {
                addTo(down, out[n][o], b[o]);
            }
            for (int r = 0; r < a.length; r++) {
                down[r] = operand(rounded(outer(factors.scale()) * down[r]));
                addTo(in[n], down[r], a[r]);
            }
            if (factors.trained()) {
                float[] input = operands(Floats.row(x, n));
                float[] kept = operands(Floats.row(t, n));
                for (int r = 0; r < a.length; r++) {
                    addTo(da[r], down[r], input);
                }
                for (int o = 0; o < b.length; o++) {
                    addTo(db[o], out[n][o], kept);
                }
            }
        }
        if (factors.trained()) {
            Floats.add(factors.da(), da);
            Floats.add(factors.db(), db);
        }
    }

    private void attention(Attention op) {
        Heads heads = op.heads();
        Batch batch = op.batch();
        float[][] rows = operands(op.qkv());
        int width = heads.width();
        float scale = 1 / (float) Math.sqrt(width);
        for (int s = 0; s < batch.sequenceCount(); s++) {
            int start = batch.start(s);
            for (int i = start; i < batch.start(s + 1); i++) {
                int first = start + heads.first(i - start);
                float[] out = new float[op.o().cols()];
                float[] logSums = new float[heads.query()];
                for (int h = 0; h < heads.query(); h++) {
                    int key = heads.queryCols() + h / heads.group() * width;
                    int value = key + heads.keyCols();
                    float[] p = new float[i + 1 - first];
                    for (int j = 0; j < p.length; j++) {
                        p[j] = scale * dot(rows[i], h * width, rows[first + j], key, width);
                    }
                    float max = max(p);
                    float sum = exponentials(p, max);
                    logSums[h] = max + (float) Math.log(sum);
                    for (int j = 0; j < p.length; j++) {
                        for (int d = 0; d < width; d++) {
                            out[h * width + d] += operand(p[j] / sum) * rows[first + j][value + d];
                        }
                    }
                }
                Floats.put(op.o(), i, out);
                Floats.put(op.lse(), i, logSums);
            }
        }
    }

    private void attentionBackward(AttentionBackward op) {
        Tensor dqkv = op.dqkv();
        Heads heads = op.heads();
        Batch batch = op.batch();
        float[][] rows = operands(op.qkv());
        float[][] grad = operands(op.dout());
        float[][] result = new float[dqkv.rows()][dqkv.cols()];
        int width = heads.width();
        float scale = 1 / (float) Math.sqrt(width);
        for (int s = 0; s < batch.sequenceCount(); s++) {
            for (int i = batch.start(s); i < batch.start(s + 1); i++) {
                float[] out = Floats.row(op.o(), i);
                float[] slopes = Floats.row(op.dout(), i);
                float[] logSums = Floats.row(op.lse(), i);
                for (int h = 0; h < heads.query(); h++) {
                    int query = h * width;
                    int key = heads.queryCols() + h / heads.group() * width;
                    int value = key + heads.keyCols();
                    float rowSum = dot(slopes, query, out, query, width);
                    for (int j = batch.start(s) + heads.first(i - batch.start(s)); j <= i; j++) {
                        float p = exp(scale * dot(rows[i], query, rows[j], key, width) - logSums[h]);
                        float ds = operand(p * (dot(grad[i], query, rows[j], value, width) - rowSum) * scale);
                        for (int d = 0; d < width; d++) {
                            result[i][query + d] += ds * rows[j][key + d];
                            result[j][key + d] += ds * rows[i][query + d];
                            result[j][value + d] += operand(p) * grad[i][query + d];
                        }
                    }
                }
            }
        }
        Floats.put(dqkv, result);
    }

    private void cacheWrite(CacheWrite op) {
        KvPages cache = op.cache();
        Batch batch = op.batch();
        Heads heads = cache.heads();
        int width = heads.width();
        for (int s = 0; s < batch.sequenceCount(); s++) {
            for (int n = batch.start(s); n < batch.start(s + 1); n++) {
                float[] in = operands(Floats.row(op.qkv(), n));
                int page = op.tables().page(s, batch.position(n) / KvPages.TOKENS);
                int token = batch.position(n) % KvPages.TOKENS;
                for (int i = 0; i < heads.keyCols(); i++) {
                    int key = KvPages.keyCol(heads, i / width, token) + i % width * KvPages.TOKENS;
                    int value = KvPages.valueCol(heads, i / width, token) + i % width;
                    cache.slab(page).set(cache.row(page), key, in[heads.queryCols() + i]);
                    cache.slab(page).set(cache.row(page), value, in[heads.queryCols() + heads.keyCols() + i]);
                }
            }
        }
    }

    private void attentionCached(AttentionCached op) {
        Batch batch = op.batch();
        Heads heads = op.cache().heads();
        int width = heads.width();
        float scale = 1 / (float) Math.sqrt(width);
        for (int s = 0; s < batch.sequenceCount(); s++) {
            for (int n = batch.start(s); n < batch.start(s + 1); n++) {
                float[] in = operands(Floats.row(op.qkv(), n));
                float[][] pages = pages(op.cache(), op.tables(), s, batch.position(n) + 1);
                float[] out = new float[op.o().cols()];
                int first = heads.first(batch.position(n));
                for (int h = 0; h < heads.query(); h++) {
                    int keyHead = h / heads.group();
                    float[] p = new float[batch.position(n) + 1];
                    Arrays.fill(p, 0, first, Float.NEGATIVE_INFINITY);
                    for (int j = first; j < p.length; j++) {
                        int key = KvPages.keyCol(heads, keyHead, j % KvPages.TOKENS);
                        for (int d = 0; d < width; d++) {
                            p[j] += in[h * width + d] * pages[j / KvPages.TOKENS][key + d * KvPages.TOKENS];
                        }
                        p[j] *= scale;
                    }
                    float sum = exponentials(p, max(p));
                    for (int j = first; j < p.length; j++) {
                        int value = KvPages.valueCol(heads, keyHead, j % KvPages.TOKENS);
                        for (int d = 0; d < width; d++) {
                            out[h * width + d] += operand(p[j] / sum) * pages[j / KvPages.TOKENS][value + d];
                        }
                    }
                }
                Floats.put(op.o(), n, out);
            }
        }
    }

    /** The pages of a sequence's first positions. */
    private float[][] pages(KvPages cache, PageTables tables, int sequence, int positions) {
        float[][] pages = new float[KvPages.count(positions)][];
        for (int i = 0; i < pages.length; i++) {
            int page = tables.page(sequence, i);
            pages[i] = operands(Floats.row(cache.slab(page), cache.row(page)));
        }
        return pages;
    }

    private void affine(Affine op) {
        Tensor y = op.y();
        for (int n = 0; n < y.rows(); n++) {
            float[] out = Floats.row(y, n);
            float[] factors = op.scale() == null ? null : Floats.row(op.scale(), 0);
            float[] shifts = op.bias() == null ? null : Floats.row(op.bias(), 0);
            float[] rest = op.residual() == null ? null : Floats.row(op.residual(), n);
            for (int o = 0; o < out.length; o++) {
                float value = factors == null ? out[o] : factors[o] * out[o];
                value = shifts == null ? value : value + shifts[o];
                out[o] = rest == null ? value : value + rest[o];
            }
            Floats.put(y, n, out);
        }
    }

    /** gelu(g) = g·σ(2z) with z = √(2/π)(g + 0.044715 g³). */
    private void geGlu(GeGlu op) {
        Tensor y = op.y();
        for (int n = 0; n < y.rows(); n++) {
            float[] in = Floats.row(op.gateUp(), n);
            float[] out = new float[y.cols()];
            for (int f = 0; f < out.length; f++) {
                out[f] = in[f] * sigmoid(2 * geluAngle(in[f])) * in[out.length + f];
            }
            Floats.put(y, n, out);
        }
    }

    private void geGluBackward(GeGluBackward op) {
        for (int n = 0; n < op.dy().rows(); n++) {
            float[] grad = Floats.row(op.dy(), n);
            float[] in = Floats.row(op.gateUp(), n);
            float[] result = new float[in.length];
            for (int f = 0; f < grad.length; f++) {
                float sigma = sigmoid(2 * geluAngle(in[f]));
                float slope = 2 * ROOT * (1 + 3 * CUBE * in[f] * in[f]);
                result[f] = grad[f] * in[grad.length + f] * sigma * (1 + in[f] * (1 - sigma) * slope);
                result[grad.length + f] = grad[f] * in[f] * sigma;
            }
            Floats.put(op.dGateUp(), n, result);
        }
    }

    private static float geluAngle(float g) {
        return ROOT * (g + CUBE * g * g * g);
    }

    private void swiGlu(SwiGlu op) {
        Tensor y = op.y();
        for (int n = 0; n < y.rows(); n++) {
            float[] in = Floats.row(op.gateUp(), n);
            float[] out = new float[y.cols()];
            for (int f = 0; f < out.length; f++) {
                out[f] = in[f] * sigmoid(in[f]) * in[out.length + f];
            }
            Floats.put(y, n, out);
        }
    }

    private void swiGluBackward(SwiGluBackward op) {
        for (int n = 0; n < op.dy().rows(); n++) {
            float[] grad = Floats.row(op.dy(), n);
            float[] in = Floats.row(op.gateUp(), n);
            float[] result = new float[in.length];
            for (int f = 0; f < grad.length; f++) {
                float sigma = sigmoid(in[f]);
                result[f] = grad[f] * in[grad.length + f] * sigma * (1 + in[f] * (1 - sigma));
                result[grad.length + f] = grad[f] * in[f] * sigma;
            }
            Floats.put(op.dGateUp(), n, result);
        }
    }

    private void gatherTargets(GatherTargets op) {
        for (int i = 0; i < op.batch().targetCount(); i++) {
            Floats.put(op.y(), i, Floats.row(op.x(), op.batch().targetRow(i)));
        }
    }

    private void scatterTargets(ScatterTargets op) {
        zero(op.dx());
        for (int i = 0; i < op.batch().targetCount(); i++) {
            Floats.put(op.dx(), op.batch().targetRow(i), Floats.row(op.dy(), i));
        }
    }

    private void logits(Logits op) {
        Floats.put(op.logits(), logits(op.x(), op.head()));
    }

    private void logProb(LogProb op) {
        float[][] rows = logits(op.x(), op.head());
        if (op.logits() != null) {
            Floats.put(op.logits(), rows);
        }
        for (int i = 0; i < rows.length; i++) {
            float target = rows[i][op.batch().target(op.batch().targetRow(i))];
            float max = max(rows[i]);
            float logSum = max + (float) Math.log(exponentials(rows[i], max));
            op.lse().set(i, 0, logSum);
            op.logp().set(i, 0, target - logSum);
        }
    }

    private void logProbBackward(LogProbBackward op) {
        Weight head = op.head();
        float[][] rows = op.logits() == null ? logits(op.x(), head) : Floats.rows(op.logits());
        float[][] result = new float[rows.length][op.dx().cols()];
        for (int v = 0; v < head.rows(); v++) {
            float[] weight = operands(Floats.row(head, v));
            for (int i = 0; i < rows.length; i++) {
                float hit = v == op.batch().target(op.batch().targetRow(i)) ? 1 : 0;
                float dlogit = operand((float) op.dlogp().get(i, 0)
                        * (hit - exp(rows[i][v] - (float) op.lse().get(i, 0))));
                addTo(result[i], dlogit, weight);
            }
        }
        Floats.put(op.dx(), result);
    }

    private float[][] logits(Tensor x, Weight head) {
        float[][] in = operands(x);
        float[][] logits = new float[in.length][head.rows()];
        for (int v = 0; v < head.rows(); v++) {
            float[] weight = operands(Floats.row(head, v));
            for (int i = 0; i < in.length; i++) {
                logits[i][v] = dot(in[i], 0, weight, 0, weight.length);
            }
        }
        return logits;
    }

    private void linearWeightGradient(LinearWeightGradient op) {
        Tensor dw = op.dw();
        float[][] grad = operands(op.dy());
        float[][] in = operands(op.x());
        for (int o = 0; o < dw.rows(); o++) {
            float[] sum = Floats.row(dw, o);
            for (int n = 0; n < in.length; n++) {
                addTo(sum, grad[n][o], in[n]);
            }
            Floats.put(dw, o, sum);
        }
    }

    private void linearBiasGradient(LinearBiasGradient op) {
        float[] sum = Floats.row(op.db(), 0);
        for (int n = 0; n < op.dy().rows(); n++) {
            addTo(sum, 1, Floats.row(op.dy(), n));
        }
        Floats.put(op.db(), 0, sum);
    }

    private void rmsNormWeightGradient(RmsNormWeightGradient op) {
        Tensor dw = op.dw();
        int width = dw.cols();
        float[] sum = Floats.row(dw, 0);
        for (int n = 0; n < op.x().rows(); n++) {
            float[] grad = Floats.row(op.dy(), n);
            float[] row = Floats.row(op.x(), n);
            float[] r = Floats.row(op.rstd(), n);
            for (int c = 0; c < row.length; c++) {
                sum[c % width] += grad[c] * (row[c] * r[c / width]);
            }
        }
        Floats.put(dw, 0, sum);
    }

    private void embedBackward(EmbedBackward op) {
        Batch batch = op.batch();
        for (int n = 0; n < batch.tokenCount(); n++) {
            float[] sum = Floats.row(op.dTable(), batch.token(n));
            addTo(sum, 1, Floats.row(op.dx(), n));
            Floats.put(op.dTable(), batch.token(n), sum);
        }
    }

    private void logProbHeadGradient(LogProbHeadGradient op) {
        Tensor dHead = op.dHead();
        float[][] rows = op.logits() == null ? logits(op.x(), op.head()) : Floats.rows(op.logits());
        float[][] in = operands(op.x());
        for (int v = 0; v < dHead.rows(); v++) {
            float[] sum = Floats.row(dHead, v);
            for (int i = 0; i < rows.length; i++) {
                float hit = v == op.batch().target(op.batch().targetRow(i)) ? 1 : 0;
                float dlogit = operand((float) op.dlogp().get(i, 0)
                        * (hit - exp(rows[i][v] - (float) op.lse().get(i, 0))));
                addTo(sum, dlogit, in[i]);
            }
            Floats.put(dHead, v, sum);
        }
    }

    private void zero(Zero op) {
        Tensor y = op.y();
        for (int n = 0; n < y.rows(); n++) {
            Floats.put(y, n, new float[y.cols()]);
        }
    }

    private void accumulate(Accumulate op) {
        for (int n = 0; n < op.y().rows(); n++) {
            float[] y = Floats.row(op.y(), n);
            float[] x = Floats.row(op.x(), n);
            for (int c = 0; c < y.length; c++) {
                y[c] += x[c];
            }
            Floats.put(op.y(), n, y);
        }
    }

    private void sumOfSquares(SumOfSquares op) {
        double sum = 0;
        for (int n = 0; n < op.x().rows(); n++) {
            for (float value : Floats.row(op.x(), n)) {
                sum += (double) value * value;
            }
        }
        op.sum()[0] = sum;
    }

    private void adamW8bit(AdamW8bit op) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor m = widened(arena, op.m(), DynamicMap.signed());
            Tensor v = widened(arena, op.v(), DynamicMap.unsigned());
            adamW(new AdamW(op.w(), op.g(), m, v, op.step()));
            narrow(op.m(), Floats.row(m, 0), DynamicMap.signed());
            narrow(op.v(), Floats.row(v, 0), DynamicMap.unsigned());
        }
    }

    private static Tensor widened(Arena arena, EightBitRow row, float[] map) {
        float[] values = Floats.row(row.codes(), 0);
        float[] largest = Floats.row(row.largest(), 0);
        for (int c = 0; c < values.length; c++) {
            values[c] = map[(int) values[c]] * largest[c / EightBitRow.BLOCK];
        }
        return Tensor.of(arena, 1, values.length, values);
    }

    private static void narrow(EightBitRow row, float[] values, float[] map) {
        float[] largest = new float[row.largest().cols()];
        for (int c = 0; c < values.length; c++) {
            int block = c / EightBitRow.BLOCK;
            largest[block] = Math.max(largest[block], Math.abs(values[c]));
        }
        for (int c = 0; c < values.length; c++) {
            float most = largest[c / EightBitRow.BLOCK];
            values[c] = DynamicMap.nearest(map, most == 0 ? 0 : values[c] / most);
        }
        Floats.put(row.codes(), 0, values);
        Floats.put(row.largest(), 0, largest);
    }

    private void adamW(AdamW op) {
        Tensor w = op.w();
        AdamWStep step = op.step();
        float beta1 = (float) step.beta1();
        float beta2 = (float) step.beta2();
        float rest1 = (float) (1 - step.beta1());
        float rest2 = (float) (1 - step.beta2());
        float shrink = (float) (1 - step.learningRate() * step.weightDecay());
        float rate = (float) (step.learningRate() / (1 - Math.pow(step.beta1(), step.step())));
        float unbias2 = (float) Math.sqrt(1 - Math.pow(step.beta2(), step.step()));
        for (int n = 0; n < w.rows(); n++) {
            float[] weights = Floats.row(w, n);
            float[] grads = Floats.row(op.g(), n);
            float[] first = Floats.row(op.m(), n);
            float[] second = Floats.row(op.v(), n);
            for (int c = 0; c < weights.length; c++) {
                float grad = grads[c] * (float) step.gradScale();
                first[c] = beta1 * first[c] + rest1 * grad;
                second[c] = beta2 * second[c] + rest2 * grad * grad;
                float root = (float) Math.sqrt(second[c]) / unbias2 + (float) step.epsilon();
                weights[c] = weights[c] * shrink - rate * first[c] / root;
            }
            Floats.put(w, n, weights);
            Floats.put(op.m(), n, first);
            Floats.put(op.v(), n, second);
        }
    }

    private static void write(Tensor to, float[][] values, Write write) {
        switch (write) {
            case SET -> Floats.put(to, values);
            case ADD -> Floats.add(to, values);
        }
    }

    /** sum += factor · x, over the length of sum. */
    private static float[] addTo(float[] sum, float factor, float[] x) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += factor * x[i];
        }
        return sum;
    }

    private static float dot(float[] x, int fromX, float[] y, int fromY, int length) {
        float sum = 0;
        for (int i = 0; i < length; i++) {
            sum += x[fromX + i] * y[fromY + i];
        }
        return sum;
    }

    private static float max(float[] x) {
        float max = Float.NEGATIVE_INFINITY;
        for (float value : x) {
            max = Math.max(max, value);
        }
        return max;
    }

    /** Makes each x exp(x − max) and gives their sum. */
    private static float exponentials(float[] x, float max) {
        float sum = 0;
        for (int i = 0; i < x.length; i++) {
            x[i] = exp(x[i] - max);
            sum += x[i];
        }
        return sum;
    }

    private static float exp(float x) {
        return (float) Math.exp(x);
    }

    private static float sigmoid(float x) {
        return 1 / (1 + exp(-x));
    }
}
