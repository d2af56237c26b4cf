package candor.check;

import static candor.check.Mutant.TOO_FAR;
import static candor.check.RowMutants.like;
import static candor.check.RowMutants.tensor;

import candor.ops.AdamWStep;
import candor.ops.Batch;
import candor.ops.EightBitRow;
import candor.ops.Heads;
import candor.ops.Ops;
import candor.ops.TokenDraw;
import candor.ops.op.Accumulate;
import candor.ops.op.AdamW;
import candor.ops.op.AdamW8bit;
import candor.ops.op.Attention;
import candor.ops.op.AttentionBackward;
import candor.ops.op.LogProb;
import candor.ops.op.LogProbBackward;
import candor.ops.op.Logits;
import candor.ops.op.SampleTokens;
import candor.ops.op.SumOfSquares;
import candor.ops.weight.DynamicMap;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Bugs in attention, log-probabilities and the optimiser. */
final class ScoreMutants {
    private ScoreMutants() {}

    private interface WrongAttention {
        void run(Naive right, Tensor o, Tensor lse, Tensor qkv, Heads heads, Batch batch);
    }

    private interface WrongAttentionBackward {
        void run(Naive right, Tensor dqkv, Tensor dout, Tensor qkv, Tensor o, Tensor lse, Heads heads, Batch batch);
    }

    private interface WrongLogits {
        void run(Naive right, Tensor logits, Tensor x, Weight head);
    }

    private interface WrongLogProb {
        void run(Naive right, Tensor logp, Tensor lse, Tensor logits, Tensor x, Weight head, Batch batch);
    }

    private interface WrongLogProbBackward {
        void run(Naive right, Tensor dx, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Weight head, Batch batch);
    }

    private interface Step {
        void run(Naive right, Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step);
    }

    static Stream<Mutant> all() {
        return Stream.of(
                        attention(),
                        attentionBackward(),
                        logits(),
                        sampleTokens(),
                        logProb(),
                        logProbBackward(),
                        step(),
                        eightBitStep())
                .flatMap(mutants -> mutants);
    }

    private static Stream<Mutant> attention() {
        return Stream.of(
                attention(
                        "crosses the start of a sequence",
                        TOO_FAR,
                        (right, o, lse, qkv, heads, batch) ->
                                right.attention(o, lse, qkv, heads, Packed.sequences(batch.tokenCount()))),
                attention(
                        "does not keep lse",
                        "lse (0, 0) was not written",
                        (right, o, lse, qkv, heads, batch) -> right.attention(o, like(lse), qkv, heads, batch)),
                attention(
                        "looks a token too far back",
                        TOO_FAR,
                        (right, o, lse, qkv, heads, batch) -> right.attention(o, lse, qkv, farther(heads), batch)),
                attention("keeps lse in base 2", TOO_FAR, (right, o, lse, qkv, heads, batch) -> {
                    right.attention(o, lse, qkv, heads, batch);
                    lse.set(0, 0, lse.get(0, 0) / Math.log(2));
                }),
                attention(
                        "pairs query heads with the wrong key heads",
                        TOO_FAR,
                        (right, o, lse, qkv, heads, batch) ->
                                right.attention(o, lse, keysTurned(qkv, heads), heads, batch)),
                attention("does not subtract the largest score", "is ", (right, o, lse, qkv, heads, batch) -> {
                    right.attention(o, lse, qkv, heads, batch);
                    for (int n = 0; n < lse.rows(); n++) {
                        lse.set(n, 0, Math.log((float) Math.exp(lse.get(n, 0))));
                    }
                }),
                attention("drops the last value column", "was not written", (right, o, lse, qkv, heads, batch) -> {
                    Tensor all = like(o);
                    right.attention(all, lse, qkv, heads, batch);
                    RowMutants.copyColumns(o, all, 0, o.cols() - 1);
                }));
    }

