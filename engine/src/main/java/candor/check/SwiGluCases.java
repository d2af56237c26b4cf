package candor.check;

import static candor.check.Shape.tokens;

import candor.ops.Batch;
import java.util.List;
import java.util.stream.Stream;

/** The gated unit; gates up to ±100, where exp(−gate) leaves float32. */
final class SwiGluCases {
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

    private SwiGluCases() {}

    static Stream<Case> forward() {
        return SPECS.stream().map(spec -> {
            Batch batch = Packed.rows(spec.n());
            Case.Builder c = Case.of("swiGlu", spec.text(), batch);
            Shape gateUp = tokens(batch, 2 * spec.width());
            return c.out("y", tokens(batch, spec.width()))
                    .in("gateUp", gateUp, c.normal(gateUp, spec.size()))
                    .call((ops, v, b) -> ops.swiGlu(v.at("y"), v.at("gateUp")));
        });
    }

    static Stream<Case> backward() {
        return Stream.concat(
                SPECS.stream().map(spec -> backward(spec, false)), Stream.of(backward(new Spec(7, 33, 1), true)));
    }

    private static Case backward(Spec spec, boolean inPlace) {
        Batch batch = Packed.rows(spec.n());
        Case.Builder c = Case.of("swiGluBackward", spec.text() + (inPlace ? " dGateUp is gateUp" : ""), batch);
        Shape gateUp = tokens(batch, 2 * spec.width());
        Shape dy = tokens(batch, spec.width());
        c.in("gateUp", gateUp, c.normal(gateUp, spec.size())).in("dy", dy, c.normal(dy));
        if (inPlace) {
            c.outInPlaceOf("gateUp", "dGateUp", gateUp, 0);
        } else {
            c.out("dGateUp", gateUp);
        }
        return c.call((ops, v, b) -> ops.swiGluBackward(v.at("dGateUp"), v.at("dy"), v.at("gateUp")));
    }
}
