package candor.check;

import static candor.check.Mutant.TOO_FAR;
import static candor.check.RowMutants.like;
import static candor.check.RowMutants.tensor;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.ops.Lora.Factors;
import candor.ops.Write;
import candor.ops.op.GeGlu;
import candor.ops.op.Linear;
import candor.ops.op.LinearBackward;
import candor.ops.op.Linears;
import candor.ops.op.LinearsBackward;
import candor.ops.op.Rope;
import candor.ops.op.SwiGlu;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Bugs in linear layers and their adapters. */
final class LinearMutants {
    private LinearMutants() {}

    /** How a wrong forward pass calls the right one. */
    private interface Forward {
        void run(Naive right, Tensor y, Tensor t, Tensor x, Weight w, Tensor bias, Tensor rest, Lora lora, Batch batch);
    }

    /** How a wrong backward pass calls the right one. */
    private interface Backward {
        void run(
                Naive right,
                Tensor dx,
                Tensor dt,
                Tensor dy,
                Tensor x,
                Tensor t,
                Weight w,
                Lora lora,
                Batch batch,
                Write write);
    }

    static Stream<Mutant> all() {
        return Stream.of(forward(), siblings(), backward(), siblingsBackward()).flatMap(mutants -> mutants);
    }

    private static Stream<Mutant> forward() {
        return Stream.of(
                forward(
                        "forgets the bias",
                        TOO_FAR,
                        (right, y, t, x, w, bias, rest, lora, batch) ->
                                right.linear(y, t, x, w, null, rest, lora, batch)),
                forward(
                        "forgets the residual",
                        TOO_FAR,
                        (right, y, t, x, w, bias, rest, lora, batch) ->
                                right.linear(y, t, x, w, bias, null, lora, batch)),
                forward(
                        "clears y before it reads the residual",
                        TOO_FAR,
                        (right, y, t, x, w, bias, rest, lora, batch) -> {
                            right.zero(y);
                            right.linear(y, t, x, w, bias, rest, lora, batch);
                        }),
                forward("gives every sequence the first adapter", "", (right, y, t, x, w, bias, rest, lora, batch) -> {
                    Factors first = lora == null ? null : lora.at(0);
                    Factors[] all = new Factors[8];
                    Arrays.fill(all, first);
                    right.linear(y, t, x, w, bias, rest, first == null ? lora : new Lora(all), batch);
                }),
                forward(
                        "forgets the scale",
                        TOO_FAR,
                        (right, y, t, x, w, bias, rest, lora, batch) ->
                                right.linear(y, t, x, w, bias, rest, changed(lora, f -> scaled(f, 1)), batch)),
                forward(
                        "leaves columns beyond the rank",
                        "was not written",
                        (right, y, t, x, w, bias, rest, lora, batch) ->
                                keepingT(t, () -> right.linear(y, t, x, w, bias, rest, lora, batch), (row, col) -> {
                                    Factors factors = slotOf(lora, batch, row);
                                    return factors == null || col < factors.rank();
                                })),
                forward(
                        "clears t in rows without factors",
                        "must be left alone",
                        (right, y, t, x, w, bias, rest, lora, batch) -> {
                            if (t != null) {
                                right.zero(t);
                            }
                            right.linear(y, t, x, w, bias, rest, lora, batch);
                        }),
                forward("rounds the weight to bfloat16", TOO_FAR, (right, y, t, x, w, bias, rest, lora, batch) -> {
                    Tensor rounded = like(tensor(w));
                    for (int o = 0; o < w.rows(); o++) {
                        for (int i = 0; i < w.cols(); i++) {
                            rounded.set(o, i, Arg.round(DType.BF16, tensor(w).get(o, i)));
                        }
                    }
                    right.linear(y, t, x, StoredWeight.of(rounded), bias, rest, lora, batch);
                }),
                forward(
                        "does nothing where the batch is one row",
                        "was not written",
                        (right, y, t, x, w, bias, rest, lora, batch) -> {
                            if (batch.tokenCount() > 1) {
                                right.linear(y, t, x, w, bias, rest, lora, batch);
                            }
                        }));
    }

