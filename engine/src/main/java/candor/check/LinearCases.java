package candor.check;

import static candor.check.Shape.matrix;
import static candor.check.Shape.tokens;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.ops.Write;
import candor.ops.op.Epilogue;
import candor.ops.op.GeGlu;
import candor.ops.op.Linear;
import candor.ops.op.LinearBackward;
import candor.ops.op.Linears;
import candor.ops.op.LinearsBackward;
import candor.ops.op.Rope;
import candor.ops.op.SwiGlu;
import candor.ops.weight.PackedForm;
import candor.ops.weight.PlainForm;
import candor.ops.weight.Siblings;
import candor.ops.weight.WeightForm;
import candor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Linear layers: bare, with bias, with a residual, with adapters of different ranks side by side. A model's biases are
 * float32 copies, whatever its file holds.
 */
final class LinearCases {
    /** An adapter's part in the layer; a null entry is an adapter that does not touch it. */
    private record Adapter(int rank, boolean trained) {}

    private enum Residual {
        NONE,
        OWN,
        IN_PLACE
    }

    /**
     * @param type     the form of the weight, or null where the adapters are asked for alone
     * @param adapters by slot, or null where the layer has no adapters at all
     */
    private record Spec(
            int in,
            int out,
            WeightForm type,
            boolean bias,
            Residual residual,
            int[] lengths,
            int[] slots,
            List<Adapter> adapters) {
        Spec(int in, int out, WeightForm type, boolean bias, Residual residual, int... lengths) {
            this(in, out, type, bias, residual, lengths, Packed.bare(lengths.length), null);
        }

        Batch batch() {
            return Packed.of(lengths, slots, 1, Packed.Targets.NONE, 0);
        }

        boolean trained() {
            return adapters != null && adapters.stream().anyMatch(adapter -> adapter != null && adapter.trained());
        }

        String text() {
            String adapted = adapters == null
                    ? ""
                    : Arrays.stream(slots).mapToObj(Spec::slot).collect(Collectors.joining(",", " slots ", " ranks "))
                            + adapters.stream().map(Spec::rank).collect(Collectors.joining(","));
            return "N=%d I=%d O=%d w %s%s"
                    .formatted(batch().tokenCount(), in, out, type == null ? "none" : type, adapted);
        }

        private static String slot(int slot) {
            return slot == Batch.BASE ? "-" : String.valueOf(slot);
        }

        private static String rank(Adapter adapter) {
            return adapter == null ? "-" : adapter.rank() + (adapter.trained() ? "" : " frozen");
        }
    }

