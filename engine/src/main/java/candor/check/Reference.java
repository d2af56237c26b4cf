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
import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * The truth that every backend is judged by: the equations of {@link Ops} as plain loops in double precision.
 *
 * <p>Reads tensors of any type. Give it {@link candor.tensor.DType#F64} outputs and nothing is rounded below double
 * precision. Its backward passes are held against finite differences of its forward passes in the tests.
 */
public final class Reference implements Ops {
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
            for (int c = 0; c < op.x().cols(); c++) {
                op.x().set(n, c, StoredWeight.of(op.table()).get(op.batch().token(n), c));
            }
        }
    }

    /** rstd = 1/√(mean(x²) + eps); y = x · rstd · w. */
    private void rmsNorm(RmsNorm op) {
        Tensor x = op.x();
        int width = op.w().cols();
        for (int n = 0; n < x.rows(); n++) {
            for (int g = 0; g < op.rstd().cols(); g++) {
                double squares = 0;
                for (int d = 0; d < width; d++) {
                    double value = x.get(n, g * width + d);
                    squares += value * value;
                }
                double r = 1 / Math.sqrt(squares / width + op.eps());
                op.rstd().set(n, g, r);
                for (int d = 0; d < width; d++) {
                    op.y()
                            .set(
                                    n,
                                    g * width + d,
                                    x.get(n, g * width + d) * r * op.w().get(0, d));
                }
            }
        }
    }

    /** dx (+)= rstd · (w·dy − x̂ · mean(w·dy·x̂)), x̂ = x · rstd. */
    private void rmsNormBackward(RmsNormBackward op) {
        Tensor x = op.x();
        Tensor w = op.w();
        int width = w.cols();
        for (int n = 0; n < x.rows(); n++) {
            for (int g = 0; g < op.rstd().cols(); g++) {
                double r = op.rstd().get(n, g);
                double mean = 0;
                for (int d = 0; d < width; d++) {
                    int c = g * width + d;
                    mean += w.get(0, d) * op.dy().get(n, c) * x.get(n, c) * r / width;
                }
                for (int d = 0; d < width; d++) {
                    int c = g * width + d;
                    put(op.dx(), n, c, r * (w.get(0, d) * op.dy().get(n, c) - x.get(n, c) * r * mean), op.write());
                }
            }
        }
    }

    /** (x₁, x₂) → (x₁c − x₂s, x₂c + x₁s). */
    private void rope(Rope op) {
        rotate(op.x(), op.table(), op.batch(), 1);
    }

    /** (x₁, x₂) → (x₁c + x₂s, x₂c − x₁s). */
    private void ropeBackward(RopeBackward op) {
        rotate(op.dx(), op.table(), op.batch(), -1);
    }

    private static void rotate(Tensor x, Tensor table, Batch batch, int direction) {
        int width = table.cols();
        int half = width / 2;
        for (int n = 0; n < x.rows(); n++) {
            for (int head = 0; head < x.cols(); head += width) {
                for (int d = 0; d < half; d++) {
                    double cos = table.get(batch.position(n), d);
                    double sin = direction * table.get(batch.position(n), half + d);
                    double x1 = x.get(n, head + d);
                    double x2 = x.get(n, head + half + d);
                    x.set(n, head + d, x1 * cos - x2 * sin);
                    x.set(n, head + half + d, x2 * cos + x1 * sin);
                }
            }
        }
    }

    /** t = s · x aᵀ, by slot; y = x wᵀ + bias + residual + t bᵀ. */
    private void linear(Linear op) {
        Tensor y = op.y();
        Tensor t = op.t();
        double[][] in = values(op.x());
        double[][] weight = op.w() == null ? null : values(op.w());
        double[][] out = new double[y.rows()][y.cols()];
        for (int n = 0; n < y.rows(); n++) {
            for (int o = 0; o < y.cols(); o++) {
                out[n][o] = (weight == null ? 0 : dot(in[n], weight[o]))
                        + (op.bias() == null ? 0 : op.bias().get(0, o))
                        + (op.residual() == null ? 0 : op.residual().get(n, o));
            }
        }
        for (Batch.Run run : op.batch().runs()) {
            Lora.Factors factors = op.lora() == null ? null : op.lora().at(run.slot());
            if (factors == null) {
                continue;
            }
            double[][] a = values(factors.a());
            double[][] b = values(factors.b());
            for (int n = run.start(); n < run.end(); n++) {
                double[] down = new double[t.cols()];
                for (int r = 0; r < factors.rank(); r++) {
                    down[r] = factors.scale() * dot(in[n], a[r]);
                }
                for (int r = 0; r < t.cols(); r++) {
                    t.set(n, r, down[r]);
                }
                for (int o = 0; o < y.cols(); o++) {
                    out[n][o] += dot(down, 0, b[o], 0, factors.rank());
                }
            }
        }
        for (int n = 0; n < y.rows(); n++) {
            for (int o = 0; o < y.cols(); o++) {
                y.set(n, o, out[n][o]);
            }
        }
    }

    /** dt = s · dy b; dx (+)= dy w + dt a; da += dtᵀ x; db += dyᵀ t. */
    private void linearBackward(LinearBackward op) {
        Tensor dx = op.dx();
        Tensor dy = op.dy();
        Tensor x = op.x();
        Weight w = op.w();
        double[][] out = values(dy);
        double[][] in = new double[dy.rows()][w == null ? x.cols() : w.cols()];
        if (dx != null && w != null) {
            addProduct(in, out, values(w), 0, dy.rows());
        }
        for (Batch.Run run : op.batch().runs()) {
            Lora.Factors factors = op.lora() == null ? null : op.lora().at(run.slot());
            if (factors == null) {
                continue;
            }
            double[][] a = values(factors.a());
            double[][] b = values(factors.b());
            double[][] down = new double[dy.rows()][factors.rank()];
            addProduct(down, out, b, run.start(), run.end());
            for (double[] row : down) {
                for (int r = 0; r < row.length; r++) {
                    row[r] *= factors.scale();
                }
            }
            addProduct(in, down, a, run.start(), run.end());
            if (factors.trained()) {
                for (int n = run.start(); n < run.end(); n++) {
                    for (int r = 0; r < factors.rank(); r++) {
                        for (int i = 0; i < x.cols(); i++) {
                            put(factors.da(), r, i, down[n][r] * x.get(n, i), Write.ADD);
                        }
                        for (int o = 0; o < dy.cols(); o++) {
                            put(factors.db(), o, r, out[n][o] * op.t().get(n, r), Write.ADD);
                        }
                    }
                }
            }
        }
        if (dx != null) {
            for (int n = 0; n < dx.rows(); n++) {
                for (int i = 0; i < dx.cols(); i++) {
                    put(dx, n, i, in[n][i], op.write());
                }
            }
        }
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

    /** y (+)= x/(1 − rate) where the element is kept, and 0 where it is not. */
    private void dropout(Dropout op) {
        DropoutRates dropout = op.rates();
        Batch batch = op.batch();
        int[] words = new int[DropoutRates.GROUP];
        for (int s = 0; s < batch.sequenceCount(); s++) {
            int slot = batch.slot(s);
            if (!dropout.drops(slot)) {
                continue;
            }
            for (int n = batch.start(s); n < batch.start(s + 1); n++) {
                for (int i = 0; i < op.x().cols(); i++) {
                    dropout.words(words, batch.dropoutKey(s), batch.position(n), i / DropoutRates.GROUP);
                    boolean kept = DropoutRates.keeps(words[i % DropoutRates.GROUP], dropout.threshold(slot));
                    put(op.y(), n, i, kept ? op.x().get(n, i) / (1 - dropout.rate(slot)) : 0, op.write());
                }
            }
        }
    }

    /** s = q·k/√D for every key in the window, up to the query's own; lse = log Σ exp s; o = Σ exp(s − lse) v. */
    private void attention(Attention op) {
        Heads heads = op.heads();
        Batch batch = op.batch();
        double[][] rows = values(op.qkv());
        int width = heads.width();
        for (int s = 0; s < batch.sequenceCount(); s++) {
            for (int h = 0; h < heads.query(); h++) {
                int key = heads.queryCols() + h / heads.group() * width;
                int value = key + heads.keyCols();
                for (int i = batch.start(s); i < batch.start(s + 1); i++) {
                    int first = batch.start(s) + heads.first(i - batch.start(s));
                    double[] scores = new double[i + 1 - first];
                    for (int j = 0; j < scores.length; j++) {
                        scores[j] = dot(rows[i], h * width, rows[first + j], key, width) / Math.sqrt(width);
                    }
                    double logSum = logSumExp(scores);
                    op.lse().set(i, h, logSum);
                    for (int d = 0; d < width; d++) {
                        double sum = 0;
                        for (int j = 0; j < scores.length; j++) {
                            sum += Math.exp(scores[j] - logSum) * rows[first + j][value + d];
                        }
                        op.o().set(i, h * width + d, sum);
                    }
                }
            }
        }
    }

    /** P = exp(S − lse); dV = Pᵀ dO; dS = P ∘ (dO Vᵀ − rowsum(dO ∘ O)); dQ = dS K/√D; dK = dSᵀ Q/√D. */
    private void attentionBackward(AttentionBackward op) {
        Tensor dqkv = op.dqkv();
        Heads heads = op.heads();
        Batch batch = op.batch();
        double[][] rows = values(op.qkv());
        double[][] grad = values(op.dout());
        double[][] out = values(op.o());
        double[][] result = new double[dqkv.rows()][dqkv.cols()];
        int width = heads.width();
        double scale = 1 / Math.sqrt(width);
        for (int s = 0; s < batch.sequenceCount(); s++) {
            for (int h = 0; h < heads.query(); h++) {
                int query = h * width;
                int key = heads.queryCols() + h / heads.group() * width;
                int value = key + heads.keyCols();
                for (int i = batch.start(s); i < batch.start(s + 1); i++) {
                    double rowSum = dot(grad[i], query, out[i], query, width);
                    for (int j = batch.start(s) + heads.first(i - batch.start(s)); j <= i; j++) {
                        double p = Math.exp(dot(rows[i], query, rows[j], key, width) * scale
                                - op.lse().get(i, h));
                        double ds = p * (dot(grad[i], query, rows[j], value, width) - rowSum);
                        for (int d = 0; d < width; d++) {
                            result[i][query + d] += ds * rows[j][key + d] * scale;
                            result[j][key + d] += ds * rows[i][query + d] * scale;
                            result[j][value + d] += p * grad[i][query + d];
                        }
                    }
                }
            }
        }
        for (int n = 0; n < dqkv.rows(); n++) {
            for (int c = 0; c < dqkv.cols(); c++) {
                dqkv.set(n, c, result[n][c]);
            }
        }
    }

    private void cacheWrite(CacheWrite op) {
        KvPages cache = op.cache();
        Batch batch = op.batch();
        Heads heads = cache.heads();
        for (int s = 0; s < batch.sequenceCount(); s++) {
            for (int n = batch.start(s); n < batch.start(s + 1); n++) {
                int page = op.tables().page(s, batch.position(n) / KvPages.TOKENS);
                int token = batch.position(n) % KvPages.TOKENS;
                for (int h = 0; h < heads.key(); h++) {
                    for (int d = 0; d < heads.width(); d++) {
                        int keyCol = KvPages.keyCol(heads, h, token) + d * KvPages.TOKENS;
                        int valueCol = KvPages.valueCol(heads, h, token) + d;
                        int from = heads.queryCols() + h * heads.width() + d;
                        cache.slab(page).set(cache.row(page), keyCol, op.qkv().get(n, from));
                        cache.slab(page).set(cache.row(page), valueCol, op.qkv().get(n, from + heads.keyCols()));
                    }
                }
            }
        }
    }

    /** As {@link #attention}, with keys and values where {@link #cacheWrite} puts them. */
    private void attentionCached(AttentionCached op) {
        KvPages cache = op.cache();
        Batch batch = op.batch();
        PageTables tables = op.tables();
        Heads heads = cache.heads();
        int width = heads.width();
        for (int s = 0; s < batch.sequenceCount(); s++) {
            for (int n = batch.start(s); n < batch.start(s + 1); n++) {
                for (int h = 0; h < heads.query(); h++) {
                    int keyHead = h / heads.group();
                    int first = heads.first(batch.position(n));
                    double[] scores = new double[batch.position(n) + 1];
                    Arrays.fill(scores, 0, first, Double.NEGATIVE_INFINITY);
                    for (int j = first; j < scores.length; j++) {
                        Tensor slab = cache.slab(tables.page(s, j / KvPages.TOKENS));
                        int row = cache.row(tables.page(s, j / KvPages.TOKENS));
                        int key = KvPages.keyCol(heads, keyHead, j % KvPages.TOKENS);
                        for (int d = 0; d < width; d++) {
                            scores[j] += op.qkv().get(n, h * width + d)
                                    * slab.get(row, key + d * KvPages.TOKENS)
                                    / Math.sqrt(width);
                        }
                    }
                    double logSum = logSumExp(scores);
                    for (int d = 0; d < width; d++) {
                        double sum = 0;
                        for (int j = first; j < scores.length; j++) {
                            Tensor slab = cache.slab(tables.page(s, j / KvPages.TOKENS));
                            int row = cache.row(tables.page(s, j / KvPages.TOKENS));
                            int value = KvPages.valueCol(heads, keyHead, j % KvPages.TOKENS);
                            sum += Math.exp(scores[j] - logSum) * slab.get(row, value + d);
                        }
                        op.o().set(n, h * width + d, sum);
                    }
                }
            }
        }
    }

    /** y = scale · y + bias + residual. */
    private void affine(Affine op) {
        Tensor y = op.y();
        for (int n = 0; n < y.rows(); n++) {
            for (int o = 0; o < y.cols(); o++) {
                double value =
                        y.get(n, o) * (op.scale() == null ? 1 : op.scale().get(0, o));
                value += op.bias() == null ? 0 : op.bias().get(0, o);
                value += op.residual() == null ? 0 : op.residual().get(n, o);
                y.set(n, o, value);
            }
        }
    }

    /** y = ½g(1 + tanh z) · up with z = √(2/π)(g + 0.044715 g³). */
    private void geGlu(GeGlu op) {
        Tensor y = op.y();
        for (int n = 0; n < y.rows(); n++) {
            for (int f = 0; f < y.cols(); f++) {
                double gate = op.gateUp().get(n, f);
                y.set(
                        n,
                        f,
                        gate
                                / 2
                                * (1 + Math.tanh(geluAngle(gate)))
                                * op.gateUp().get(n, y.cols() + f));
            }
        }
    }

    /** dgate = dy · up · ½(1 + tanh z + g(1 − tanh² z)z′); dup = dy · ½g(1 + tanh z). */
    private void geGluBackward(GeGluBackward op) {
        Tensor dy = op.dy();
        int width = dy.cols();
        for (int n = 0; n < dy.rows(); n++) {
            for (int f = 0; f < width; f++) {
                double gate = op.gateUp().get(n, f);
                double up = op.gateUp().get(n, width + f);
                double tanh = Math.tanh(geluAngle(gate));
                double slope = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * gate * gate);
                op.dGateUp().set(n, f, dy.get(n, f) * up * (1 + tanh + gate * (1 - tanh * tanh) * slope) / 2);
                op.dGateUp().set(n, width + f, dy.get(n, f) * gate * (1 + tanh) / 2);
            }
        }
    }

    private static double geluAngle(double g) {
        return Math.sqrt(2 / Math.PI) * (g + 0.044715 * g * g * g);
    }

    /** y = gate · σ(gate) · up. */
    private void swiGlu(SwiGlu op) {
        Tensor y = op.y();
        for (int n = 0; n < y.rows(); n++) {
            for (int f = 0; f < y.cols(); f++) {
                double gate = op.gateUp().get(n, f);
                y.set(n, f, gate * sigmoid(gate) * op.gateUp().get(n, y.cols() + f));
            }
        }
    }

    /** dgate = dy·up·σ(1 + gate(1 − σ)), dup = dy·gate·σ. */
    private void swiGluBackward(SwiGluBackward op) {
        Tensor dy = op.dy();
        int width = dy.cols();
        for (int n = 0; n < dy.rows(); n++) {
            for (int f = 0; f < width; f++) {
                double gate = op.gateUp().get(n, f);
                double up = op.gateUp().get(n, width + f);
                double sigma = sigmoid(gate);
                op.dGateUp().set(n, f, dy.get(n, f) * up * sigma * (1 + gate * (1 - sigma)));
                op.dGateUp().set(n, width + f, dy.get(n, f) * gate * sigma);
            }
        }
    }

    private void gatherTargets(GatherTargets op) {
        for (int i = 0; i < op.batch().targetCount(); i++) {
            for (int c = 0; c < op.y().cols(); c++) {
                op.y().set(i, c, op.x().get(op.batch().targetRow(i), c));
            }
        }
    }

    private void scatterTargets(ScatterTargets op) {
        Tensor dx = op.dx();
        zero(dx);
        for (int i = 0; i < op.batch().targetCount(); i++) {
            for (int c = 0; c < dx.cols(); c++) {
                dx.set(op.batch().targetRow(i), c, op.dy().get(i, c));
            }
        }
    }

    /** logit_v = x·head_v. */
    private void logits(Logits op) {
        double[][] in = values(op.x());
        double[][] weight = values(op.head());
        for (int i = 0; i < in.length; i++) {
            for (int v = 0; v < weight.length; v++) {
                op.logits().set(i, v, dot(in[i], weight[v]));
            }
        }
    }

    /** logit_v = x·head_v; lse = log Σ exp(logit); logp = logit_target − lse. */
    private void logProb(LogProb op) {
        Batch batch = op.batch();
        double[][] in = values(op.x());
        double[][] weight = values(op.head());
        for (int i = 0; i < batch.targetCount(); i++) {
            double[] row = new double[weight.length];
            for (int v = 0; v < row.length; v++) {
                row[v] = dot(in[i], weight[v]);
                if (op.logits() != null) {
                    op.logits().set(i, v, row[v]);
                }
            }
            double logSum = logSumExp(row);
            op.lse().set(i, 0, logSum);
            op.logp().set(i, 0, row[batch.target(batch.targetRow(i))] - logSum);
        }
    }

    /** dx = Σ_v dlogp · (1[v = target] − exp(logit_v − lse)) · head_v. */
    private void logProbBackward(LogProbBackward op) {
        Batch batch = op.batch();
        double[][] in = values(op.x());
        double[][] weight = values(op.head());
        for (int i = 0; i < batch.targetCount(); i++) {
            double[] row = new double[op.dx().cols()];
            for (int v = 0; v < weight.length; v++) {
                double logit = op.logits() == null
                        ? dot(in[i], weight[v])
                        : op.logits().get(i, v);
                double hit = v == batch.target(batch.targetRow(i)) ? 1 : 0;
                double dlogit =
                        op.dlogp().get(i, 0) * (hit - Math.exp(logit - op.lse().get(i, 0)));
                for (int c = 0; c < row.length; c++) {
                    row[c] += dlogit * weight[v][c];
                }
            }
            for (int c = 0; c < row.length; c++) {
                op.dx().set(i, c, row[c]);
            }
        }
    }

    /** dw_oi += Σ_n dy_no · x_ni. */
    private void linearWeightGradient(LinearWeightGradient op) {
        Tensor dw = op.dw();
        for (int o = 0; o < dw.rows(); o++) {
            for (int i = 0; i < dw.cols(); i++) {
                double sum = dw.get(o, i);
                for (int n = 0; n < op.x().rows(); n++) {
                    sum += op.dy().get(n, o) * op.x().get(n, i);
                }
                dw.set(o, i, sum);
            }
        }
    }

    private void linearBiasGradient(LinearBiasGradient op) {
        Tensor db = op.db();
        for (int n = 0; n < op.dy().rows(); n++) {
            for (int o = 0; o < db.cols(); o++) {
                db.set(0, o, db.get(0, o) + op.dy().get(n, o));
            }
        }
    }

    /** dw_d += Σ_n Σ_g dy · x · rstd. */
    private void rmsNormWeightGradient(RmsNormWeightGradient op) {
        Tensor dw = op.dw();
        int width = dw.cols();
        for (int d = 0; d < width; d++) {
            double sum = dw.get(0, d);
            for (int n = 0; n < op.x().rows(); n++) {
                for (int g = 0; g < op.rstd().cols(); g++) {
                    sum += op.dy().get(n, g * width + d)
                            * op.x().get(n, g * width + d)
                            * op.rstd().get(n, g);
                }
            }
            dw.set(0, d, sum);
        }
    }

    private void embedBackward(EmbedBackward op) {
        for (int n = 0; n < op.batch().tokenCount(); n++) {
            int row = op.batch().token(n);
            for (int c = 0; c < op.dx().cols(); c++) {
                op.dTable().set(row, c, op.dTable().get(row, c) + op.dx().get(n, c));
            }
        }
    }

    /** dhead_v += Σ_t dlogp_t · (1[v = target] − exp(logit_tv − lse_t)) · x_t. */
    private void logProbHeadGradient(LogProbHeadGradient op) {
        Tensor dHead = op.dHead();
        Tensor logits = op.logits();
        double[][] in = values(op.x());
        double[][] weight = logits == null ? values(op.head()) : null;
        for (int v = 0; v < dHead.rows(); v++) {
            for (int i = 0; i < in.length; i++) {
                double logit = logits == null ? dot(in[i], weight[v]) : logits.get(i, v);
                double hit = v == op.batch().target(op.batch().targetRow(i)) ? 1 : 0;
                double dlogit =
                        op.dlogp().get(i, 0) * (hit - Math.exp(logit - op.lse().get(i, 0)));
                for (int c = 0; c < dHead.cols(); c++) {
                    dHead.set(v, c, dHead.get(v, c) + dlogit * in[i][c]);
                }
            }
        }
    }

    private void zero(Zero op) {
        Tensor y = op.y();
        for (int n = 0; n < y.rows(); n++) {
            for (int c = 0; c < y.cols(); c++) {
                y.set(n, c, 0);
            }
        }
    }

    private void accumulate(Accumulate op) {
        Tensor y = op.y();
        for (int n = 0; n < y.rows(); n++) {
            for (int c = 0; c < y.cols(); c++) {
                y.set(n, c, y.get(n, c) + op.x().get(n, c));
            }
        }
    }

    private void sumOfSquares(SumOfSquares op) {
        Tensor x = op.x();
        double sum = 0;
        for (int n = 0; n < x.rows(); n++) {
            for (int c = 0; c < x.cols(); c++) {
                sum += x.get(n, c) * x.get(n, c);
            }
        }
        op.sum()[0] = sum;
    }

    /** m = β₁m + (1 − β₁)g; v = β₂v + (1 − β₂)g²; w = w(1 − lr·λ) − lr · (m/(1 − β₁ᵗ)) / (√(v/(1 − β₂ᵗ)) + ε). */
    private void adamW(AdamW op) {
        Tensor w = op.w();
        AdamWStep step = op.step();
        double unbias1 = 1 - Math.pow(step.beta1(), step.step());
        double unbias2 = 1 - Math.pow(step.beta2(), step.step());
        for (int n = 0; n < w.rows(); n++) {
            for (int c = 0; c < w.cols(); c++) {
                double grad = op.g().get(n, c) * step.gradScale();
                double first = step.beta1() * op.m().get(n, c) + (1 - step.beta1()) * grad;
                double second = step.beta2() * op.v().get(n, c) + (1 - step.beta2()) * grad * grad;
                double shrunk = w.get(n, c) * (1 - step.learningRate() * step.weightDecay());
                double update = first / unbias1 / (Math.sqrt(second / unbias2) + step.epsilon());
                op.m().set(n, c, first);
                op.v().set(n, c, second);
                w.set(n, c, shrunk - step.learningRate() * update);
            }
        }
    }

    private void adamW8bit(AdamW8bit op) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor m = widened(arena, op.m(), DynamicMap.signed());
            Tensor v = widened(arena, op.v(), DynamicMap.unsigned());
            adamW(new AdamW(op.w(), op.g(), m, v, op.step()));
            narrow(op.m(), m, DynamicMap.signed());
            narrow(op.v(), v, DynamicMap.unsigned());
        }
    }

    private static Tensor widened(Arena arena, EightBitRow row, float[] map) {
        Tensor wide = Tensor.allocate(arena, DType.F64, 1, row.codes().cols());
        for (int c = 0; c < wide.cols(); c++) {
            double largest = row.largest().get(0, c / EightBitRow.BLOCK);
            wide.set(0, c, map[(int) row.codes().get(0, c)] * largest);
        }
        return wide;
    }

    private static void narrow(EightBitRow row, Tensor wide, float[] map) {
        for (int from = 0; from < wide.cols(); from += EightBitRow.BLOCK) {
            int to = Math.min(wide.cols(), from + EightBitRow.BLOCK);
            double largest = 0;
            for (int c = from; c < to; c++) {
                largest = Math.max(largest, Math.abs(wide.get(0, c)));
            }
            row.largest().set(0, from / EightBitRow.BLOCK, largest);
            for (int c = from; c < to; c++) {
                double value = largest == 0 ? 0 : wide.get(0, c) / largest;
                int nearest = 0;
                for (int code = 1; code < map.length; code++) {
                    nearest = Math.abs(map[code] - value) < Math.abs(map[nearest] - value) ? code : nearest;
                }
                row.codes().set(0, c, nearest);
            }
        }
    }

    private static double[][] values(Weight weight) {
        StoredWeight stored = StoredWeight.of(weight);
        double[][] values = new double[stored.rows()][stored.cols()];
        for (int n = 0; n < stored.rows(); n++) {
            for (int c = 0; c < stored.cols(); c++) {
                values[n][c] = stored.get(n, c);
            }
        }
        return values;
    }

    private static double[][] values(Tensor tensor) {
        double[][] values = new double[tensor.rows()][tensor.cols()];
        for (int n = 0; n < tensor.rows(); n++) {
            for (int c = 0; c < tensor.cols(); c++) {
                values[n][c] = tensor.get(n, c);
            }
        }
        return values;
    }

    private static void put(Tensor to, int row, int col, double value, Write write) {
        to.set(row, col, write == Write.ADD ? to.get(row, col) + value : value);
    }

    /** Rows {@code from} to {@code to} of z += x y. */
    private static void addProduct(double[][] z, double[][] x, double[][] y, int from, int to) {
        for (int n = from; n < to; n++) {
            for (int k = 0; k < y.length; k++) {
                for (int c = 0; c < y[k].length; c++) {
                    z[n][c] += x[n][k] * y[k][c];
                }
            }
        }
    }

    private static double dot(double[] x, double[] y) {
        return dot(x, 0, y, 0, x.length);
    }

    private static double dot(double[] x, int fromX, double[] y, int fromY, int length) {
        double sum = 0;
        for (int i = 0; i < length; i++) {
            sum += x[fromX + i] * y[fromY + i];
        }
        return sum;
    }

    private static double logSumExp(double[] x) {
        double max = Double.NEGATIVE_INFINITY;
        for (double value : x) {
            max = Math.max(max, value);
        }
        double sum = 0;
        for (double value : x) {
            sum += Math.exp(value - max);
        }
        return max + Math.log(sum);
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }
}
