package candor.check;

import static org.assertj.core.api.Assertions.assertThat;

import candor.ops.Batch;
import candor.ops.DropoutRates;
import candor.ops.Heads;
import candor.ops.Lora;
import candor.ops.Write;
import candor.ops.op.GeGlu;
import candor.ops.op.GeGluBackward;
import candor.ops.op.SwiGlu;
import candor.ops.op.SwiGluBackward;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The judge is judged: every backward pass of {@link Reference} against central differences of its own forward pass. The
 * scalar that is differentiated is the sum of the outputs, each times a random number; those numbers are the upstream
 * gradient.
 */
class ReferenceGradientTest {
    private static final double STEP = 1e-5;
    private static final float EPS = 1e-3f;

    private final Reference ops = new Reference();
    private final SplittableRandom random = new SplittableRandom(5);

    /** Five sequences, one of length 1; slots 0 and 2 and the base model. */
    private final Batch batch =
            Packed.of(new int[] {3, 1, 2, 4, 2}, new int[] {0, 0, Batch.BASE, 2, 1}, 11, Packed.Targets.SOME, 0);

    @ParameterizedTest
    @EnumSource(Write.class)
    void rmsNorm(Write write) {
        Tensor x = normal(4, 3 * 7);
        Tensor w = normal(1, 7);
        Tensor y = zeros(4, 21);
        Tensor rstd = zeros(4, 3);
        Tensor dy = normal(4, 21);
        DoubleSupplier loss = () -> {
            ops.rmsNorm(y, rstd, x, w, EPS);
            return product(y, dy);
        };
        loss.getAsDouble();
        Tensor dx = normal(4, 21);
        Tensor before = copy(dx);
        ops.rmsNormBackward(dx, dy, x, w, rstd, write);
        assertGradient(change(dx, before, write), x, loss);
    }

    @Test
    void rope() {
        Tensor table = normal(5, 6);
        for (int p = 0; p < 5; p++) {
            for (int d = 0; d < 3; d++) {
                double angle = table.get(p, d);
                table.set(p, d, Math.cos(angle));
                table.set(p, 3 + d, Math.sin(angle));
            }
        }
        Tensor x = normal(12, 18);
        Tensor dy = normal(12, 18);
        DoubleSupplier loss = () -> {
            Tensor y = copy(x);
            ops.rope(y, table, batch);
            return product(y, dy);
        };
        Tensor dx = copy(dy);
        ops.ropeBackward(dx, table, batch);
        assertGradient(dx, x, loss);
    }

    @ParameterizedTest
    @EnumSource(Write.class)
    void linear(Write write) {
        Tensor x = normal(12, 7);
        Tensor w = normal(5, 7);
        Tensor bias = normal(1, 5);
        Tensor residual = normal(12, 5);
        // Slot 0 is trained, slot 1 does not touch the layer, slot 2 is frozen, slot 3 is not in the batch.
        Lora lora = new Lora(
                new Lora.Factors(normal(3, 7), normal(5, 3), 0.7f, normal(3, 7), normal(5, 3)),
                null,
                new Lora.Factors(normal(1, 7), normal(5, 1), 1.5f, null, null),
                new Lora.Factors(normal(2, 7), normal(5, 2), 1.5f, normal(2, 7), normal(5, 2)));
        Tensor y = zeros(12, 5);
        Tensor t = zeros(12, lora.paddedRank());
        Tensor dy = normal(12, 5);
        DoubleSupplier loss = () -> {
            ops.linear(y, t, x, new ExactWeight(w), bias, residual, lora, batch);
            return product(y, dy);
        };
        loss.getAsDouble();
        Lora.Factors trained = lora.at(0);
        Tensor dx = normal(12, 7);
        Tensor dxBefore = copy(dx);
        Tensor daBefore = copy(trained.da());
        Tensor dbBefore = copy(trained.db());
        Tensor idle = copy(lora.at(3).da());
        ops.linearBackward(dx, zeros(12, lora.paddedRank()), dy, x, t, new ExactWeight(w), lora, batch, write);
        assertGradient(change(dx, dxBefore, write), x, loss);
        assertGradient(change(trained.da(), daBefore, Write.ADD), trained.a(), loss);
        assertGradient(change(trained.db(), dbBefore, Write.ADD), trained.b(), loss);
        assertThat(lora.at(3).da().toFloats()).isEqualTo(idle.toFloats());
    }

