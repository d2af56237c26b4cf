package candor.check;

import static candor.check.Mutant.TOO_FAR;

import candor.ops.Batch;
import candor.ops.DropoutRates;
import candor.ops.Write;
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
                new Mutant("embed", "takes the row of the token before", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void embed(Tensor x, Tensor table, Batch batch) {
                        for (int n = 0; n < batch.tokenCount(); n++) {
                            Floats.put(x, n, Floats.row(table, batch.token(Math.max(0, n - 1))));
                        }
                    }
                }),
                new Mutant("embed", "reads bfloat16 as float16", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void embed(Tensor x, Tensor table, Batch batch) {
                        DType type = table.dtype() == DType.BF16 ? DType.F16 : table.dtype();
                        super.embed(
                                x, new Tensor(table.data(), type, table.rows(), table.cols(), table.stride()), batch);
                    }
                }),
                new Mutant("affine", "scales the bias, too", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void affine(Tensor y, Tensor scale, Tensor bias, Tensor residual) {
                        super.affine(y, null, bias, null);
                        super.affine(y, scale, null, residual);
                    }
                }),
                new Mutant("affine", "takes the residual of the row before", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void affine(Tensor y, Tensor scale, Tensor bias, Tensor residual) {
                        super.affine(y, scale, bias, null);
                        for (int n = 0; residual != null && n < y.rows(); n++) {
                            super.affine(
                                    y.rows(n, n + 1), null, null, residual.rows(Math.max(0, n - 1), Math.max(1, n)));
                        }
                    }
                }),
                new Mutant("rmsNorm", "one element has the wrong sign", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
                        super.rmsNorm(y, rstd, x, w, eps);
                        negateLast(y);
                    }
                }),
                new Mutant("rmsNorm", "forgets eps", "", () -> new NaiveBackend() {
                    @Override
                    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
                        super.rmsNorm(y, rstd, x, w, 0);
                    }
                }),
                new Mutant("rmsNorm", "does not keep rstd", "rstd (0, 0) was not written", () -> new NaiveBackend() {
                    @Override
                    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
                        super.rmsNorm(y, like(rstd), x, w, eps);
                    }
                }),
                new Mutant("rmsNorm", "writes behind the row", "wrote outside y", () -> new NaiveBackend() {
                    @Override
                    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
                        super.rmsNorm(y, rstd, x, w, eps);
                        if (!y.dense()) {
                            y.data().set(ValueLayout.JAVA_FLOAT_UNALIGNED, y.offset(0, y.cols()), 0);
                        }
                    }
                }),
                new Mutant("rmsNorm", "gives NaN for a row of zeros", "is NaN", () -> new NaiveBackend() {
                    @Override
                    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
                        super.rmsNorm(y, rstd, x, w, eps);
                        if (x.get(0, 0) == 0) {
                            y.set(0, 0, Float.NaN);
                        }
                    }
                }),
                new Mutant("rmsNorm", "a row depends on how many there are", "alone", () -> new NaiveBackend() {
                    @Override
                    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
                        super.rmsNorm(y, rstd, x, w, eps);
                        if (y.rows() > 4) {
                            y.set(0, 0, Math.nextUp((float) y.get(0, 0)));
                        }
                    }
                }),
                new Mutant(
                        "rmsNorm",
                        "gives other bytes with gaps",
                        "has other bytes with gaps",
                        () -> new NaiveBackend() {
                            @Override
                            public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
                                super.rmsNorm(y, rstd, x, w, eps);
                                if (!y.dense()) {
                                    y.set(0, 0, Math.nextUp((float) y.get(0, 0)));
                                }
                            }
                        }),
                new Mutant("rmsNorm", "gives other bytes the second time", "in a second run", () -> new NaiveBackend() {
                    private int calls;

                    @Override
                    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
                        super.rmsNorm(y, rstd, x, w, eps);
                        if (calls++ % 2 == 1) {
                            y.set(0, 0, Math.nextUp((float) y.get(0, 0)));
                        }
                    }
                }),
                new Mutant("rmsNorm", "changes its input", "changed its input x", () -> new NaiveBackend() {
                    @Override
                    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
                        super.rmsNorm(y, rstd, x, w, eps);
                        x.set(0, 0, 1);
                    }
                }),
                new Mutant("rmsNorm", "changes its weight", "changed its weight w", () -> new NaiveBackend() {
                    @Override
                    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
                        super.rmsNorm(y, rstd, x, w, eps);
                        w.set(0, 0, 1);
                    }
                }),
                new Mutant("rmsNormBackward", "sets where it should add", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void rmsNormBackward(Tensor dx, Tensor dy, Tensor x, Tensor w, Tensor rstd, Write write) {
                        super.rmsNormBackward(dx, dy, x, w, rstd, Write.SET);
                    }
                }),
                new Mutant("rmsNormBackward", "clears dx before it reads dy", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void rmsNormBackward(Tensor dx, Tensor dy, Tensor x, Tensor w, Tensor rstd, Write write) {
                        if (write == Write.SET) {
                            zero(dx);
                        }
                        super.rmsNormBackward(dx, dy, x, w, rstd, Write.ADD);
                    }
                }),
                new Mutant("rope", "takes the row for the position", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void rope(Tensor x, Tensor table, Batch batch) {
                        int[] lengths = new int[batch.sequenceCount()];
                        for (int s = 0; s < lengths.length; s++) {
                            lengths[s] = batch.length(s);
                        }
                        super.rope(x, table, Packed.sequences(lengths));
                    }
                }),
                new Mutant("ropeBackward", "rotates forward", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void ropeBackward(Tensor dx, Tensor table, Batch batch) {
                        super.rope(dx, table, batch);
                    }
                }),
                new Mutant("dropout", "does not scale what is kept", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void dropout(Tensor y, Tensor x, DropoutRates dropout, Batch batch, Write write) {
                        super.dropout(y, x, dropout, batch, write);
                        for (int n = 0; write == Write.SET && n < y.rows(); n++) {
                            for (int i = 0; i < y.cols(); i++) {
                                y.set(n, i, y.get(n, i) == 0 ? 0 : x.get(n, i));
                            }
                        }
                    }
                }),
                new Mutant("dropout", "takes the row for the position", "", () -> new NaiveBackend() {
                    @Override
                    public void dropout(Tensor y, Tensor x, DropoutRates dropout, Batch batch, Write write) {
                        int n = batch.tokenCount();
                        int[] rows = new int[n];
                        int[] starts = new int[batch.sequenceCount() + 1];
                        int[] slots = new int[batch.sequenceCount()];
                        long[] keys = new long[batch.sequenceCount()];
                        Arrays.setAll(rows, row -> row);
                        Arrays.setAll(starts, batch::start);
                        Arrays.setAll(slots, batch::slot);
                        Arrays.setAll(keys, batch::dropoutKey);
                        super.dropout(
                                y,
                                x,
                                dropout,
                                new Batch(new int[n], rows, new int[n], starts, slots).dropping(keys),
                                write);
                    }
                }),
                new Mutant("dropout", "sets where it should add", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void dropout(Tensor y, Tensor x, DropoutRates dropout, Batch batch, Write write) {
                        super.dropout(y, x, dropout, batch, Write.SET);
                    }
                }),
                new Mutant("dropout", "copies rows that drop nothing", "must be left alone", () -> new NaiveBackend() {
                    @Override
                    public void dropout(Tensor y, Tensor x, DropoutRates dropout, Batch batch, Write write) {
                        for (int n = 0; write == Write.SET && n < y.rows(); n++) {
                            Floats.put(y, n, Floats.row(x, n));
                        }
                        super.dropout(y, x, dropout, batch, write);
                    }
                }),
                new Mutant("swiGlu", "exp overflows for large gates", "is NaN", () -> new NaiveBackend() {
                    @Override
                    public void swiGlu(Tensor y, Tensor gateUp) {
                        for (int n = 0; n < y.rows(); n++) {
                            for (int f = 0; f < y.cols(); f++) {
                                float gate = (float) gateUp.get(n, f);
                                float exp = (float) Math.exp(gate);
                                y.set(n, f, gate * (exp / (1 + exp)) * (float) gateUp.get(n, y.cols() + f));
                            }
                        }
                    }
                }),
                new Mutant("swiGluBackward", "reads the gate after writing over it", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void swiGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp) {
                        Tensor result = like(dGateUp);
                        super.swiGluBackward(result, dy, gateUp);
                        copyColumns(dGateUp, result, 0, dy.cols());
                        super.swiGluBackward(result, dy, gateUp);
                        copyColumns(dGateUp, result, dy.cols(), 2 * dy.cols());
                    }
                }),
                new Mutant("geGlu", "takes the logistic form of gelu", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void geGlu(Tensor y, Tensor gateUp) {
                        for (int n = 0; n < y.rows(); n++) {
                            for (int f = 0; f < y.cols(); f++) {
                                double gate = gateUp.get(n, f);
                                y.set(n, f, gate / (1 + Math.exp(-1.702 * gate)) * gateUp.get(n, y.cols() + f));
                            }
                        }
                    }
                }),
                new Mutant("geGluBackward", "takes SiLU's slope", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void geGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp) {
                        super.swiGluBackward(dGateUp, dy, gateUp);
                    }
                }),
                new Mutant("gatherTargets", "takes the first rows", TOO_FAR, () -> new NaiveBackend() {
                    @Override
                    public void gatherTargets(Tensor y, Tensor x, Batch batch) {
                        for (int i = 0; i < y.rows(); i++) {
                            Floats.put(y, i, Floats.row(x, i));
                        }
                    }
                }),
                new Mutant(
                        "scatterTargets",
                        "leaves the other rows as they were",
                        "was not written",
                        () -> new NaiveBackend() {
                            @Override
                            public void scatterTargets(Tensor dx, Tensor dy, Batch batch) {
                                for (int i = 0; i < batch.targetCount(); i++) {
                                    Floats.put(dx, batch.targetRow(i), Floats.row(dy, i));
                                }
                            }
                        }),
                new Mutant("zero", "clears the gaps, too", "wrote outside y", () -> new NaiveBackend() {
                    @Override
                    public void zero(Tensor y) {
                        y.data().asSlice(0, y.bytes()).fill((byte) 0);
                    }
                }),
                new Mutant("zero", "takes the rows to be dense", "was not written", () -> new NaiveBackend() {
                    @Override
                    public void zero(Tensor y) {
                        y.data().asSlice(0, 4 * (y.elements() - 1)).fill((byte) 0);
                    }
                }));
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
