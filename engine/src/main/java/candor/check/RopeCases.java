package candor.check;

import static candor.check.Shape.matrix;
import static candor.check.Shape.tokens;

import candor.ops.Batch;
import candor.ops.op.Rope;
import candor.ops.op.RopeBackward;
import java.util.List;
import java.util.stream.Stream;

/** Rotary positions, there and back. */
final class RopeCases {
    private static final double THETA = 1e4;

    /** @param first position of each sequence's first token */
    private record Spec(int[] lengths, int groups, int width, int first) {}

    private static final List<Spec> SPECS = List.of(
            new Spec(new int[] {1}, 1, 2, 0),
            new Spec(new int[] {1}, 3, 8, 5),
            new Spec(new int[] {2, 1}, 2, 16, 0),
            new Spec(new int[] {7, 1, 3}, 3, 32, 0),
            new Spec(new int[] {2, 5}, 7, 64, 31),
            new Spec(new int[] {3, 4}, 1, 96, 0),
            new Spec(new int[] {33}, 2, 128, 0),
            new Spec(new int[] {66, 47}, 9, 64, 0));

    private RopeCases() {}

    static Stream<Case> forward() {
        return cases("rope", (v, b) -> new Rope(v.at("x"), v.at("table"), b));
    }

    static Stream<Case> backward() {
        return cases("ropeBackward", (v, b) -> new RopeBackward(v.at("x"), v.at("table"), b));
    }

    private static Stream<Case> cases(String op, Case.Call call) {
        return SPECS.stream().map(spec -> {
            int sequences = spec.lengths().length;
            Batch batch = Packed.of(spec.lengths(), Packed.bare(sequences), 1, Packed.Targets.NONE, spec.first());
            String text = "N=%d S=%d G=%d D=%d%s"
                    .formatted(
                            batch.tokenCount(),
                            sequences,
                            spec.groups(),
                            spec.width(),
                            spec.first() == 0 ? "" : " from " + spec.first());
            Case.Builder c = Case.of(op, text, batch);
            Shape x = tokens(batch, spec.groups() * spec.width());
            Shape table = matrix(spec.first() + batch.longest(), spec.width());
            return c.updated("x", x, c.normal(x))
                    .constant("table", table, table(table))
                    .call(call);
        });
    }

    /** Angles for so many positions and a head so wide. */
    static double[] table(Shape shape) {
        double[] values = new double[shape.size()];
        int half = shape.cols() / 2;
        for (int p = 0; p < shape.rows(); p++) {
            for (int d = 0; d < half; d++) {
                double angle = p * Math.pow(THETA, -2.0 * d / shape.cols());
                values[p * shape.cols() + d] = Math.cos(angle);
                values[p * shape.cols() + half + d] = Math.sin(angle);
            }
        }
        return values;
    }
}