    private static final List<Spec> SPECS = List.of(
            new Spec(1, 1, PlainForm.F32, false, Residual.NONE, 1),
            new Spec(7, 3, PlainForm.F32, true, Residual.NONE, 2),
            new Spec(31, 33, PlainForm.BF16, false, Residual.OWN, 2, 1, 4),
            new Spec(113, 203, PlainForm.F16, true, Residual.IN_PLACE, 1, 32),
            new Spec(203, 113, PlainForm.BF16, false, Residual.NONE, 1),
            new Spec(64, 128, PlainForm.F32, true, Residual.OWN, 31, 1),
            // Trained, untouched, frozen, untouched by being beyond the list; slot 3 is in no sequence.
            new Spec(
                    33,
                    31,
                    PlainForm.F32,
                    true,
                    Residual.OWN,
                    new int[] {3, 1, 2, 5, 4, 2},
                    new int[] {0, 0, Batch.BASE, 2, 1, 7},
                    Arrays.asList(new Adapter(3, true), null, new Adapter(17, false), new Adapter(8, true))),
            new Spec(
                    113,
                    33,
                    PlainForm.BF16,
                    false,
                    Residual.IN_PLACE,
                    new int[] {1, 2, 7, 3},
                    new int[] {3, 2, 1, 0},
                    List.of(new Adapter(1, true), new Adapter(4, true), new Adapter(16, true), new Adapter(64, true))),
            new Spec(
                    7,
                    2,
                    PlainForm.F16,
                    false,
                    Residual.NONE,
                    new int[] {1},
                    new int[] {0},
                    List.of(new Adapter(8, true))),
            new Spec(
                    31,
                    7,
                    PlainForm.F32,
                    false,
                    Residual.NONE,
                    new int[] {4, 3},
                    new int[] {1, Batch.BASE},
                    List.of(new Adapter(8, false), new Adapter(16, false))),
            new Spec(
                    31,
                    7,
                    PlainForm.F32,
                    false,
                    Residual.NONE,
                    new int[] {4, 3},
                    new int[] {0, 1},
                    Arrays.asList(null, null)),
            new Spec(
                    31,
                    7,
                    PlainForm.F32,
                    true,
                    Residual.NONE,
                    new int[] {4, 3},
                    new int[] {Batch.BASE, Batch.BASE},
                    List.of(new Adapter(8, true))),
            new Spec(
                    203,
                    331,
                    PlainForm.BF16,
                    false,
                    Residual.OWN,
                    new int[] {50, 40, 23},
                    new int[] {Batch.BASE, 0, 0},
                    List.of(new Adapter(16, true))),
            new Spec(
                    33, 7, null, false, Residual.IN_PLACE, new int[] {2}, new int[] {0}, List.of(new Adapter(8, true))),
            new Spec(
                    31,
                    113,
                    null,
                    false,
                    Residual.IN_PLACE,
                    new int[] {3, 1, 40, 5, 4},
                    new int[] {0, Batch.BASE, 1, 2, 7},
                    Arrays.asList(new Adapter(3, true), new Adapter(17, true), null)),
            new Spec(
                    203,
                    331,
                    null,
                    true,
                    Residual.NONE,
                    new int[] {70, 43},
                    new int[] {1, 0},
                    List.of(new Adapter(64, false), new Adapter(16, true))),
            // Blocks that end within rows, and with them; a last piece of a block, and of a byte; a token, some, more
            // than a block.
            new Spec(1, 1, PackedForm.NF4, false, Residual.NONE, 1),
            new Spec(31, 33, PackedForm.NF4, true, Residual.OWN, 1),
            new Spec(128, 203, PackedForm.NF4, false, Residual.NONE, 1),
            new Spec(192, 96, PackedForm.NF4, true, Residual.NONE, 2, 5),
            new Spec(203, 331, PackedForm.NF4, false, Residual.NONE, 33),
            new Spec(320, 113, PackedForm.NF4, false, Residual.OWN, 90, 31),
            new Spec(
                    256,
                    96,
                    PackedForm.NF4,
                    false,
                    Residual.IN_PLACE,
                    new int[] {50, 40, 3},
                    new int[] {Batch.BASE, 0, 1},
                    List.of(new Adapter(16, true), new Adapter(3, true))),
            new Spec(1, 1, PackedForm.INT8, false, Residual.NONE, 1),
            new Spec(113, 203, PackedForm.INT8, true, Residual.OWN, 1),
            new Spec(203, 113, PackedForm.INT8, false, Residual.NONE, 3, 70),
            new Spec(
                    64,
                    97,
                    PackedForm.INT8,
                    false,
                    Residual.NONE,
                    new int[] {5, 2},
                    new int[] {0, Batch.BASE},
                    List.of(new Adapter(8, true))),
            new Spec(1, 1, PackedForm.FP8, false, Residual.NONE, 1),
            new Spec(113, 203, PackedForm.FP8, true, Residual.OWN, 1),
            new Spec(300, 260, PackedForm.FP8, false, Residual.NONE, 2, 70),
            new Spec(
                    256,
                    129,
                    PackedForm.FP8,
                    false,
                    Residual.NONE,
                    new int[] {5, 2},
                    new int[] {0, Batch.BASE},
                    List.of(new Adapter(8, true))));

    private LinearCases() {}

    static Stream<Case> forward() {
        return SPECS.stream().map(LinearCases::forward);
    }