    private static Stream<Mutant> attentionBackward() {
        return Stream.of(
                attentionBackward(
                        "crosses the start of a sequence",
                        TOO_FAR,
                        (right, dqkv, dout, qkv, o, lse, heads, batch) -> right.attentionBackward(
                                dqkv, dout, qkv, o, lse, heads, Packed.sequences(batch.tokenCount()))),
                attentionBackward(
                        "looks a token too far back",
                        TOO_FAR,
                        (right, dqkv, dout, qkv, o, lse, heads, batch) ->
                                right.attentionBackward(dqkv, dout, qkv, o, lse, farther(heads), batch)),
                attentionBackward(
                        "forgets the row sums",
                        TOO_FAR,
                        (right, dqkv, dout, qkv, o, lse, heads, batch) ->
                                right.attentionBackward(dqkv, dout, qkv, like(o), lse, heads, batch)),
                attentionBackward(
                        "adds where it should set", "read before", (right, dqkv, dout, qkv, o, lse, heads, batch) -> {
                            Tensor result = like(dqkv);
                            right.attentionBackward(result, dout, qkv, o, lse, heads, batch);
                            Floats.add(dqkv, Floats.rows(result));
                        }),
                attentionBackward(
                        "one key gradient has the wrong sign",
                        TOO_FAR,
                        (right, dqkv, dout, qkv, o, lse, heads, batch) -> {
                            right.attentionBackward(dqkv, dout, qkv, o, lse, heads, batch);
                            dqkv.set(0, heads.queryCols(), -dqkv.get(0, heads.queryCols()));
                        }));
    }

    /** A window of one token more; heads that have none stay as they are. */
    static Heads farther(Heads heads) {
        return heads.within(heads.window() == 0 ? 0 : heads.window() + 1);
    }

    private static Stream<Mutant> logits() {
        return Stream.of(
                logits("rounds to bfloat16", (right, logits, x, head) -> {
                    right.logits(logits, x, head);
                    logits.set(0, 0, Arg.round(DType.BF16, logits.get(0, 0)));
                }),
                logits("forgets the last column", (right, logits, x, head) -> {
                    int cols = Math.max(1, x.cols() - 1);
                    right.logits(
                            logits,
                            x.columns(0, cols),
                            StoredWeight.of(tensor(head).columns(0, cols)));
                }));
    }

    private static Stream<Mutant> sampleTokens() {
        return Stream.of(
                sampleTokens("takes the next row's draw", (right, op) -> {
                    List<TokenDraw> draws = new ArrayList<>(op.draws());
                    Collections.rotate(draws, -1);
                    right.sampleTokens(op.chosen(), op.logits(), draws);
                }),
                sampleTokens("takes the last among equals", (right, op) -> {
                    right.sampleTokens(op.chosen(), op.logits(), op.draws());
                    for (int row = 0; row < op.rows(); row++) {
                        int token = (int) op.chosen().get(row, 0);
                        for (int v = token + 1; token >= 0 && v < op.logits().cols(); v++) {
                            if (op.logits().get(row, v) == op.chosen().get(row, 1)) {
                                op.chosen().set(row, 0, v);
                            }
                        }
                    }
                }));
    }

    private static Mutant sampleTokens(String bug, BiConsumer<Ops, SampleTokens> wrong) {
        return Mutant.of(SampleTokens.class, bug, TOO_FAR, wrong::accept);
    }

    private static Stream<Mutant> logProb() {
        return Stream.of(
                logProb(
                        "does not keep the logits",
                        "logits (0, 0) was not written",
                        (right, logp, lse, logits, x, head, batch) -> right.logProb(logp, lse, null, x, head, batch)),
                logProb("overflows for large logits", "is ", (right, logp, lse, logits, x, head, batch) -> {
                    right.logProb(logp, lse, logits, x, head, batch);
                    for (int i = 0; i < lse.rows(); i++) {
                        lse.set(i, 0, Math.log((float) Math.exp(lse.get(i, 0))));
                    }
                }),
                logProb(
                        "loses the last word of the vocabulary",
                        TOO_FAR,
                        (right, logp, lse, logits, x, head, batch) -> {
                            boolean last = IntStream.range(0, batch.targetCount())
                                    .anyMatch(i -> batch.target(batch.targetRow(i)) == head.rows() - 1);
                            right.logProb(logp, lse, logits, x, head, batch);
                            if (!last && head.rows() > 1) {
                                right.logProb(
                                        logp,
                                        lse,
                                        null,
                                        x,
                                        StoredWeight.of(tensor(head).rows(0, head.rows() - 1)),
                                        batch);
                            }
                        }),
                logProb("takes the target of the row beside", TOO_FAR, (right, logp, lse, logits, x, head, batch) -> {
                    right.logProb(logp, lse, logits, x, head, batch);
                    for (int i = 1; i < logp.rows(); i++) {
                        logp.set(i, 0, logp.get(i - 1, 0));
                    }
                }));
    }

