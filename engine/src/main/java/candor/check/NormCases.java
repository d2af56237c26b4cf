package candor.check;

import static candor.check.Shape.matrix;
import static candor.check.Shape.tokens;

import candor.ops.Batch;
import candor.ops.Write;
import candor.ops.op.RmsNorm;
import candor.ops.op.RmsNormBackward;
import java.util.List;
import java.util.stream.Stream;

/** Root-mean-square norms of whole rows and of heads. A model's norm weights are float32 copies, whatever its file holds. */
final class NormCases {
    private static final float EPS = 1e-5f;

    /** @param size of x: at 1e-3 its squares are smaller than eps, so that eps shows */
    private record Spec(int n, int groups, int width, double size) {
        String text() {
            return "N=%d G=%d D=%d%s".formatted(n, groups, width, size == 1 ? "" : " x~" + size);
        }

        Batch batch() {
            return Packed.rows(n);
        }

        int cols() {
            return groups * width;
        }
    }

    private static final List<Spec> SPECS = List.of(
            new Spec(1, 1, 1, 1),
            new Spec(2, 1, 7, 1),
            new Spec(7, 1, 113, 1),
            new Spec(33, 1, 203, 1),
            new Spec(5, 2, 8, 1),
            new Spec(3, 3, 31, 1),
            new Spec(31, 7, 64, 1),
            new Spec(2, 1, 96, 1),
            new Spec(4, 2, 128, 1),
            new Spec(3, 2, 33, 1e-3),
            new Spec(3, 1, 33, 0),
            new Spec(3, 1, 113, 1e4),
            new Spec(113, 1, 331, 1));

    private static final List<Spec> IN_PLACE = List.of(new Spec(7, 1, 31, 1), new Spec(33, 3, 64, 1));

    private NormCases() {}

    static Stream<Case> forward() {
        return Stream.concat(
                SPECS.stream().map(spec -> forward(spec, false)),
                IN_PLACE.stream().map(spec -> forward(spec, true)));
    }

    private static Case forward(Spec spec, boolean inPlace) {
        Batch batch = spec.batch();
        Case.Builder c = Case.of("rmsNorm", spec.text() + (inPlace ? " y is x" : ""), batch);
        Shape rows = tokens(batch, spec.cols());
        Shape w = matrix(1, spec.width());
        c.in("x", rows, c.normal(rows, spec.size()));
        if (inPlace) {
            c.outInPlaceOf("x", "y", rows, 0);
        } else {
            c.out("y", rows);
        }
        return c.out("rstd", tokens(batch, spec.groups()))
                .constant("w", w, c.draw(w, gaussian -> 1 + gaussian / 4))
                .float32("rstd")
                .call((v, b) -> new RmsNorm(v.at("y"), v.at("rstd"), v.at("x"), v.at("w"), EPS));
    }

    static Stream<Case> backward() {
        Stream<Case> inPlace = IN_PLACE.stream().map(spec -> backward(spec, Write.SET, true));
        return Stream.concat(
                SPECS.stream().flatMap(spec -> Stream.of(Write.values()).map(write -> backward(spec, write, false))),
                inPlace);
    }

    private static Case backward(Spec spec, Write write, boolean inPlace) {
        Batch batch = spec.batch();
        Case forward = forward(spec, false);
        String text = spec.text() + " " + write + (inPlace ? " dx is dy" : "");
        Case.Builder c = Case.of("rmsNormBackward", text, batch);
        Shape rows = tokens(batch, spec.cols());
        double[] rstd = forward.truth().get("rstd");
        double[] dy = c.normal(rows);
        // In narrow groups the two terms of the gradient nearly cancel.
        double magnitude = largest(rstd) * largest(dy);
        c.in("dy", rows, dy);
        if (write == Write.ADD) {
            c.updated("dx", rows, c.normal(rows), magnitude);
        } else if (inPlace) {
            c.outInPlaceOf("dy", "dx", rows, magnitude);
        } else {
            c.out("dx", rows, magnitude);
        }
        return c.in("x", rows, forward.arg("x").values())
                .constant("w", matrix(1, spec.width()), forward.arg("w").values())
                .in("rstd", tokens(batch, spec.groups()), rstd)
                .float32("rstd")
                .call((v, b) -> new RmsNormBackward(v.at("dx"), v.at("dy"), v.at("x"), v.at("w"), v.at("rstd"), write));
    }

    private static double largest(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }
}