    private static Case forward(Spec spec) {
        Batch batch = spec.batch();
        String text = spec.text()
                + (spec.bias() ? " bias" : "")
                + switch (spec.residual()) {
                    case NONE -> "";
                    case OWN -> " residual";
                    case IN_PLACE -> " residual is y";
                };
        Case.Builder c = Case.of("linear", text, batch);
        Shape x = tokens(batch, spec.in());
        Shape y = tokens(batch, spec.out());
        Shape w = matrix(spec.out(), spec.in());
        switch (spec.residual()) {
            case NONE -> c.out("y", y);
            case OWN -> c.in("residual", y, c.normal(y)).out("y", y);
            case IN_PLACE -> c.in("residual", y, c.normal(y)).outInPlaceOf("residual", "y", y, 0);
        }
        if (spec.adapters() != null) {
            c.out("t", tokens(batch, paddedRank(spec)));
        }
        c.in("x", x, c.normal(x));
        if (spec.type() != null) {
            c.weight("w", w, spec.type(), c.normal(w, 1 / Math.sqrt(spec.in())));
        }
        if (spec.bias()) {
            Shape bias = matrix(1, spec.out());
            c.constant("bias", bias, c.normal(bias));
        }
        factors(c, spec);
        return c.call((v, b) -> new Linear(
                v.at("y"), v.at("t"), v.at("x"), v.weight("w"), v.at("bias"), v.at("residual"), lora(spec, v), b));
    }

    /** Layers beside one another: one, two, more; a token, some, more than a block; one with adapters among them. */
    static Stream<Case> siblings() {
        return Stream.of(
                siblings(PlainForm.F32, false, 7, new int[] {1}, 1),
                siblings(PlainForm.F32, false, 7, new int[] {5}, 31, 1, 40),
                siblings(PlainForm.BF16, false, 33, new int[] {2, 1, 3}, 65, 17, 17),
                siblings(PlainForm.BF16, false, 300, new int[] {20, 12}, 3, 150),
                siblings(PlainForm.F32, false, 31, new int[] {30, 10}, 9, 50),
                siblings(PlainForm.F32, true, 31, new int[] {3, 2}, 20, 33, 5),
                siblings(PackedForm.NF4, false, 128, new int[] {1}, 96, 32, 33),
                siblings(PackedForm.NF4, true, 96, new int[] {3, 20}, 64, 33),
                siblings(PackedForm.INT8, false, 97, new int[] {1}, 96, 32, 33),
                siblings(PackedForm.FP8, false, 160, new int[] {2, 2}, 130, 33),
                turned(PlainForm.F32, 7, new int[] {1}, 2, 1, 1),
                turned(PlainForm.BF16, 33, new int[] {5, 3}, 6, 3, 1),
                turned(PlainForm.F32, 40, new int[] {20, 13}, 32, 2, 1),
                turned(PlainForm.BF16, 72, new int[] {40, 1, 30}, 64, 3, 1),
                turned(PlainForm.F32, 31, new int[] {33}, 128, 1, 1),
                turned(PackedForm.NF4, 64, new int[] {3, 2}, 16, 3, 1),
                gated(PlainForm.F32, 1, 1, false, true, 1),
                gated(PlainForm.BF16, 33, 31, true, true, 5, 3),
                gated(PlainForm.F32, 72, 113, false, false, 20, 13),
                gated(PlainForm.BF16, 41, 136, true, false, 70, 1),
                gated(PackedForm.INT8, 31, 33, false, true, 3, 2));
    }

    /** A gate and what goes through it, of so many columns each; the gate has a bias. */
    private static Case gated(WeightForm type, int in, int width, boolean gelu, boolean kept, int... lengths) {
        Batch batch = Packed.of(lengths, Packed.bare(lengths.length), 1, Packed.Targets.NONE, 0);
        String text = "%d to 2x%d, %s%s".formatted(in, width, gelu ? "geGlu" : "swiGlu", kept ? "" : ", not kept");
        Case.Builder c = Case.of("linears", text, batch);
        Shape x = tokens(batch, in);
        Shape both = tokens(batch, 2 * width);
        if (kept) {
            c.out("gateUp", both);
        } else {
            c.scratch("gateUp", both);
        }
        c.out("y", tokens(batch, width)).in("x", x, c.normal(x));
        Shape w = matrix(width, in);
        for (int i = 0; i < 2; i++) {
            c.weight("w" + i, w, type, c.normal(w, 1 / Math.sqrt(in)));
        }
        Shape bias = matrix(1, width);
        c.constant("bias", bias, c.normal(bias));
        return c.call((v, b) -> {
            Tensor made = v.at("gateUp");
            List<Linears.Part> parts = List.of(
                    new Linears.Part(made.columns(0, width), null, v.at("bias"), null),
                    new Linears.Part(made.columns(width, 2 * width), null, null, null));
            Epilogue then = gelu ? new GeGlu(v.at("y"), made) : new SwiGlu(v.at("y"), made);
            return new Linears(v.at("x"), weights(v, 2), parts, then, kept, b);
        });
    }