    private static Stream<Mutant> logProbBackward() {
        return Stream.of(
                logProbBackward("forgets dlogp", TOO_FAR, (right, dx, dlogp, lse, logits, x, head, batch) -> {
                    Tensor ones = like(dlogp);
                    for (int i = 0; i < ones.rows(); i++) {
                        ones.set(i, 0, 1);
                    }
                    right.logProbBackward(dx, ones, lse, logits, x, head, batch);
                }),
                logProbBackward("wants the logits", "threw", (right, dx, dlogp, lse, logits, x, head, batch) -> {
                    logits.shape();
                    right.logProbBackward(dx, dlogp, lse, logits, x, head, batch);
                }),
                logProbBackward("leaves out the target", TOO_FAR, (right, dx, dlogp, lse, logits, x, head, batch) -> {
                    right.logProbBackward(dx, dlogp, lse, logits, x, head, batch);
                    for (int i = 0; i < dx.rows(); i++) {
                        for (int c = 0; c < dx.cols(); c++) {
                            double part = dlogp.get(i, 0) * tensor(head).get(batch.target(batch.targetRow(i)), c);
                            dx.set(i, c, dx.get(i, c) - part);
                        }
                    }
                }),
                logProbBackward(
                        "skips the last row", "was not written", (right, dx, dlogp, lse, logits, x, head, batch) -> {
                            Tensor all = like(dx);
                            right.logProbBackward(all, dlogp, lse, logits, x, head, batch);
                            for (int i = 0; i < dx.rows() - 1; i++) {
                                Floats.put(dx, i, Floats.row(all, i));
                            }
                        }));
    }

    private static Stream<Mutant> step() {
        return Stream.of(
                Mutant.of(Accumulate.class, "leaves out the last column", TOO_FAR, (right, op) -> {
                    int kept = op.y().cols() - 1;
                    if (kept > 0) {
                        right.accumulate(op.y().columns(0, kept), op.x().columns(0, kept));
                    }
                }),
                Mutant.of(SumOfSquares.class, "sums in single precision", TOO_FAR, (right, op) -> {
                    float sum = 0;
                    for (float[] row : Floats.rows(op.x())) {
                        for (float value : row) {
                            sum += value * value;
                        }
                    }
                    op.sum()[0] = sum;
                }),
                step(
                        "forgets the bias correction",
                        TOO_FAR,
                        (right, w, g, m, v, s) -> right.adamW(
                                w,
                                g,
                                m,
                                v,
                                new AdamWStep(
                                        s.learningRate(),
                                        s.beta1(),
                                        s.beta2(),
                                        s.epsilon(),
                                        s.weightDecay(),
                                        s.gradScale(),
                                        1 << 20))),
                step(
                        "forgets the weight decay",
                        TOO_FAR,
                        (right, w, g, m, v, s) -> right.adamW(
                                w,
                                g,
                                m,
                                v,
                                new AdamWStep(
                                        s.learningRate(),
                                        s.beta1(),
                                        s.beta2(),
                                        s.epsilon(),
                                        0,
                                        s.gradScale(),
                                        s.step()))),
                step(
                        "forgets epsilon",
                        "",
                        (right, w, g, m, v, s) -> right.adamW(
                                w,
                                g,
                                m,
                                v,
                                new AdamWStep(
                                        s.learningRate(),
                                        s.beta1(),
                                        s.beta2(),
                                        0,
                                        s.weightDecay(),
                                        s.gradScale(),
                                        s.step()))),
                step(
                        "does not scale the gradient",
                        TOO_FAR,
                        (right, w, g, m, v, s) -> right.adamW(
                                w,
                                g,
                                m,
                                v,
                                new AdamWStep(
                                        s.learningRate(),
                                        s.beta1(),
                                        s.beta2(),
                                        s.epsilon(),
                                        s.weightDecay(),
                                        1,
                                        s.step()))),
                step("rounds β₂ before it takes 1 − β₂", "v is too far", (right, w, g, m, v, s) -> {
                    right.adamW(w, g, m, v, s);
                    double wrong = (1 - (float) s.beta2()) / (1 - s.beta2());
                    for (int c = 0; c < v.cols() && s.step() == 1; c++) {
                        v.set(0, c, v.get(0, c) * wrong);
                    }
                }),
                step("clears the gradient", "changed its input g", (right, w, g, m, v, s) -> {
                    right.adamW(w, g, m, v, s);
                    right.zero(g);
                }));
    }

