package candor.check;

import static candor.check.Shape.matrix;
import static candor.check.Shape.targets;
import static candor.check.Shape.tokens;

import candor.ops.Batch;
import candor.ops.op.EmbedBackward;
import candor.ops.op.LinearBiasGradient;
import candor.ops.op.LinearWeightGradient;
import candor.ops.op.LogProbHeadGradient;
import candor.ops.op.RmsNormWeightGradient;
import java.util.Map;
import java.util.stream.Stream;

/** Gradients of the base's own weights, which are float32 where they are trained. Each is added to what is there. */
final class WeightCases {
    private WeightCases() {}

    static Stream<Case> linear() {
        return Stream.of(
                linear(1, 1, 1),
                linear(2, 7, 3),
                linear(33, 31, 33),
                linear(113, 65, 31),
                linear(203, 113, 97),
                linear(331, 64, 128),
                linear(1031, 9, 40));
    }

    private static Case linear(int n, int outputs, int inputs) {
        Batch batch = Packed.rows(n);
        String text = "N=%d I=%d O=%d".formatted(n, inputs, outputs);
        Case.Builder c = Case.of("linearWeightGradient", text, batch);
        Shape dw = matrix(outputs, inputs);
        Shape dy = tokens(batch, outputs);
        Shape x = tokens(batch, inputs);
        return c.updated("dw", dw, c.normal(dw))
                .in("dy", dy, c.normal(dy))
                .in("x", x, c.normal(x))
                .float32("dw")
                .call((v, b) -> new LinearWeightGradient(v.at("dw"), v.at("dy"), v.at("x")));
    }

    static Stream<Case> bias() {
        return Stream.of(bias(1, 1), bias(7, 113), bias(203, 33));
    }

    private static Case bias(int n, int outputs) {
        Batch batch = Packed.rows(n);
        Case.Builder c = Case.of("linearBiasGradient", "N=%d O=%d".formatted(n, outputs), batch);
        Shape db = matrix(1, outputs);
        Shape dy = tokens(batch, outputs);
        return c.updated("db", db, c.normal(db))
                .in("dy", dy, c.normal(dy))
                .float32("db")
                .call((v, b) -> new LinearBiasGradient(v.at("db"), v.at("dy")));
    }

    static Stream<Case> norm() {
        return Stream.of(norm(1, 1, 1), norm(3, 1, 7), norm(113, 1, 331), norm(31, 7, 64), norm(203, 3, 33));
    }

    private static Case norm(int n, int groups, int width) {
        Batch batch = Packed.rows(n);
        String text = "N=%d G=%d D=%d".formatted(n, groups, width);
        Case.Builder c = Case.of("rmsNormWeightGradient", text, batch);
        Shape dw = matrix(1, width);
        Shape rows = tokens(batch, groups * width);
        Shape rstd = tokens(batch, groups);
        return c.updated("dw", dw, c.normal(dw))
                .in("dy", rows, c.normal(rows))
                .in("x", rows, c.normal(rows))
                .in("rstd", rstd, c.draw(rstd, gaussian -> 0.5 + Math.abs(gaussian)))
                .float32("dw", "rstd")
                .call((v, b) -> new RmsNormWeightGradient(v.at("dw"), v.at("dy"), v.at("x"), v.at("rstd")));
    }

    /** A small vocabulary says every token often; in a large one most rows stay as they are. */
    static Stream<Case> embedding() {
        return Stream.of(embedding(1, 1, 1), embedding(7, 203, 7), embedding(113, 3, 331), embedding(203, 113, 64));
    }

    private static Case embedding(int n, int vocabulary, int cols) {
        int[] lengths = n == 1 ? new int[] {1} : new int[] {1, n - 1};
        Batch batch = Packed.of(lengths, Packed.bare(lengths.length), vocabulary, Packed.Targets.NONE, 0);
        Case.Builder c = Case.of("embedBackward", "N=%d V=%d C=%d".formatted(n, vocabulary, cols), batch);
        Shape table = matrix(vocabulary, cols);
        Shape dx = tokens(batch, cols);
        return c.updated("dTable", table, c.normal(table))
                .in("dx", dx, c.normal(dx))
                .float32("dTable")
                .call((v, b) -> new EmbedBackward(v.at("dTable"), v.at("dx"), b));
    }

    static Stream<Case> head() {
        return LogProbCases.headGradients();
    }

    /** @param forward the forward pass that the gradient belongs to */
    static Case head(Case forward, String text, int cols, int vocabulary, boolean logits) {
        Batch batch = forward.batch();
        Case.Builder c = Case.of("logProbHeadGradient", text, batch);
        Shape one = targets(batch, 1);
        Shape head = matrix(vocabulary, cols);
        Map<String, double[]> truth = forward.truth();
        if (logits) {
            c.in("logits", targets(batch, vocabulary), truth.get("logits"));
        }
        return c.updated("dHead", head, c.normal(head))
                .in("dlogp", one, c.normal(one))
                .in("lse", one, truth.get("lse"))
                .in("x", targets(batch, cols), forward.arg("x").values())
                .weight(
                        "head",
                        head,
                        forward.arg("head").dtype(),
                        forward.arg("head").values())
                .float32("dHead", "dlogp", "lse", "logits")
                .call((v, b) -> new LogProbHeadGradient(
                        v.at("dHead"), v.at("dlogp"), v.at("lse"), v.at("logits"), v.at("x"), v.weight("head"), b));
    }
}