    /** Queries, keys and values of heads so wide, of which queries and keys turn; queries have a bias. */
    private static Case turned(WeightForm type, int in, int[] lengths, int width, int queries, int keys) {
        Batch batch = Packed.of(lengths, Packed.bare(lengths.length), 1, Packed.Targets.NONE, 3);
        int[] heads = {queries, keys, keys};
        String text = "%d to %s heads of %d, rope".formatted(in, Arrays.toString(heads), width);
        Case.Builder c = Case.of("linears", text, batch);
        Shape x = tokens(batch, in);
        int all = IntStream.of(heads).sum();
        c.out("y", tokens(batch, all * width)).in("x", x, c.normal(x));
        for (int i = 0; i < heads.length; i++) {
            Shape w = matrix(heads[i] * width, in);
            c.weight("w" + i, w, type, c.normal(w, 1 / Math.sqrt(in)));
        }
        Shape bias = matrix(1, queries * width);
        Shape table = matrix(3 + batch.longest(), width);
        c.constant("bias", bias, c.normal(bias)).constant("table", table, RopeCases.table(table));
        return c.call((v, b) -> {
            List<Linears.Part> parts = new ArrayList<>();
            int end = 0;
            for (int i = 0; i < heads.length; i++) {
                int start = end;
                end += heads[i] * width;
                parts.add(new Linears.Part(v.at("y").columns(start, end), null, i == 0 ? v.at("bias") : null, null));
            }
            Rope rope = new Rope(v.at("y").columns(0, (queries + keys) * width), v.at("table"), b);
            return new Linears(v.at("x"), weights(v, heads.length), parts, rope, true, b);
        });
    }

    /**
     * @param adapted whether the second layer has an adapter, for the tokens of every sequence
     * @param outs    outputs of each layer; the first has a bias, and outputs lie side by side
     */
    private static Case siblings(WeightForm type, boolean adapted, int in, int[] lengths, int... outs) {
        int rank = 4;
        Batch batch = Packed.of(
                lengths, adapted ? new int[lengths.length] : Packed.bare(lengths.length), 1, Packed.Targets.NONE, 0);
        Case.Builder c = Case.of("linears", in + " to " + Arrays.toString(outs) + (adapted ? " adapted" : ""), batch);
        Shape x = tokens(batch, in);
        for (int i = 0; i < outs.length; i++) {
            c.out("y" + i, tokens(batch, outs[i]));
        }
        if (adapted) {
            c.out("t", tokens(batch, Lora.RANK_STEP));
        }
        c.in("x", x, c.normal(x));
        for (int i = 0; i < outs.length; i++) {
            Shape w = matrix(outs[i], in);
            c.weight("w" + i, w, type, c.normal(w, 1 / Math.sqrt(in)));
        }
        Shape bias = matrix(1, outs[0]);
        c.constant("bias", bias, c.normal(bias));
        if (adapted) {
            Shape a = matrix(rank, in);
            Shape b = matrix(outs[1], rank);
            c.in("a", a, c.normal(a, 1 / Math.sqrt(in))).in("b", b, c.normal(b)).float32("a", "b");
        }
        return c.call((v, b) -> {
            List<Linears.Part> parts = new ArrayList<>();
            for (int i = 0; i < outs.length; i++) {
                Lora lora =
                        adapted && i == 1 ? new Lora(new Lora.Factors(v.at("a"), v.at("b"), 0.5f, null, null)) : null;
                parts.add(new Linears.Part(
                        v.at("y" + i), lora == null ? null : v.at("t"), i == 0 ? v.at("bias") : null, lora));
            }
            return new Linears(v.at("x"), weights(v, outs.length), parts, b);
        });
    }

