package candor.check;

import static candor.check.Shape.matrix;
import static candor.check.Shape.targets;
import static candor.check.Shape.tokens;

import candor.ops.Batch;
import candor.ops.op.Affine;
import candor.ops.op.Embed;
import candor.ops.op.GatherTargets;
import candor.ops.op.ScatterTargets;
import candor.ops.op.Zero;
import candor.tensor.DType;
import java.util.stream.Stream;

/** Operations that only move rows: every bit must be right. */
final class RowCases {
    private RowCases() {}

    static Stream<Case> embed() {
        return Stream.of(
                embed(1, 1, 1, DType.F32),
                embed(2, 203, 7, DType.BF16),
                embed(7, 31, 113, DType.F16),
                embed(33, 113, 64, DType.BF16),
                embed(203, 113, 331, DType.F32));
    }

    private static Case embed(int n, int vocabulary, int cols, DType type) {
        int[] lengths = n == 1 ? new int[] {1} : new int[] {1, n - 1};
        Batch batch = Packed.of(lengths, Packed.bare(lengths.length), vocabulary, Packed.Targets.NONE, 0);
        String text = "N=%d V=%d C=%d %s".formatted(n, vocabulary, cols, type);
        Case.Builder c = Case.of("embed", text, batch).exact();
        Shape table = matrix(vocabulary, cols);
        return c.out("x", tokens(batch, cols))
                .weight("table", table, type, c.normal(table))
                .call((v, b) -> new Embed(v.at("x"), v.weight("table"), b));
    }

    static Stream<Case> gatherTargets() {
        return eachKind((batch, text) -> {
            Case.Builder c = Case.of("gatherTargets", text, batch).exact();
            Shape x = tokens(batch, 31);
            return c.out("y", targets(batch, 31))
                    .in("x", x, c.normal(x))
                    .call((v, b) -> new GatherTargets(v.at("y"), v.at("x"), b));
        });
    }

    static Stream<Case> scatterTargets() {
        return eachKind((batch, text) -> {
            Case.Builder c = Case.of("scatterTargets", text, batch).exact();
            Shape dy = targets(batch, 31);
            return c.out("dx", tokens(batch, 31))
                    .in("dy", dy, c.normal(dy))
                    .call((v, b) -> new ScatterTargets(v.at("dx"), v.at("dy"), b));
        });
    }

    private interface OfBatch {
        Case of(Batch batch, String text);
    }

    private static Stream<Case> eachKind(OfBatch make) {
        int[] lengths = {1, 7, 2, 33};
        return Stream.of(
                make.of(Packed.of(new int[] {1}, Packed.bare(1), 7, Packed.Targets.ALL, 0), "N=1 C=31 all rows"),
                make.of(Packed.of(lengths, Packed.bare(4), 7, Packed.Targets.NONE, 0), "N=43 C=31 no rows"),
                make.of(Packed.of(lengths, Packed.bare(4), 7, Packed.Targets.SOME, 0), "N=43 C=31 some rows"),
                make.of(Packed.of(lengths, Packed.bare(4), 7, Packed.Targets.ALL, 0), "N=43 C=31 all rows"));
    }

    static Stream<Case> zero() {
        return Stream.of(zero(1, 1), zero(2, 7), zero(33, 113), zero(113, 203));
    }

    private static Case zero(int rows, int cols) {
        return Case.of("zero", rows + " x " + cols, Packed.one())
                .exact()
                .out("y", matrix(rows, cols))
                .call((v, b) -> new Zero(v.at("y")));
    }

    static Stream<Case> affine() {
        return Stream.of(
                affine(1, 1, true, true, true),
                affine(2, 7, true, false, false),
                affine(7, 31, false, true, false),
                affine(33, 113, true, true, false),
                affine(3, 203, true, false, true),
                affine(113, 64, false, true, true),
                affine(31, 331, true, true, true));
    }

    private static Case affine(int n, int cols, boolean scaled, boolean shifted, boolean added) {
        Batch batch = Packed.rows(n);
        String text = "N=%d O=%d%s%s%s"
                .formatted(n, cols, scaled ? " scale" : "", shifted ? " bias" : "", added ? " residual" : "");
        Case.Builder c = Case.of("affine", text, batch);
        Shape rows = tokens(batch, cols);
        Shape row = matrix(1, cols);
        c.updated("y", rows, c.normal(rows));
        if (scaled) {
            c.constant("scale", row, c.normal(row));
        }
        if (shifted) {
            c.constant("bias", row, c.normal(row));
        }
        if (added) {
            c.in("residual", rows, c.normal(rows));
        }
        return c.call((v, b) -> new Affine(v.at("y"), v.at("scale"), v.at("bias"), v.at("residual")));
    }
}