    /** A layer whose adapter does not see all of its input, as the decoder computes it: the base, then the adapter alone. */
    @Test
    void linearWithDropout() {
        Batch drops = batch.dropping(1, 2, 3, 4, 5);
        DropoutRates dropout = new DropoutRates(9, 0.4, 0, 0.2);
        Tensor x = normal(12, 7);
        Tensor w = normal(5, 7);
        Lora.Factors trained = new Lora.Factors(normal(3, 7), normal(5, 3), 0.7f, normal(3, 7), normal(5, 3));
        Lora.Factors frozen = new Lora.Factors(normal(1, 7), normal(5, 1), 1.5f, null, null);
        Lora lora = Lora.dropping(dropout, 0, trained, frozen, frozen);
        assertThat(lora.whole().at(0)).isNull();
        assertThat(lora.whole().at(1)).isSameAs(frozen);
        assertThat(lora.dropped().at(0)).isSameAs(trained);
        assertThat(lora.dropped().at(1)).isNull();
        Tensor y = zeros(12, 5);
        Tensor t = zeros(12, lora.paddedRank());
        Tensor dy = normal(12, 5);
        Tensor input = zeros(12, 7);
        DoubleSupplier loss = () -> {
            ops.linear(y, t, x, new ExactWeight(w), null, null, lora.whole(), drops);
            ops.dropout(input, x, dropout, drops, Write.SET);
            ops.linear(y, t, input, null, null, y, lora.dropped(), drops);
            return product(y, dy);
        };
        loss.getAsDouble();
        Tensor dx = zeros(12, 7);
        Tensor dInput = zeros(12, 7);
        Tensor dt = zeros(12, lora.paddedRank());
        Tensor daBefore = copy(trained.da());
        Tensor dbBefore = copy(trained.db());
        ops.linearBackward(dx, dt, dy, x, t, new ExactWeight(w), lora.whole(), drops, Write.SET);
        ops.linearBackward(dInput, dt, dy, input, t, null, lora.dropped(), drops, Write.SET);
        ops.dropout(dx, dInput, dropout, drops, Write.ADD);
        assertGradient(dx, x, loss);
        assertGradient(change(trained.da(), daBefore, Write.ADD), trained.a(), loss);
        assertGradient(change(trained.db(), dbBefore, Write.ADD), trained.b(), loss);
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "3, 0", "3, 2", "1, 3"})
    void attention(int keys, int window) {
        Heads heads = new Heads(3, keys, 5, window);
        Tensor qkv = normal(12, heads.allCols());
        Tensor o = zeros(12, heads.queryCols());
        Tensor lse = zeros(12, 3);
        Tensor dout = normal(12, heads.queryCols());
        DoubleSupplier loss = () -> {
            ops.attention(o, lse, qkv, heads, batch);
            return product(o, dout);
        };
        loss.getAsDouble();
        Tensor dqkv = normal(12, heads.allCols());
        ops.attentionBackward(dqkv, dout, qkv, o, lse, heads, batch);
        assertGradient(dqkv, qkv, loss);
    }

    @Test
    void swiGlu() {
        gated(SwiGlu::new, SwiGluBackward::new);
    }

    @Test
    void geGlu() {
        gated(GeGlu::new, GeGluBackward::new);
    }

    private void gated(GatedCases.Forward forward, GatedCases.Backward backward) {
        Tensor gateUp = normal(3, 2 * 7);
        Tensor y = zeros(3, 7);
        Tensor dy = normal(3, 7);
        DoubleSupplier loss = () -> {
            ops.run(forward.of(y, gateUp));
            return product(y, dy);
        };
        Tensor dGateUp = zeros(3, 14);
        ops.run(backward.of(dGateUp, dy, gateUp));
        assertGradient(dGateUp, gateUp, loss);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void logProb(boolean keepLogits) {
        int count = batch.targetCount();
        Tensor x = normal(count, 5);
        Tensor head = normal(11, 5);
        Tensor logp = zeros(count, 1);
        Tensor lse = zeros(count, 1);
        Tensor logits = keepLogits ? zeros(count, 11) : null;
        Tensor dlogp = normal(count, 1);
        DoubleSupplier loss = () -> {
            ops.logProb(logp, lse, logits, x, new ExactWeight(head), batch);
            return product(logp, dlogp);
        };
        loss.getAsDouble();
        Tensor dx = zeros(count, 5);
        ops.logProbBackward(dx, dlogp, lse, logits, x, new ExactWeight(head), batch);
        assertGradient(dx, x, loss);
    }

    @Test
    void linearWeight() {
        Tensor x = normal(12, 7);
        Tensor w = normal(5, 7);
        Tensor y = zeros(12, 5);
        Tensor dy = normal(12, 5);
        Tensor dw = normal(5, 7);
        Tensor before = copy(dw);
        ops.linearWeightGradient(dw, dy, x);
        assertGradient(change(dw, before, Write.ADD), w, () -> {
            ops.linear(y, null, x, new ExactWeight(w), null, null, null, batch);
            return product(y, dy);
        });
    }

    @Test
    void linearBias() {
        Tensor bias = normal(1, 5);
        Tensor x = normal(12, 7);
        Tensor w = normal(5, 7);
        Tensor y = zeros(12, 5);
        Tensor dy = normal(12, 5);
        Tensor db = normal(1, 5);
        Tensor before = copy(db);
        ops.linearBiasGradient(db, dy);
        assertGradient(change(db, before, Write.ADD), bias, () -> {
            ops.linear(y, null, x, new ExactWeight(w), bias, null, null, batch);
            return product(y, dy);
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void rmsNormWeight(int groups) {
        Tensor x = normal(4, groups * 7);
        Tensor w = normal(1, 7);
        Tensor y = zeros(4, groups * 7);
        Tensor rstd = zeros(4, groups);
        Tensor dy = normal(4, groups * 7);
        DoubleSupplier loss = () -> {
            ops.rmsNorm(y, rstd, x, w, EPS);
            return product(y, dy);
        };
        loss.getAsDouble();
        Tensor dw = normal(1, 7);
        Tensor before = copy(dw);
        ops.rmsNormWeightGradient(dw, dy, x, rstd);
        assertGradient(change(dw, before, Write.ADD), w, loss);
    }

    @Test
    void embedding() {
        Tensor table = normal(11, 3);
        Tensor y = zeros(12, 3);
        Tensor dy = normal(12, 3);
        Tensor dTable = normal(11, 3);
        Tensor before = copy(dTable);
        ops.embedBackward(dTable, dy, batch);
        assertGradient(change(dTable, before, Write.ADD), table, () -> {
            ops.embed(y, new ExactWeight(table), batch);
            return product(y, dy);
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void head(boolean keepLogits) {
        int count = batch.targetCount();
        Tensor x = normal(count, 5);
        Tensor head = normal(11, 5);
        Tensor logp = zeros(count, 1);
        Tensor lse = zeros(count, 1);
        Tensor logits = keepLogits ? zeros(count, 11) : null;
        Tensor dlogp = normal(count, 1);
        DoubleSupplier loss = () -> {
            ops.logProb(logp, lse, logits, x, new ExactWeight(head), batch);
            return product(logp, dlogp);
        };
        loss.getAsDouble();
        Tensor dHead = normal(11, 5);
        Tensor before = copy(dHead);
        ops.logProbHeadGradient(dHead, dlogp, lse, logits, x, new ExactWeight(head), batch);
        assertGradient(change(dHead, before, Write.ADD), head, loss);
    }

    @Test
    void scatterIsTheGradientOfGather() {
        Tensor x = normal(12, 3);
        Tensor y = zeros(batch.targetCount(), 3);
        Tensor dy = normal(batch.targetCount(), 3);
        Tensor dx = normal(12, 3);
        ops.scatterTargets(dx, dy, batch);
        assertGradient(dx, x, () -> {
            ops.gatherTargets(y, x, batch);
            return product(y, dy);
        });
    }

    private static void assertGradient(Tensor gradient, Tensor of, DoubleSupplier loss) {
        double squares = 0;
        double differences = 0;
        for (int r = 0; r < of.rows(); r++) {
            for (int c = 0; c < of.cols(); c++) {
                double value = of.get(r, c);
                of.set(r, c, value + STEP);
                double above = loss.getAsDouble();
                of.set(r, c, value - STEP);
                double below = loss.getAsDouble();
                of.set(r, c, value);
                double slope = (above - below) / (2 * STEP);
                squares += slope * slope;
                differences += Math.pow(slope - gradient.get(r, c), 2);
            }
        }
        assertThat(squares).isPositive();
        assertThat(Math.sqrt(differences / squares)).isLessThanOrEqualTo(1e-6);
    }

    private static Tensor zeros(int rows, int cols) {
        return Tensor.allocate(Arena.ofAuto(), DType.F64, rows, cols);
    }

    private Tensor normal(int rows, int cols) {
        Tensor tensor = zeros(rows, cols);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                tensor.set(r, c, random.nextGaussian());
            }
        }
        return tensor;
    }

    private static Tensor copy(Tensor from) {
        Tensor to = zeros(from.rows(), from.cols());
        to.data().copyFrom(from.data());
        return to;
    }

    private static Tensor change(Tensor after, Tensor before, Write write) {
        Tensor change = copy(after);
        for (int r = 0; r < after.rows() && write == Write.ADD; r++) {
            for (int c = 0; c < after.cols(); c++) {
                change.set(r, c, after.get(r, c) - before.get(r, c));
            }
        }
        return change;
    }

    private static double product(Tensor x, Tensor y) {
        double sum = 0;
        for (int r = 0; r < x.rows(); r++) {
            for (int c = 0; c < x.cols(); c++) {
                sum += x.get(r, c) * y.get(r, c);
            }
        }
        return sum;
    }
}