    private static Siblings weights(Values v, int count) {
        return new Siblings(
                IntStream.range(0, count).mapToObj(i -> v.weight("w" + i)).toList());
    }

    /** The way back through layers beside one another: set and added, with adapters on some, and where nobody wants dx. */
    static Stream<Case> siblingsBackward() {
        return Stream.of(
                siblingsBackward(PlainForm.F32, false, Write.SET, true, 7, new int[] {1}, 1),
                siblingsBackward(PlainForm.F32, false, Write.ADD, true, 7, new int[] {5}, 31, 1, 40),
                siblingsBackward(PlainForm.BF16, true, Write.SET, true, 33, new int[] {2, 1, 3}, 65, 17, 17),
                siblingsBackward(PlainForm.F16, true, Write.ADD, true, 40, new int[] {20, 13}, 3, 50),
                siblingsBackward(PlainForm.F32, true, Write.SET, false, 31, new int[] {3, 2}, 20, 33, 5),
                siblingsBackward(PackedForm.NF4, true, Write.SET, true, 128, new int[] {20, 13}, 96, 33),
                siblingsBackward(PackedForm.INT8, false, Write.ADD, true, 97, new int[] {3}, 64, 31),
                siblingsBackward(PackedForm.FP8, true, Write.SET, true, 130, new int[] {3, 2}, 160, 33));
    }

    /**
     * @param adapted whether the layers but the first have adapters that are trained, for the tokens of every sequence
     * @param wanted  whether anybody wants dx
     */
    private static Case siblingsBackward(
            WeightForm type, boolean adapted, Write write, boolean wanted, int in, int[] lengths, int... outs) {
        int rank = 4;
        Batch batch = Packed.of(
                lengths, adapted ? new int[lengths.length] : Packed.bare(lengths.length), 1, Packed.Targets.NONE, 0);
        String text = in + " to " + Arrays.toString(outs) + (adapted ? " adapted " : " ") + (wanted ? write : "no dx");
        Case.Builder c = Case.of("linearsBackward", text, batch);
        Shape x = tokens(batch, in);
        Shape t = tokens(batch, Lora.RANK_STEP);
        if (wanted) {
            switch (write) {
                case SET -> c.out("dx", x);
                case ADD -> c.updated("dx", x, c.normal(x));
            }
        }
        c.in("x", x, c.normal(x)).scratch("dt", t);
        for (int i = 0; i < outs.length; i++) {
            Shape dy = tokens(batch, outs[i]);
            Shape w = matrix(outs[i], in);
            c.in("dy" + i, dy, c.normal(dy)).weight("w" + i, w, type, c.normal(w, 1 / Math.sqrt(outs[i])));
            if (adapted && i > 0) {
                Shape a = matrix(rank, in);
                Shape b = matrix(outs[i], rank);
                c.in("t" + i, t, c.normal(t))
                        .in("a" + i, a, c.normal(a, 1 / Math.sqrt(in)))
                        .in("b" + i, b, c.normal(b))
                        .float32("a" + i, "b" + i)
                        .gradient("da" + i, 0, a, c.normal(a))
                        .gradient("db" + i, 0, b, c.normal(b));
            }
        }
        return c.call((v, batched) -> {
            List<LinearsBackward.Part> parts = new ArrayList<>();
            for (int i = 0; i < outs.length; i++) {
                Lora lora = v.at("a" + i) == null
                        ? null
                        : new Lora(
                                new Lora.Factors(v.at("a" + i), v.at("b" + i), 0.5f, v.at("da" + i), v.at("db" + i)));
                parts.add(new LinearsBackward.Part(
                        lora == null ? null : v.at("dt"), v.at("dy" + i), v.at("t" + i), lora));
            }
            return new LinearsBackward(v.at("dx"), v.at("x"), weights(v, outs.length), parts, batched, write);
        });
    }

