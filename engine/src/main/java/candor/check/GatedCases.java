package candor.check;

import static candor.check.Shape.tokens;

import candor.ops.Batch;
import candor.ops.op.Op;
import candor.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;

/** The gated units; gates up to ±100, where exp(−gate) leaves float32. */
final class GatedCases {
    private record Spec(int n, int width, double size) {
        String text() {
            return "N=%d F=%d%s".formatted(n, width, size == 1 ? "" : " gate~" + size);
        }
    }

    private static final List<Spec> SPECS = List.of(
            new Spec(1, 1, 1),
            new Spec(2, 7, 1),
            new Spec(7, 31, 1),
            new Spec(33, 113, 1),
            new Spec(3, 203, 40),
            new Spec(2, 33, 0),
            new Spec(113, 331, 1));

    /** The operation that sets y (N,F). */
    interface Forward {
        Op of(Tensor y, Tensor gateUp);
    }

    /** The operation that sets dGateUp (N,2F). */
    interface Backward {
        Op of(Tensor dGateUp, Tensor dy, Tensor gateUp);
    }

    private GatedCases() {}

    static Stream<Case> forward(String name, Forward op) {
        return SPECS.stream().map(spec -> {
            Batch batch = Packed.rows(spec.n());
            Case.Builder c = Case.of(name, spec.text(), batch);
            Shape gateUp = tokens(batch, 2 * spec.width());
            return c.out("y", tokens(batch, spec.width()))
                    .in("gateUp", gateUp, c.normal(gateUp, spec.size()))
                    .call((v, b) -> op.of(v.at("y"), v.at("gateUp")));
        });
    }

    static Stream<Case> backward(String name, Backward op) {
        return Stream.concat(
                SPECS.stream().map(spec -> backward(name, op, spec, false)),
                Stream.of(backward(name, op, new Spec(7, 33, 1), true)));
    }

    private static Case backward(String name, Backward op, Spec spec, boolean inPlace) {
        Batch batch = Packed.rows(spec.n());
        Case.Builder c = Case.of(name, spec.text() + (inPlace ? " dGateUp is gateUp" : ""), batch);
        Shape gateUp = tokens(batch, 2 * spec.width());
        Shape dy = tokens(batch, spec.width());
        c.in("gateUp", gateUp, c.normal(gateUp, spec.size())).in("dy", dy, c.normal(dy));
        if (inPlace) {
            c.outInPlaceOf("gateUp", "dGateUp", gateUp, 0);
        } else {
            c.out("dGateUp", gateUp);
        }
        return c.call((v, b) -> op.of(v.at("dGateUp"), v.at("dy"), v.at("gateUp")));
    }
}
