package candor.check;

import candor.ops.AdamWStep;
import candor.ops.Batch;
import candor.ops.DropoutRates;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.Lora;
import candor.ops.Ops;
import candor.ops.PageTables;
import candor.ops.Write;
import candor.ops.op.AdamW;
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
import candor.ops.op.ScatterTargets;
import candor.ops.op.SumOfSquares;
import candor.ops.op.SwiGlu;
import candor.ops.op.SwiGluBackward;
import candor.ops.op.Zero;
import candor.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

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
            case Embed o -> embed(o.x(), o.table(), o.batch());
            case RmsNorm o -> rmsNorm(o.y(), o.rstd(), o.x(), o.w(), o.eps());
            case RmsNormBackward o -> rmsNormBackward(o.dx(), o.dy(), o.x(), o.w(), o.rstd(), o.write());
            case Rope o -> rope(o.x(), o.table(), o.batch());
            case RopeBackward o -> ropeBackward(o.dx(), o.table(), o.batch());
            case Dropout o -> dropout(o.y(), o.x(), o.rates(), o.batch(), o.write());
            case Linear o -> linear(o.y(), o.t(), o.x(), o.w(), o.bias(), o.residual(), o.lora(), o.batch());
            case Linears o -> linears(o.x(), o.layers(), o.batch());
            case LinearBackward o ->
                linearBackward(o.dx(), o.dt(), o.dy(), o.x(), o.t(), o.w(), o.lora(), o.batch(), o.write());
            case Affine o -> affine(o.y(), o.scale(), o.bias(), o.residual());
            case Attention o -> attention(o.o(), o.lse(), o.qkv(), o.heads(), o.batch());
            case AttentionBackward o ->
                attentionBackward(o.dqkv(), o.dout(), o.qkv(), o.o(), o.lse(), o.heads(), o.batch());
            case CacheWrite o -> cacheWrite(o.cache(), o.qkv(), o.batch(), o.tables());
            case AttentionCached o -> attentionCached(o.o(), o.qkv(), o.cache(), o.batch(), o.tables());
            case GeGlu o -> geGlu(o.y(), o.gateUp());
            case GeGluBackward o -> geGluBackward(o.dGateUp(), o.dy(), o.gateUp());
            case SwiGlu o -> swiGlu(o.y(), o.gateUp());
            case SwiGluBackward o -> swiGluBackward(o.dGateUp(), o.dy(), o.gateUp());
            case GatherTargets o -> gatherTargets(o.y(), o.x(), o.batch());
            case ScatterTargets o -> scatterTargets(o.dx(), o.dy(), o.batch());
            case Logits o -> logits(o.logits(), o.x(), o.head());
            case LogProb o -> logProb(o.logp(), o.lse(), o.logits(), o.x(), o.head(), o.batch());
            case LogProbBackward o ->
                logProbBackward(o.dx(), o.dlogp(), o.lse(), o.logits(), o.x(), o.head(), o.batch());
            case LinearWeightGradient o -> linearWeightGradient(o.dw(), o.dy(), o.x());
            case LinearBiasGradient o -> linearBiasGradient(o.db(), o.dy());
            case RmsNormWeightGradient o -> rmsNormWeightGradient(o.dw(), o.dy(), o.x(), o.rstd());
            case EmbedBackward o -> embedBackward(o.dTable(), o.dx(), o.batch());
            case LogProbHeadGradient o ->
                logProbHeadGradient(o.dHead(), o.dlogp(), o.lse(), o.logits(), o.x(), o.head(), o.batch());
            case Zero o -> zero(o.y());
            case SumOfSquares o -> o.sum()[0] = sumOfSquares(o.x());
            case AdamW o -> adamW(o.w(), o.g(), o.m(), o.v(), o.step());
        }
    }

    @Override
    public void embed(Tensor x, Tensor table, Batch batch) {
        for (int n = 0; n < batch.tokenCount(); n++) {
            for (int c = 0; c < x.cols(); c++) {
                x.set(n, c, table.get(batch.token(n), c));
            }
        }
    }

    /** rstd = 1/√(mean(x²) + eps); y = x · rstd · w. */
    @Override
    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
        int width = w.cols();
        for (int n = 0; n < x.rows(); n++) {
            for (int g = 0; g < rstd.cols(); g++) {
                double squares = 0;
                for (int d = 0; d < width; d++) {
                    double value = x.get(n, g * width + d);
                    squares += value * value;
                }
                double r = 1 / Math.sqrt(squares / width + eps);
                rstd.set(n, g, r);
                for (int d = 0; d < width; d++) {
                    y.set(n, g * width + d, x.get(n, g * width + d) * r * w.get(0, d));
                }
            }
        }
    }

    /** dx (+)= rstd · (w·dy − x̂ · mean(w·dy·x̂)), x̂ = x · rstd. */
    @Override
    public void rmsNormBackward(Tensor dx, Tensor dy, Tensor x, Tensor w, Tensor rstd, Write write) {
        int width = w.cols();
        for (int n = 0; n < x.rows(); n++) {
            for (int g = 0; g < rstd.cols(); g++) {
                double r = rstd.get(n, g);
                double mean = 0;
                for (int d = 0; d < width; d++) {
                    int c = g * width + d;
                    mean += w.get(0, d) * dy.get(n, c) * x.get(n, c) * r / width;
                }
                for (int d = 0; d < width; d++) {
                    int c = g * width + d;
                    put(dx, n, c, r * (w.get(0, d) * dy.get(n, c) - x.get(n, c) * r * mean), write);
                }
            }
        }
    }

    /** (x₁, x₂) → (x₁c − x₂s, x₂c + x₁s). */
    @Override
    public void rope(Tensor x, Tensor table, Batch batch) {
        rotate(x, table, batch, 1);
    }

    /** (x₁, x₂) → (x₁c + x₂s, x₂c − x₁s). */
    @Override
    public void ropeBackward(Tensor dx, Tensor table, Batch batch) {
        rotate(dx, table, batch, -1);
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
    @Override
    public void linear(Tensor y, Tensor t, Tensor x, Tensor w, Tensor bias, Tensor residual, Lora lora, Batch batch) {
        double[][] in = values(x);
        double[][] weight = w == null ? null : values(w);
        double[][] out = new double[y.rows()][y.cols()];
        for (int n = 0; n < y.rows(); n++) {
            for (int o = 0; o < y.cols(); o++) {
                out[n][o] = (weight == null ? 0 : dot(in[n], weight[o]))
                        + (bias == null ? 0 : bias.get(0, o))
                        + (residual == null ? 0 : residual.get(n, o));
            }
        }
        for (Batch.Run run : batch.runs()) {
            Lora.Factors factors = lora == null ? null : lora.at(run.slot());
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
    @Override
    public void linearBackward(
            Tensor dx, Tensor dt, Tensor dy, Tensor x, Tensor t, Tensor w, Lora lora, Batch batch, Write write) {
        double[][] out = values(dy);
        double[][] in = new double[dy.rows()][w == null ? x.cols() : w.cols()];
        if (dx != null && w != null) {
            addProduct(in, out, values(w), 0, dy.rows());
        }
        for (Batch.Run run : batch.runs()) {
            Lora.Factors factors = lora == null ? null : lora.at(run.slot());
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
                            put(factors.db(), o, r, out[n][o] * t.get(n, r), Write.ADD);
                        }
                    }
                }
            }
        }
        if (dx != null) {
            for (int n = 0; n < dx.rows(); n++) {
                for (int i = 0; i < dx.cols(); i++) {
                    put(dx, n, i, in[n][i], write);
                }
            }
        }
    }

    @Override
    public void linears(Tensor x, List<Linears.Layer> layers, Batch batch) {
        for (Linears.Layer layer : layers) {
            linear(layer.y(), layer.t(), x, layer.w(), layer.bias(), null, layer.lora(), batch);
        }
    }

    /** y (+)= x/(1 − rate) where the element is kept, and 0 where it is not. */
    @Override
    public void dropout(Tensor y, Tensor x, DropoutRates dropout, Batch batch, Write write) {
        int[] words = new int[DropoutRates.GROUP];
        for (int s = 0; s < batch.sequenceCount(); s++) {
            int slot = batch.slot(s);
            if (!dropout.drops(slot)) {
                continue;
            }
            for (int n = batch.start(s); n < batch.start(s + 1); n++) {
                for (int i = 0; i < x.cols(); i++) {
                    dropout.words(words, batch.dropoutKey(s), batch.position(n), i / DropoutRates.GROUP);
                    boolean kept = DropoutRates.keeps(words[i % DropoutRates.GROUP], dropout.threshold(slot));
                    put(y, n, i, kept ? x.get(n, i) / (1 - dropout.rate(slot)) : 0, write);
                }
            }
        }
    }

    /** s = q·k/√D for every key in the window, up to the query's own; lse = log Σ exp s; o = Σ exp(s − lse) v. */
    @Override
    public void attention(Tensor o, Tensor lse, Tensor qkv, Heads heads, Batch batch) {
        double[][] rows = values(qkv);
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
                    lse.set(i, h, logSum);
                    for (int d = 0; d < width; d++) {
                        double sum = 0;
                        for (int j = 0; j < scores.length; j++) {
                            sum += Math.exp(scores[j] - logSum) * rows[first + j][value + d];
                        }
                        o.set(i, h * width + d, sum);
                    }
                }
            }
        }
    }

    /** P = exp(S − lse); dV = Pᵀ dO; dS = P ∘ (dO Vᵀ − rowsum(dO ∘ O)); dQ = dS K/√D; dK = dSᵀ Q/√D. */
    @Override
    public void attentionBackward(
            Tensor dqkv, Tensor dout, Tensor qkv, Tensor o, Tensor lse, Heads heads, Batch batch) {
        double[][] rows = values(qkv);
        double[][] grad = values(dout);
        double[][] out = values(o);
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
                        double p = Math.exp(dot(rows[i], query, rows[j], key, width) * scale - lse.get(i, h));
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

    @Override
    public void cacheWrite(KvPages cache, Tensor qkv, Batch batch, PageTables tables) {
        Heads heads = cache.heads();
        for (int s = 0; s < batch.sequenceCount(); s++) {
            for (int n = batch.start(s); n < batch.start(s + 1); n++) {
                int page = tables.page(s, batch.position(n) / KvPages.TOKENS);
                int token = batch.position(n) % KvPages.TOKENS;
                for (int h = 0; h < heads.key(); h++) {
                    for (int d = 0; d < heads.width(); d++) {
                        int keyCol = KvPages.keyCol(heads, h, token) + d * KvPages.TOKENS;
                        int valueCol = KvPages.valueCol(heads, h, token) + d;
                        int from = heads.queryCols() + h * heads.width() + d;
                        cache.slab(page).set(cache.row(page), keyCol, qkv.get(n, from));
                        cache.slab(page).set(cache.row(page), valueCol, qkv.get(n, from + heads.keyCols()));
                    }
                }
            }
        }
    }

    /** As {@link #attention}, with keys and values where {@link #cacheWrite} puts them. */
    @Override
    public void attentionCached(Tensor o, Tensor qkv, KvPages cache, Batch batch, PageTables tables) {
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
                            scores[j] += qkv.get(n, h * width + d)
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
                        o.set(n, h * width + d, sum);
                    }
                }
            }
        }
    }

    /** y = scale · y + bias + residual. */
    @Override
    public void affine(Tensor y, Tensor scale, Tensor bias, Tensor residual) {
        for (int n = 0; n < y.rows(); n++) {
            for (int o = 0; o < y.cols(); o++) {
                double value = y.get(n, o) * (scale == null ? 1 : scale.get(0, o));
                value += bias == null ? 0 : bias.get(0, o);
                value += residual == null ? 0 : residual.get(n, o);
                y.set(n, o, value);
            }
        }
    }

    /** y = ½g(1 + tanh z) · up with z = √(2/π)(g + 0.044715 g³). */
    @Override
    public void geGlu(Tensor y, Tensor gateUp) {
        for (int n = 0; n < y.rows(); n++) {
            for (int f = 0; f < y.cols(); f++) {
                double gate = gateUp.get(n, f);
                y.set(n, f, gate / 2 * (1 + Math.tanh(geluAngle(gate))) * gateUp.get(n, y.cols() + f));
            }
        }
    }

    /** dgate = dy · up · ½(1 + tanh z + g(1 − tanh² z)z′); dup = dy · ½g(1 + tanh z). */
    @Override
    public void geGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp) {
        int width = dy.cols();
        for (int n = 0; n < dy.rows(); n++) {
            for (int f = 0; f < width; f++) {
                double gate = gateUp.get(n, f);
                double up = gateUp.get(n, width + f);
                double tanh = Math.tanh(geluAngle(gate));
                double slope = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * gate * gate);
                dGateUp.set(n, f, dy.get(n, f) * up * (1 + tanh + gate * (1 - tanh * tanh) * slope) / 2);
                dGateUp.set(n, width + f, dy.get(n, f) * gate * (1 + tanh) / 2);
            }
        }
    }

    private static double geluAngle(double g) {
        return Math.sqrt(2 / Math.PI) * (g + 0.044715 * g * g * g);
    }

    /** y = gate · σ(gate) · up. */
    @Override
    public void swiGlu(Tensor y, Tensor gateUp) {
        for (int n = 0; n < y.rows(); n++) {
            for (int f = 0; f < y.cols(); f++) {
                double gate = gateUp.get(n, f);
                y.set(n, f, gate * sigmoid(gate) * gateUp.get(n, y.cols() + f));
            }
        }
    }

    /** dgate = dy·up·σ(1 + gate(1 − σ)), dup = dy·gate·σ. */
    @Override
    public void swiGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp) {
        int width = dy.cols();
        for (int n = 0; n < dy.rows(); n++) {
            for (int f = 0; f < width; f++) {
                double gate = gateUp.get(n, f);
                double up = gateUp.get(n, width + f);
                double sigma = sigmoid(gate);
                dGateUp.set(n, f, dy.get(n, f) * up * sigma * (1 + gate * (1 - sigma)));
                dGateUp.set(n, width + f, dy.get(n, f) * gate * sigma);
            }
        }
    }

    @Override
    public void gatherTargets(Tensor y, Tensor x, Batch batch) {
        for (int i = 0; i < batch.targetCount(); i++) {
            for (int c = 0; c < y.cols(); c++) {
                y.set(i, c, x.get(batch.targetRow(i), c));
            }
        }
    }

    @Override
    public void scatterTargets(Tensor dx, Tensor dy, Batch batch) {
        zero(dx);
        for (int i = 0; i < batch.targetCount(); i++) {
            for (int c = 0; c < dx.cols(); c++) {
                dx.set(batch.targetRow(i), c, dy.get(i, c));
            }
        }
    }

    /** logit_v = x·head_v. */
    @Override
    public void logits(Tensor logits, Tensor x, Tensor head) {
        double[][] in = values(x);
        double[][] weight = values(head);
        for (int i = 0; i < in.length; i++) {
            for (int v = 0; v < weight.length; v++) {
                logits.set(i, v, dot(in[i], weight[v]));
            }
        }
    }

    /** logit_v = x·head_v; lse = log Σ exp(logit); logp = logit_target − lse. */
    @Override
    public void logProb(Tensor logp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        double[][] in = values(x);
        double[][] weight = values(head);
        for (int i = 0; i < batch.targetCount(); i++) {
            double[] row = new double[weight.length];
            for (int v = 0; v < row.length; v++) {
                row[v] = dot(in[i], weight[v]);
                if (logits != null) {
                    logits.set(i, v, row[v]);
                }
            }
            double logSum = logSumExp(row);
            lse.set(i, 0, logSum);
            logp.set(i, 0, row[batch.target(batch.targetRow(i))] - logSum);
        }
    }

    /** dx = Σ_v dlogp · (1[v = target] − exp(logit_v − lse)) · head_v. */
    @Override
    public void logProbBackward(
            Tensor dx, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        double[][] in = values(x);
        double[][] weight = values(head);
        for (int i = 0; i < batch.targetCount(); i++) {
            double[] row = new double[dx.cols()];
            for (int v = 0; v < weight.length; v++) {
                double logit = logits == null ? dot(in[i], weight[v]) : logits.get(i, v);
                double hit = v == batch.target(batch.targetRow(i)) ? 1 : 0;
                double dlogit = dlogp.get(i, 0) * (hit - Math.exp(logit - lse.get(i, 0)));
                for (int c = 0; c < row.length; c++) {
                    row[c] += dlogit * weight[v][c];
                }
            }
            for (int c = 0; c < row.length; c++) {
                dx.set(i, c, row[c]);
            }
        }
    }

    /** dw_oi += Σ_n dy_no · x_ni. */
    @Override
    public void linearWeightGradient(Tensor dw, Tensor dy, Tensor x) {
        for (int o = 0; o < dw.rows(); o++) {
            for (int i = 0; i < dw.cols(); i++) {
                double sum = dw.get(o, i);
                for (int n = 0; n < x.rows(); n++) {
                    sum += dy.get(n, o) * x.get(n, i);
                }
                dw.set(o, i, sum);
            }
        }
    }

    @Override
    public void linearBiasGradient(Tensor db, Tensor dy) {
        for (int n = 0; n < dy.rows(); n++) {
            for (int o = 0; o < db.cols(); o++) {
                db.set(0, o, db.get(0, o) + dy.get(n, o));
            }
        }
    }

    /** dw_d += Σ_n Σ_g dy · x · rstd. */
    @Override
    public void rmsNormWeightGradient(Tensor dw, Tensor dy, Tensor x, Tensor rstd) {
        int width = dw.cols();
        for (int d = 0; d < width; d++) {
            double sum = dw.get(0, d);
            for (int n = 0; n < x.rows(); n++) {
                for (int g = 0; g < rstd.cols(); g++) {
                    sum += dy.get(n, g * width + d) * x.get(n, g * width + d) * rstd.get(n, g);
                }
            }
            dw.set(0, d, sum);
        }
    }

    @Override
    public void embedBackward(Tensor dTable, Tensor dx, Batch batch) {
        for (int n = 0; n < batch.tokenCount(); n++) {
            int row = batch.token(n);
            for (int c = 0; c < dx.cols(); c++) {
                dTable.set(row, c, dTable.get(row, c) + dx.get(n, c));
            }
        }
    }

    /** dhead_v += Σ_t dlogp_t · (1[v = target] − exp(logit_tv − lse_t)) · x_t. */
    @Override
    public void logProbHeadGradient(
            Tensor dHead, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        double[][] in = values(x);
        double[][] weight = logits == null ? values(head) : null;
        for (int v = 0; v < dHead.rows(); v++) {
            for (int i = 0; i < in.length; i++) {
                double logit = logits == null ? dot(in[i], weight[v]) : logits.get(i, v);
                double hit = v == batch.target(batch.targetRow(i)) ? 1 : 0;
                double dlogit = dlogp.get(i, 0) * (hit - Math.exp(logit - lse.get(i, 0)));
                for (int c = 0; c < dHead.cols(); c++) {
                    dHead.set(v, c, dHead.get(v, c) + dlogit * in[i][c]);
                }
            }
        }
    }

    @Override
    public void zero(Tensor y) {
        for (int n = 0; n < y.rows(); n++) {
            for (int c = 0; c < y.cols(); c++) {
                y.set(n, c, 0);
            }
        }
    }

    @Override
    public double sumOfSquares(Tensor x) {
        double sum = 0;
        for (int n = 0; n < x.rows(); n++) {
            for (int c = 0; c < x.cols(); c++) {
                sum += x.get(n, c) * x.get(n, c);
            }
        }
        return sum;
    }

    /** m = β₁m + (1 − β₁)g; v = β₂v + (1 − β₂)g²; w = w(1 − lr·λ) − lr · (m/(1 − β₁ᵗ)) / (√(v/(1 − β₂ᵗ)) + ε). */
    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        double unbias1 = 1 - Math.pow(step.beta1(), step.step());
        double unbias2 = 1 - Math.pow(step.beta2(), step.step());
        for (int n = 0; n < w.rows(); n++) {
            for (int c = 0; c < w.cols(); c++) {
                double grad = g.get(n, c) * step.gradScale();
                double first = step.beta1() * m.get(n, c) + (1 - step.beta1()) * grad;
                double second = step.beta2() * v.get(n, c) + (1 - step.beta2()) * grad * grad;
                double shrunk = w.get(n, c) * (1 - step.learningRate() * step.weightDecay());
                double update = first / unbias1 / (Math.sqrt(second / unbias2) + step.epsilon());
                m.set(n, c, first);
                v.set(n, c, second);
                w.set(n, c, shrunk - step.learningRate() * update);
            }
        }
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