    static Stream<Case> backward() {
        return SPECS.stream().flatMap(spec -> {
            Case forward = forward(spec);
            double[] t = spec.adapters() == null ? null : forward.truth().get("t");
            Case set = backward(spec, forward, t, Write.SET, true);
            Case add = backward(spec, forward, t, Write.ADD, true);
            return spec.adapters() == null
                    ? Stream.of(set, add)
                    : Stream.of(set, add, backward(spec, forward, t, Write.SET, false));
        });
    }

    /**
     * @param kept   t from the forward pass, or null
     * @param wanted whether anybody wants dx
     */
    private static Case backward(Spec spec, Case forward, double[] kept, Write write, boolean wanted) {
        Batch batch = spec.batch();
        Case.Builder c = Case.of("linearBackward", spec.text() + (wanted ? " " + write : " no dx"), batch);
        Shape dx = tokens(batch, spec.in());
        Shape dy = tokens(batch, spec.out());
        if (wanted) {
            switch (write) {
                case SET -> c.out("dx", dx);
                case ADD -> c.updated("dx", dx, c.normal(dx));
            }
        }
        if (spec.adapters() != null) {
            Shape t = tokens(batch, paddedRank(spec));
            // Rows without factors are NaN here: nobody wrote them, nobody may read them.
            c.scratch("dt", t).in("t", t, kept);
        }
        double[] x = forward.arg("x").values();
        if (!spec.trained()) {
            x = new double[x.length];
            Arrays.fill(x, Double.NaN);
        }
        c.in("dy", dy, c.normal(dy)).in("x", tokens(batch, spec.in()), x);
        if (spec.type() != null) {
            c.weight(
                    "w",
                    matrix(spec.out(), spec.in()),
                    spec.type(),
                    forward.arg("w").values());
        }
        for (Arg arg : forward.args()) {
            if (arg.name().matches("[ab]\\d")) {
                c.in(arg.name(), arg.shape(), arg.values()).float32(arg.name());
            }
        }
        gradients(c, spec);
        return c.call((v, b) -> new LinearBackward(
                v.at("dx"), v.at("dt"), v.at("dy"), v.at("x"), v.at("t"), v.weight("w"), lora(spec, v), b, write));
    }

    private static void factors(Case.Builder c, Spec spec) {
        for (int slot = 0; spec.adapters() != null && slot < spec.adapters().size(); slot++) {
            Adapter adapter = spec.adapters().get(slot);
            if (adapter != null) {
                Shape a = matrix(adapter.rank(), spec.in());
                Shape b = matrix(spec.out(), adapter.rank());
                c.in("a" + slot, a, c.normal(a, 1 / Math.sqrt(spec.in())))
                        .in("b" + slot, b, c.normal(b))
                        .float32("a" + slot, "b" + slot);
            }
        }
    }

    /** What was in the gradients before, of the size of what is added. */
    private static void gradients(Case.Builder c, Spec spec) {
        for (int slot = 0; spec.adapters() != null && slot < spec.adapters().size(); slot++) {
            Adapter adapter = spec.adapters().get(slot);
            if (adapter != null && adapter.trained()) {
                Shape da = matrix(adapter.rank(), spec.in());
                Shape db = matrix(spec.out(), adapter.rank());
                c.gradient("da" + slot, slot, da, c.normal(da)).gradient("db" + slot, slot, db, c.normal(db));
            }
        }
    }

    private static Lora lora(Spec spec, Values v) {
        if (spec.adapters() == null) {
            return null;
        }
        Lora.Factors[] slots = new Lora.Factors[spec.adapters().size()];
        for (int slot = 0; slot < slots.length; slot++) {
            if (spec.adapters().get(slot) != null) {
                // A scale of its own for each slot, so that taking another's shows.
                float scale = 0.5f + slot;
                slots[slot] = new Lora.Factors(
                        v.at("a" + slot), v.at("b" + slot), scale, v.at("da" + slot), v.at("db" + slot));
            }
        }
        return new Lora(slots);
    }

    private static int paddedRank(Spec spec) {
        int rank = 0;
        for (Adapter adapter : spec.adapters()) {
            rank = Math.max(rank, adapter == null ? 0 : adapter.rank());
        }
        return Math.ceilDiv(rank, Lora.RANK_STEP) * Lora.RANK_STEP;
    }
}