    private static Stream<Mutant> backward() {
        return Stream.of(
                backward(
                        "sets dx where it should add",
                        TOO_FAR,
                        (right, dx, dt, dy, x, t, w, lora, batch, write) ->
                                right.linearBackward(dx, dt, dy, x, t, w, lora, batch, Write.SET)),
                backward(
                        "adds to dx where it should set",
                        "read before",
                        (right, dx, dt, dy, x, t, w, lora, batch, write) ->
                                right.linearBackward(dx, dt, dy, x, t, w, lora, batch, Write.ADD)),
                backward("wants dx", "threw", (right, dx, dt, dy, x, t, w, lora, batch, write) -> {
                    dx.get(0, 0);
                    right.linearBackward(dx, dt, dy, x, t, w, lora, batch, write);
                }),
                backward(
                        "reads x though nothing is trained",
                        "is NaN",
                        (right, dx, dt, dy, x, t, w, lora, batch, write) -> {
                            right.linearBackward(dx, dt, dy, x, t, w, lora, batch, write);
                            if (dx != null) {
                                dx.set(0, 0, dx.get(0, 0) + 0 * x.get(0, 0));
                            }
                        }),
                backward("sets da where it should add", TOO_FAR, (right, dx, dt, dy, x, t, w, lora, batch, write) -> {
                    eachTrained(lora, factors -> right.zero(factors.da()));
                    right.linearBackward(dx, dt, dy, x, t, w, lora, batch, write);
                }),
                backward("adds to da twice", TOO_FAR, (right, dx, dt, dy, x, t, w, lora, batch, write) -> {
                    right.linearBackward(dx, dt, dy, x, t, w, lora, batch, write);
                    right.linearBackward(null, dt, dy, x, t, w, lora, batch, write);
                }),
                backward(
                        "forgets the scale in dt",
                        TOO_FAR,
                        (right, dx, dt, dy, x, t, w, lora, batch, write) -> right.linearBackward(
                                dx, dt, dy, x, t, w, changed(lora, f -> scaled(f, 1)), batch, write)),
                backward("leaves the adapters out of dx", TOO_FAR, (right, dx, dt, dy, x, t, w, lora, batch, write) -> {
                    right.linearBackward(null, dt, dy, x, t, w, lora, batch, write);
                    right.linearBackward(dx, null, dy, x, t, w, null, batch, write);
                }),
                backward(
                        "trains frozen adapters",
                        "changed its input a",
                        (right, dx, dt, dy, x, t, w, lora, batch, write) -> {
                            right.linearBackward(dx, dt, dy, x, t, w, lora, batch, write);
                            if (lora != null
                                    && lora.at(2) != null
                                    && !lora.at(2).trained()) {
                                lora.at(2).a().set(0, 0, 9);
                            }
                        }),
                backward(
                        "touches the gradient of an adapter that is not in the batch",
                        TOO_FAR,
                        (right, dx, dt, dy, x, t, w, lora, batch, write) -> {
                            right.linearBackward(dx, dt, dy, x, t, w, lora, batch, write);
                            if (lora != null && lora.at(3) != null) {
                                lora.at(3).da().set(0, 0, 0);
                            }
                        }),
                backward("loses the last row of da and db", "da0", (right, dx, dt, dy, x, t, w, lora, batch, write) -> {
                    Tensor last = like(dy);
                    RowMutants.copyColumns(last, dy, 0, dy.cols());
                    for (int o = 0; o < dy.cols(); o++) {
                        last.set(dy.rows() - 1, o, 0);
                    }
                    right.linearBackward(dx, dt, dy, x, t, w, changed(lora, LinearMutants::frozen), batch, write);
                    right.linearBackward(null, dt, last, x, t, w, lora, batch, write);
                }),
                backward(
                        "sums da over the whole batch backwards",
                        "alone",
                        (right, dx, dt, dy, x, t, w, lora, batch, write) -> {
                            right.linearBackward(dx, dt, dy, x, t, w, lora, batch, write);
                            if (batch.sequenceCount() > 2) {
                                eachTrained(lora, f -> f.da().set(0, 0, Math.nextUp((float) f.da().get(0, 0))));
                            }
                        }));
    }

    private static Stream<Mutant> siblings() {
        return Stream.of(
                Mutant.of(Linears.class, "forgets the first bias", TOO_FAR, (right, op) -> {
                    for (int i = 0; i < op.parts().size(); i++) {
                        Linear l = op.linear(i);
                        right.linear(l.y(), l.t(), l.x(), l.w(), null, null, l.lora(), l.batch());
                    }
                }),
                Mutant.of(Linears.class, "forgets adapters", "", (right, op) -> {
                    for (int i = 0; i < op.parts().size(); i++) {
                        Linear l = op.linear(i);
                        right.linear(l.y(), null, l.x(), l.w(), l.bias(), null, null, l.batch());
                    }
                }),
                Mutant.of(Linears.class, "leaves the last layer out", "", (right, op) -> {
                    for (int i = 0; i < Math.max(1, op.parts().size() - 1); i++) {
                        right.run(op.linear(i));
                    }
                }),
                Mutant.of(Linears.class, "forgets what follows", TOO_FAR, (right, op) -> {
                    right.run(new Linears(op.x(), op.w(), op.parts(), op.batch()));
                }),
                Mutant.of(Linears.class, "turns the values, too", TOO_FAR, (right, op) -> {
                    right.run(op);
                    if (op.then() instanceof Rope rope) {
                        right.rope(op.parts().getLast().y(), rope.table(), rope.batch());
                    }
                }),
                Mutant.of(Linears.class, "lets the gate through what it gates", TOO_FAR, (right, op) -> {
                    right.run(op);
                    switch (op.then()) {
                        case SwiGlu gated -> right.swiGlu(gated.y(), swapped(gated.gateUp()));
                        case GeGlu gated -> right.geGlu(gated.y(), swapped(gated.gateUp()));
                        case null, default -> {}
                    }
                }),
                Mutant.of(Linears.class, "begins the next layer where the last one ended", TOO_FAR, (right, op) -> {
                    right.run(op);
                    if (op.parts().size() > 1) {
                        Tensor first = op.parts().getFirst().y();
                        op.parts().getLast().y().set(0, 0, first.get(0, first.cols() - 1));
                    }
                }));
    }

