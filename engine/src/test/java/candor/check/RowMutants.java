package candor.check;

import static candor.check.Mutant.TOO_FAR;

import candor.ops.Batch;
import candor.ops.Write;
import candor.ops.op.Affine;
import candor.ops.op.Dropout;
import candor.ops.op.Embed;
import candor.ops.op.GatherTargets;
import candor.ops.op.GeGlu;
import candor.ops.op.GeGluBackward;
import candor.ops.op.RmsNorm;
import candor.ops.op.RmsNormBackward;
import candor.ops.op.Rope;
import candor.ops.op.RopeBackward;
import candor.ops.op.ScatterTargets;
import candor.ops.op.SwiGlu;
import candor.ops.op.SwiGluBackward;
import candor.ops.op.Zero;
import candor.ops.weight.PlainWeight;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.Stream;

/** Bugs in the operations that work row by row. */
final class RowMutants {
    private RowMutants() {}

    static Stream<Mutant> all() {
        return Stream.of(
                Mutant.of(Embed.class, "takes the row of the token before", TOO_FAR, (right, op) -> {
                    Batch batch = op.batch();
                    for (int n = 0; n < batch.tokenCount(); n++) {
                        Floats.put(op.x(), n, Floats.row(op.table(), batch.token(Math.max(0, n - 1))));
                    }
                }),
                Mutant.of(Embed.class, "reads bfloat16 as float16", TOO_FAR, (right, op) -> {
                    Tensor table = tensor(op.table());
                    DType type = table.dtype() == DType.BF16 ? DType.F16 : table.dtype();
                    right.embed(
                            op.x(),
                            StoredWeight.of(new Tensor(table.data(), type, table.rows(), table.cols(), table.stride())),
                            op.batch());
                }),
                Mutant.of(Affine.class, "scales the bias, too", TOO_FAR, (right, op) -> {
                    Tensor y = op.y();
                    right.affine(y, null, op.bias(), null);
                    right.affine(y, op.scale(), null, op.residual());
                }),
                Mutant.of(Affine.class, "takes the residual of the row before", TOO_FAR, (right, op) -> {
                    Tensor y = op.y();
                    Tensor residual = op.residual();
                    right.affine(y, op.scale(), op.bias(), null);
                    for (int n = 0; residual != null && n < y.rows(); n++) {
                        right.affine(y.rows(n, n + 1), null, null, residual.rows(Math.max(0, n - 1), Math.max(1, n)));
                    }
                }),
                Mutant.of(RmsNorm.class, "one element has the wrong sign", TOO_FAR, (right, op) -> {
                    right.run(op);
                    negateLast(op.y());
                }),
                Mutant.of(
                        RmsNorm.class,
                        "forgets eps",
                        "",
                        (right, op) -> right.rmsNorm(op.y(), op.rstd(), op.x(), op.w(), 0)),
                Mutant.of(
                        RmsNorm.class,
                        "does not keep rstd",
                        "rstd (0, 0) was not written",
                        (right, op) -> right.rmsNorm(op.y(), like(op.rstd()), op.x(), op.w(), op.eps())),
                Mutant.of(RmsNorm.class, "writes behind the row", "wrote outside y", (right, op) -> {
                    Tensor y = op.y();
                    right.run(op);
                    if (!y.dense()) {
                        y.data().set(ValueLayout.JAVA_FLOAT_UNALIGNED, y.offset(0, y.cols()), 0);
                    }
                }),
                Mutant.of(RmsNorm.class, "gives NaN for a row of zeros", "is NaN", (right, op) -> {
                    right.run(op);
                    if (op.x().get(0, 0) == 0) {
                        op.y().set(0, 0, Float.NaN);
                    }
                }),
                Mutant.of(RmsNorm.class, "a row depends on how many there are", "alone", (right, op) -> {
                    Tensor y = op.y();
                    right.run(op);
                    if (y.rows() > 4) {
                        y.set(0, 0, Math.nextUp((float) y.get(0, 0)));
                    }
                }),
                Mutant.of(RmsNorm.class, "gives other bytes with gaps", "has other bytes with gaps", (right, op) -> {
                    Tensor y = op.y();
                    right.run(op);
                    if (!y.dense()) {
                        y.set(0, 0, Math.nextUp((float) y.get(0, 0)));
                    }
                }),
                Mutant.of(RmsNorm.class, "gives other bytes the second time", "in a second run", everySecond()),
                Mutant.of(RmsNorm.class, "changes its input", "changed its input x", (right, op) -> {
                    Tensor x = op.x();
                    right.run(op);
                    x.set(0, 0, 1);
                }),
                Mutant.of(RmsNorm.class, "changes its weight", "changed its weight w", (right, op) -> {
                    Tensor w = op.w();
                    right.run(op);
                    w.set(0, 0, 1);
                }),
                Mutant.of(
                        RmsNormBackward.class,
                        "sets where it should add",
                        TOO_FAR,
                        (right, op) -> right.rmsNormBackward(op.dx(), op.dy(), op.x(), op.w(), op.rstd(), Write.SET)),
                Mutant.of(RmsNormBackward.class, "clears dx before it reads dy", TOO_FAR, (right, op) -> {
                    Tensor dx = op.dx();
                    if (op.write() == Write.SET) {
                        right.zero(dx);
                    }
                    right.rmsNormBackward(dx, op.dy(), op.x(), op.w(), op.rstd(), Write.ADD);
                }),
                Mutant.of(Rope.class, "takes the row for the position", TOO_FAR, (right, op) -> {
                    Batch batch = op.batch();
                    int[] lengths = new int[batch.sequenceCount()];
                    for (int s = 0; s < lengths.length; s++) {
                        lengths[s] = batch.length(s);
                    }
                    right.rope(op.x(), op.table(), Packed.sequences(lengths));
                }),
                Mutant.of(
                        RopeBackward.class,
                        "rotates forward",
                        TOO_FAR,
                        (right, op) -> right.rope(op.dx(), op.table(), op.batch())),
                Mutant.of(Dropout.class, "does not scale what is kept", TOO_FAR, (right, op) -> {
                    Tensor y = op.y();
                    right.run(op);
                    for (int n = 0; op.write() == Write.SET && n < y.rows(); n++) {
                        for (int i = 0; i < y.cols(); i++) {
                            y.set(n, i, y.get(n, i) == 0 ? 0 : op.x().get(n, i));
                        }
                    }
                }),
                Mutant.of(Dropout.class, "takes the row for the position", "", (right, op) -> {
                    Batch batch = op.batch();
                    int n = batch.tokenCount();
                    int[] rows = new int[n];
                    int[] starts = new int[batch.sequenceCount() + 1];
                    int[] slots = new int[batch.sequenceCount()];
                    long[] keys = new long[batch.sequenceCount()];
                    Arrays.setAll(rows, row -> row);
                    Arrays.setAll(starts, batch::start);
                    Arrays.setAll(slots, batch::slot);
                    Arrays.setAll(keys, batch::dropoutKey);
                    right.dropout(
                            op.y(),
                            op.x(),
                            op.rates(),
                            new Batch(new int[n], rows, new int[n], starts, slots).dropping(keys),
                            op.write());
                }),
                Mutant.of(
                        Dropout.class,
                        "sets where it should add",
                        TOO_FAR,
                        (right, op) -> right.dropout(op.y(), op.x(), op.rates(), op.batch(), Write.SET)),
                Mutant.of(Dropout.class, "copies rows that drop nothing", "must be left alone", (right, op) -> {
                    Tensor y = op.y();
                    for (int n = 0; op.write() == Write.SET && n < y.rows(); n++) {
                        Floats.put(y, n, Floats.row(op.x(), n));
                    }
                    right.run(op);
                }),
                Mutant.of(SwiGlu.class, "exp overflows for large gates", "is NaN", (right, op) -> {
                    Tensor y = op.y();
                    Tensor gateUp = op.gateUp();
                    for (int n = 0; n < y.rows(); n++) {
                        for (int f = 0; f < y.cols(); f++) {
                            float gate = (float) gateUp.get(n, f);
                            float exp = (float) Math.exp(gate);
                            y.set(n, f, gate * (exp / (1 + exp)) * (float) gateUp.get(n, y.cols() + f));
                        }
                    }
                }),
                Mutant.of(SwiGluBackward.class, "reads the gate after writing over it", TOO_FAR, (right, op) -> {
                    Tensor dGateUp = op.dGateUp();
                    Tensor dy = op.dy();
                    Tensor gateUp = op.gateUp();
                    Tensor result = like(dGateUp);
                    right.swiGluBackward(result, dy, gateUp);
                    copyColumns(dGateUp, result, 0, dy.cols());
                    right.swiGluBackward(result, dy, gateUp);
                    copyColumns(dGateUp, result, dy.cols(), 2 * dy.cols());
                }),
                Mutant.of(GeGlu.class, "takes the logistic form of gelu", TOO_FAR, (right, op) -> {
                    Tensor y = op.y();
                    Tensor gateUp = op.gateUp();
                    for (int n = 0; n < y.rows(); n++) {
                        for (int f = 0; f < y.cols(); f++) {
                            double gate = gateUp.get(n, f);
                            y.set(n, f, gate / (1 + Math.exp(-1.702 * gate)) * gateUp.get(n, y.cols() + f));
                        }
                    }
                }),
                Mutant.of(
                        GeGluBackward.class,
                        "takes SiLU's slope",
                        TOO_FAR,
                        (right, op) -> right.swiGluBackward(op.dGateUp(), op.dy(), op.gateUp())),
                Mutant.of(GatherTargets.class, "takes the first rows", TOO_FAR, (right, op) -> {
                    Tensor y = op.y();
                    for (int i = 0; i < y.rows(); i++) {
                        Floats.put(y, i, Floats.row(op.x(), i));
                    }
                }),
                Mutant.of(
                        ScatterTargets.class, "leaves the other rows as they were", "was not written", (right, op) -> {
                            Batch batch = op.batch();
                            for (int i = 0; i < batch.targetCount(); i++) {
                                Floats.put(op.dx(), batch.targetRow(i), Floats.row(op.dy(), i));
                            }
                        }),
                Mutant.of(Zero.class, "clears the gaps, too", "wrote outside y", (right, op) -> {
                    Tensor y = op.y();
                    y.data().asSlice(0, y.bytes()).fill((byte) 0);
                }),
                Mutant.of(Zero.class, "takes the rows to be dense", "was not written", (right, op) -> {
                    Tensor y = op.y();
                    y.data().asSlice(0, 4 * (y.elements() - 1)).fill((byte) 0);
                }));
    }

    private static Mutant.Wrong<RmsNorm> everySecond() {
        int[] calls = {0};
        return (right, op) -> {
            right.run(op);
            if (calls[0]++ % 2 == 1) {
                op.y().set(0, 0, Math.nextUp((float) op.y().get(0, 0)));
            }
        };
    }

    /** The elements of a plain weight. */
    static Tensor tensor(Weight weight) {
        return ((PlainWeight) StoredWeight.of(weight)).tensor();
    }

    static Tensor like(Tensor tensor) {
        return Tensor.allocate(Arena.ofAuto(), DType.F32, tensor.rows(), tensor.cols());
    }

    static void negateLast(Tensor tensor) {
        int row = tensor.rows() - 1;
        int col = tensor.cols() - 1;
        tensor.set(row, col, -tensor.get(row, col));
    }

    static void copyColumns(Tensor to, Tensor from, int first, int end) {
        for (int n = 0; n < to.rows(); n++) {
            for (int c = first; c < end; c++) {
                to.set(n, c, from.get(n, c));
            }
        }
    }
}
