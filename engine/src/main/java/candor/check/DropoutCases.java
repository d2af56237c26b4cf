package candor.check;

import static candor.check.Shape.tokens;

import candor.ops.Batch;
import candor.ops.DropoutRates;
import candor.ops.Write;
import candor.ops.op.Dropout;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Dropout of the inputs of adapters: slots that drop little, much, and nothing, side by side and among bare sequences. */
final class DropoutCases {
    /**
     * @param first position of each sequence's first token
     * @param rates by slot
     */
    private record Spec(int width, int[] lengths, int[] slots, int first, double... rates) {
        String text() {
            return "N=%d I=%d slots %s rates %s%s"
                    .formatted(
                            Arrays.stream(lengths).sum(),
                            width,
                            Arrays.stream(slots)
                                    .mapToObj(slot -> slot == Batch.BASE ? "-" : String.valueOf(slot))
                                    .collect(Collectors.joining(",")),
                            Arrays.stream(rates).mapToObj(String::valueOf).collect(Collectors.joining(",")),
                            first == 0 ? "" : " from " + first);
        }
    }

    private static final List<Spec> SPECS = List.of(
            new Spec(1, new int[] {1}, new int[] {0}, 0, 0.5),
            new Spec(7, new int[] {2, 3}, new int[] {0, 0}, 0, 0.1),
            new Spec(31, new int[] {1, 4}, new int[] {0, 1}, 65, 0.05, 0.75),
            new Spec(33, new int[] {3, 2, 2, 5}, new int[] {1, Batch.BASE, 0, 7}, 0, 0, 0.3),
            new Spec(203, new int[] {40, 73}, new int[] {2, 1}, 0, 0.5, 0.01, 0.99),
            new Spec(8, new int[] {5}, new int[] {Batch.BASE}, 0, 0.5));

    /** Of no layer in particular; with a bit in its upper half. */
    private static final int MODULE = 0x10003;

    private DropoutCases() {}

    static Stream<Case> cases() {
        return SPECS.stream().flatMap(spec -> Stream.of(of(spec, Write.SET), of(spec, Write.ADD)));
    }

    private static Case of(Spec spec, Write write) {
        long[] keys = new long[spec.lengths().length];
        Arrays.setAll(keys, s -> 0x9e3779b97f4a7c15L * (s + 1));
        Batch batch = Packed.of(spec.lengths(), spec.slots(), 1, Packed.Targets.NONE, spec.first())
                .dropping(keys);
        Case.Builder c = Case.of("dropout", spec.text() + " " + write, batch);
        Shape x = tokens(batch, spec.width());
        switch (write) {
            case SET -> c.out("y", x);
            case ADD -> c.updated("y", x, c.normal(x));
        }
        DropoutRates dropout = new DropoutRates(MODULE, spec.rates());
        return c.in("x", x, c.normal(x)).call((v, b) -> new Dropout(v.at("y"), v.at("x"), dropout, b, write));
    }
}