    private static Tensor swapped(Tensor gateUp) {
        int width = gateUp.cols() / 2;
        Tensor swapped = Tensor.allocate(Arena.ofAuto(), gateUp.dtype(), gateUp.rows(), gateUp.cols());
        for (int n = 0; n < gateUp.rows(); n++) {
            for (int c = 0; c < width; c++) {
                swapped.set(n, c, gateUp.get(n, width + c));
                swapped.set(n, width + c, gateUp.get(n, c));
            }
        }
        return swapped;
    }

    private static Stream<Mutant> siblingsBackward() {
        return Stream.of(
                Mutant.of(LinearsBackward.class, "goes back through the last layer alone", "", (right, op) -> {
                    right.run(op.linear(op.parts().size() - 1));
                }),
                Mutant.of(LinearsBackward.class, "sets dx for each layer", TOO_FAR, (right, op) -> {
                    for (int i = op.parts().size() - 1; i >= 0; i--) {
                        LinearBackward l = op.linear(i);
                        right.linearBackward(
                                l.dx(), l.dt(), l.dy(), l.x(), l.t(), l.w(), l.lora(), l.batch(), op.write());
                    }
                }),
                Mutant.of(
                        LinearsBackward.class,
                        "adds where it should set",
                        "read before",
                        (right, op) ->
                                right.linearsBackward(op.dx(), op.x(), op.w(), op.parts(), op.batch(), Write.ADD)));
    }

    private static Mutant forward(String bug, String reason, Forward wrong) {
        return Mutant.of(
                Linear.class,
                bug,
                reason,
                (right, op) -> wrong.run(
                        right, op.y(), op.t(), op.x(), op.w(), op.bias(), op.residual(), op.lora(), op.batch()));
    }

    private static Mutant backward(String bug, String reason, Backward wrong) {
        return Mutant.of(
                LinearBackward.class,
                bug,
                reason,
                (right, op) -> wrong.run(
                        right, op.dx(), op.dt(), op.dy(), op.x(), op.t(), op.w(), op.lora(), op.batch(), op.write()));
    }

    private interface Place {
        boolean holds(int row, int col);
    }

    /** Runs, and puts back what was in t wherever the place does not hold. */
    private static void keepingT(Tensor t, Runnable run, Place written) {
        float[][] before = t == null ? null : Floats.rows(t);
        run.run();
        if (t != null) {
            float[][] after = Floats.rows(t);
            for (int n = 0; n < t.rows(); n++) {
                for (int r = 0; r < t.cols(); r++) {
                    after[n][r] = written.holds(n, r) ? after[n][r] : before[n][r];
                }
            }
            Floats.put(t, after);
        }
    }

    private static Factors slotOf(Lora lora, Batch batch, int row) {
        return batch.runs().stream()
                .filter(run -> run.start() <= row && row < run.end())
                .map(run -> lora.at(run.slot()))
                .filter(factors -> factors != null)
                .findFirst()
                .orElse(null);
    }

    private static void eachTrained(Lora lora, Consumer<Factors> action) {
        for (int slot = 0; lora != null && slot < 8; slot++) {
            if (lora.at(slot) != null && lora.at(slot).trained()) {
                action.accept(lora.at(slot));
            }
        }
    }

    private static Lora changed(Lora lora, UnaryOperator<Factors> change) {
        return lora == null
                ? null
                : new Lora(IntStream.range(0, 8)
                        .mapToObj(slot -> lora.at(slot) == null ? null : change.apply(lora.at(slot)))
                        .toArray(Factors[]::new));
    }

    private static Factors scaled(Factors f, float scale) {
        return new Factors(f.a(), f.b(), scale, f.da(), f.db());
    }

    private static Factors frozen(Factors f) {
        return new Factors(f.a(), f.b(), f.scale(), null, null);
    }
}
