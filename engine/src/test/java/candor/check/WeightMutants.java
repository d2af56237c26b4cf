package candor.check;

import static candor.check.Mutant.TOO_FAR;

import candor.ops.Batch;
import candor.ops.op.EmbedBackward;
import candor.ops.op.LinearBiasGradient;
import candor.ops.op.LinearWeightGradient;
import candor.ops.op.LogProbHeadGradient;
import candor.ops.op.RmsNormWeightGradient;
import candor.ops.weight.Weight;
import candor.tensor.Tensor;
import java.util.stream.Stream;

/** Bugs in the gradients of the base's own weights. */
final class WeightMutants {
    private WeightMutants() {}

    private interface WrongLinear {
        void run(Naive right, Tensor dw, Tensor dy, Tensor x);
    }

    private interface Norm {
        void run(Naive right, Tensor dw, Tensor dy, Tensor x, Tensor rstd);
    }

    private interface Embedding {
        void run(Naive right, Tensor dTable, Tensor dx, Batch batch);
    }

    private interface Head {
        void run(
                Naive right, Tensor dHead, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Weight head, Batch batch);
    }

    static Stream<Mutant> all() {
        return Stream.of(
                linear("sets where it should add", TOO_FAR, (right, dw, dy, x) -> {
                    right.zero(dw);
                    right.linearWeightGradient(dw, dy, x);
                }),
                linear(
                        "forgets the last token",
                        TOO_FAR,
                        (right, dw, dy, x) ->
                                right.linearWeightGradient(dw, dy.rows(0, dy.rows() - 1), x.rows(0, x.rows() - 1))),
                linear("forgets the last input", TOO_FAR, (right, dw, dy, x) -> {
                    double before = dw.get(0, dw.cols() - 1);
                    right.linearWeightGradient(dw, dy, x);
                    dw.set(0, dw.cols() - 1, before);
                }),
                linear("writes into the next row's gap", "wrote outside dw", (right, dw, dy, x) -> {
                    right.linearWeightGradient(dw, dy, x);
                    if (!dw.dense()) {
                        Tensor wider = new Tensor(dw.data(), dw.dtype(), dw.rows() - 1, dw.cols() + 1, dw.stride());
                        wider.set(0, dw.cols(), 0);
                    }
                }),
                Mutant.of(LinearBiasGradient.class, "forgets the last token", TOO_FAR, (right, op) -> {
                    Tensor dy = op.dy();
                    right.linearBiasGradient(op.db(), dy.rows(0, dy.rows() - 1));
                }),
                norm("does not scale by rstd", TOO_FAR, (right, dw, dy, x, rstd) -> {
                    for (int n = 0; n < x.rows(); n++) {
                        for (int c = 0; c < x.cols(); c++) {
                            int d = c % dw.cols();
                            dw.set(0, d, dw.get(0, d) + dy.get(n, c) * x.get(n, c));
                        }
                    }
                }),
                norm("takes the first group's rstd", TOO_FAR, (right, dw, dy, x, rstd) -> {
                    int width = dw.cols();
                    for (int g = 0; g < rstd.cols(); g++) {
                        right.rmsNormWeightGradient(
                                dw,
                                dy.columns(g * width, (g + 1) * width),
                                x.columns(g * width, (g + 1) * width),
                                rstd.columns(0, 1));
                    }
                }),
                norm("sets where it should add", TOO_FAR, (right, dw, dy, x, rstd) -> {
                    right.zero(dw);
                    right.rmsNormWeightGradient(dw, dy, x, rstd);
                }),
                embedding("a token that comes again replaces", TOO_FAR, (right, dTable, dx, batch) -> {
                    for (int n = 0; n < batch.tokenCount(); n++) {
                        Floats.put(dTable, batch.token(n), Floats.row(dx, n));
                    }
                }),
                embedding("clears the other rows", TOO_FAR, (right, dTable, dx, batch) -> {
                    right.zero(dTable);
                    right.embedBackward(dTable, dx, batch);
                }),
                embedding("skips the last column", TOO_FAR, (right, dTable, dx, batch) -> {
                    int cols = dx.cols() - 1;
                    right.embedBackward(dTable.columns(0, cols), dx.columns(0, cols), batch);
                }),
                head("has the wrong sign", TOO_FAR, (right, dHead, dlogp, lse, logits, x, head, batch) -> {
                    Tensor negated = RowMutants.like(dlogp);
                    for (int i = 0; i < dlogp.rows(); i++) {
                        negated.set(i, 0, -dlogp.get(i, 0));
                    }
                    right.logProbHeadGradient(dHead, negated, lse, logits, x, head, batch);
                }),
                head("sets where it should add", TOO_FAR, (right, dHead, dlogp, lse, logits, x, head, batch) -> {
                    right.zero(dHead);
                    right.logProbHeadGradient(dHead, dlogp, lse, logits, x, head, batch);
                }),
                head(
                        "uses the logits up",
                        "changed its input logits",
                        (right, dHead, dlogp, lse, logits, x, head, batch) -> {
                            right.logProbHeadGradient(dHead, dlogp, lse, logits, x, head, batch);
                            if (logits != null) {
                                right.zero(logits);
                            }
                        }),
                head("needs the logits kept", TOO_FAR, (right, dHead, dlogp, lse, logits, x, head, batch) -> {
                    if (logits != null) {
                        right.logProbHeadGradient(dHead, dlogp, lse, logits, x, head, batch);
                    }
                }));
    }

    private static Mutant linear(String bug, String reason, WrongLinear wrong) {
        return Mutant.of(
                LinearWeightGradient.class, bug, reason, (right, op) -> wrong.run(right, op.dw(), op.dy(), op.x()));
    }

    private static Mutant norm(String bug, String reason, Norm wrong) {
        return Mutant.of(
                RmsNormWeightGradient.class,
                bug,
                reason,
                (right, op) -> wrong.run(right, op.dw(), op.dy(), op.x(), op.rstd()));
    }

    private static Mutant embedding(String bug, String reason, Embedding wrong) {
        return Mutant.of(
                EmbedBackward.class, bug, reason, (right, op) -> wrong.run(right, op.dTable(), op.dx(), op.batch()));
    }

    private static Mutant head(String bug, String reason, Head wrong) {
        return Mutant.of(
                LogProbHeadGradient.class,
                bug,
                reason,
                (right, op) ->
                        wrong.run(right, op.dHead(), op.dlogp(), op.lse(), op.logits(), op.x(), op.head(), op.batch()));
    }
}