    private static Stream<Mutant> eightBitStep() {
        return Stream.of(
                eightBit("rounds codes down", "m is too far", (right, o) -> {
                    right.run(o);
                    Tensor codes = o.m().codes();
                    codes.set(0, 0, Math.max(0, codes.get(0, 0) - 1));
                }),
                eightBit("takes the largest without its magnitude", "mLargest is too far", (right, o) -> {
                    right.run(o);
                    Tensor largest = o.m().largest();
                    largest.set(0, 0, -largest.get(0, 0));
                }),
                eightBit("keeps the largest of the block before", "vLargest is too far", (right, o) -> {
                    right.run(o);
                    Tensor largest = o.v().largest();
                    largest.set(0, largest.cols() - 1, largest.get(0, 0));
                }),
                eightBit("takes the signed map for second moments", TOO_FAR, (right, o) -> {
                    right.run(o);
                    float[] map = DynamicMap.signed();
                    for (int c = 0; c < o.w().cols(); c++) {
                        float value = DynamicMap.unsigned()[(int) o.v().codes().get(0, c)];
                        o.v().codes().set(0, c, DynamicMap.nearest(map, value));
                    }
                }),
                eightBit("steps by the moments after their rounding", "w is too far", (right, o) -> {
                    float[] before = Floats.row(o.w(), 0);
                    right.run(o);
                    AdamWStep s = o.step();
                    for (int c = 0; c < before.length; c++) {
                        double m = value(o.m(), DynamicMap.signed(), c) / (1 - Math.pow(s.beta1(), s.step()));
                        double v = value(o.v(), DynamicMap.unsigned(), c) / (1 - Math.pow(s.beta2(), s.step()));
                        double shrunk = before[c] * (1 - s.learningRate() * s.weightDecay());
                        o.w().set(0, c, shrunk - s.learningRate() * m / (Math.sqrt(v) + s.epsilon()));
                    }
                }),
                eightBit("gives a block of zeros the first code", "m is too far", (right, o) -> {
                    right.run(o);
                    for (int c = 0; c < o.w().cols() && o.m().largest().get(0, 0) == 0; c++) {
                        o.m().codes().set(0, c, 0);
                    }
                }));
    }

    private static double value(EightBitRow row, float[] map, int c) {
        return map[(int) row.codes().get(0, c)] * row.largest().get(0, c / EightBitRow.BLOCK);
    }

    private static Mutant eightBit(String bug, String reason, Mutant.Wrong<AdamW8bit> wrong) {
        return Mutant.of(AdamW8bit.class, bug, reason, wrong);
    }

    private static Mutant attention(String bug, String reason, WrongAttention wrong) {
        return Mutant.of(
                Attention.class,
                bug,
                reason,
                (right, op) -> wrong.run(right, op.o(), op.lse(), op.qkv(), op.heads(), op.batch()));
    }

    private static Mutant attentionBackward(String bug, String reason, WrongAttentionBackward wrong) {
        return Mutant.of(
                AttentionBackward.class,
                bug,
                reason,
                (right, op) ->
                        wrong.run(right, op.dqkv(), op.dout(), op.qkv(), op.o(), op.lse(), op.heads(), op.batch()));
    }

    private static Mutant logits(String bug, WrongLogits wrong) {
        return Mutant.of(Logits.class, bug, TOO_FAR, (right, op) -> wrong.run(right, op.logits(), op.x(), op.head()));
    }

    private static Mutant logProb(String bug, String reason, WrongLogProb wrong) {
        return Mutant.of(
                LogProb.class,
                bug,
                reason,
                (right, op) -> wrong.run(right, op.logp(), op.lse(), op.logits(), op.x(), op.head(), op.batch()));
    }

    private static Mutant logProbBackward(String bug, String reason, WrongLogProbBackward wrong) {
        return Mutant.of(
                LogProbBackward.class,
                bug,
                reason,
                (right, op) ->
                        wrong.run(right, op.dx(), op.dlogp(), op.lse(), op.logits(), op.x(), op.head(), op.batch()));
    }

    private static Mutant step(String bug, String reason, Step wrong) {
        return Mutant.of(
                AdamW.class, bug, reason, (right, op) -> wrong.run(right, op.w(), op.g(), op.m(), op.v(), op.step()));
    }

    /** Keys and values one head further on. */
    private static Tensor keysTurned(Tensor qkv, Heads heads) {
        Tensor turned = like(qkv);
        for (int n = 0; n < qkv.rows(); n++) {
            for (int c = 0; c < qkv.cols(); c++) {
                int from = c;
                if (c >= heads.queryCols()) {
                    int start = c < heads.queryCols() + heads.keyCols()
                            ? heads.queryCols()
                            : heads.queryCols() + heads.keyCols();
                    from = start + (c - start + heads.width()) % heads.keyCols();
                }
                turned.set(n, c, qkv.get(n, from));
            }
        }
        return turned;
    }
}
