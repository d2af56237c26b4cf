package candor.check;

import static candor.check.Shape.matrix;

import candor.ops.AdamWStep;
import candor.ops.EightBitRow;
import candor.ops.op.Accumulate;
import candor.ops.op.AdamW;
import candor.ops.op.AdamW8bit;
import candor.ops.op.SumOfSquares;
import java.util.stream.Stream;

/** What the optimiser needs. */
final class StepCases {
    private StepCases() {}

    static Stream<Case> accumulate() {
        return Stream.of(
                accumulate(1, 1), accumulate(1, 7), accumulate(7, 113), accumulate(33, 64), accumulate(1, 100_003));
    }

    private static Case accumulate(int rows, int cols) {
        Case.Builder c = Case.of("accumulate", rows + " x " + cols, Packed.one());
        Shape shape = matrix(rows, cols);
        return c.updated("y", shape, c.normal(shape))
                .in("x", shape, c.normal(shape))
                .float32("y", "x")
                .call((v, b) -> new Accumulate(v.at("y"), v.at("x")));
    }

    static Stream<Case> sumOfSquares() {
        return Stream.of(sum(1, 1, 1), sum(1, 7, 1), sum(7, 113, 1e-12), sum(33, 203, 1e12), sum(1, 100_003, 1));
    }

    private static Case sum(int rows, int cols, double size) {
        Case.Builder c = Case.of("sumOfSquares", rows + " x " + cols + (size == 1 ? "" : " x~" + size), Packed.one());
        Shape x = matrix(rows, cols);
        return c.in("x", x, c.normal(x, size)).float32("x").call((v, b) -> new SumOfSquares(v.at("x")));
    }

    static Stream<Case> adamW() {
        AdamWStep first = new AdamWStep(1e-3, 0.9, 0.999, 1e-8, 0, 1, 1);
        AdamWStep second = new AdamWStep(1e-2, 0.9, 0.95, 1e-8, 0.1, 0.37, 2);
        AdamWStep late = new AdamWStep(2e-4, 0.9, 0.999, 1e-8, 0.01, 1, 1000);
        return Stream.of(
                adamW(1, first, 0, 1),
                adamW(7, first, 1, 1),
                adamW(31, second, 1, 1),
                adamW(113, late, 0, 1),
                adamW(203, late, 0, 1e-7),
                adamW(203, second, 0, 0),
                adamW(100_003, second, 1, 1e-3));
    }

    /**
     * @param weights   size of the parameters: at 0 the result is the update alone, and shows its error
     * @param gradients size of the gradients: at 1e-7 epsilon shows
     */
    private static Case adamW(int count, AdamWStep step, double weights, double gradients) {
        Shape shape = matrix(1, count);
        String text = "P=%d t=%d w~%s g~%s".formatted(count, step.step(), weights, gradients);
        Case.Builder c = Case.of("adamW", text, Packed.one());
        boolean fresh = step.step() == 1;
        return c.updated("w", shape, c.normal(shape, weights))
                .in("g", shape, c.normal(shape, gradients))
                .updated("m", shape, c.normal(shape, fresh ? 0 : gradients))
                .updated("v", shape, c.draw(shape, gaussian -> fresh ? 0 : Math.pow(gaussian * gradients, 2)))
                .float32("w", "g", "m", "v")
                .call((v, b) -> new AdamW(v.at("w"), v.at("g"), v.at("m"), v.at("v"), step));
    }

    /** Codes are judged as numbers: another one than the nearest is too far off. */
    static Stream<Case> adamW8bit() {
        AdamWStep first = new AdamWStep(1e-3, 0.9, 0.999, 1e-8, 0, 1, 1);
        AdamWStep second = new AdamWStep(1e-2, 0.9, 0.95, 1e-8, 0.1, 0.37, 2);
        AdamWStep late = new AdamWStep(2e-4, 0.9, 0.999, 1e-8, 0.01, 1, 1000);
        return Stream.of(
                adamW8bit(1, first, 0, 1),
                adamW8bit(7, first, 1, 1),
                adamW8bit(256, second, 1, 1),
                adamW8bit(257, late, 0, 1),
                adamW8bit(300, late, 0, 1e-7),
                adamW8bit(511, second, 0, 0),
                adamW8bit(1003, second, 1, 1e-3));
    }

    /** As {@link #adamW}: moments are any codes, of blocks of any size; the first steps begin with zeros. */
    private static Case adamW8bit(int count, AdamWStep step, double weights, double gradients) {
        Shape shape = matrix(1, count);
        Shape blocks = matrix(1, EightBitRow.blocks(count));
        String text = "P=%d t=%d w~%s g~%s".formatted(count, step.step(), weights, gradients);
        Case.Builder c = Case.of("adamW8bit", text, Packed.one());
        boolean fresh = step.step() == 1;
        return c.updated("w", shape, c.normal(shape, weights))
                .in("g", shape, c.normal(shape, gradients))
                .codes("m", shape, c.draw(shape, gaussian -> fresh ? 0 : Math.clamp(127 + 60 * gaussian, 0, 255)))
                .updated("mLargest", blocks, c.draw(blocks, gaussian -> fresh ? 0 : Math.abs(gaussian) * gradients))
                .codes("v", shape, c.draw(shape, gaussian -> fresh ? 0 : Math.clamp(160 + 40 * gaussian, 1, 255)))
                .updated(
                        "vLargest",
                        blocks,
                        c.draw(blocks, gaussian -> fresh ? 0 : Math.pow((1 + Math.abs(gaussian)) * gradients, 2)))
                .float32("w", "g", "mLargest", "vLargest")
                .call((v, b) -> new AdamW8bit(
                        v.at("w"),
                        v.at("g"),
                        new EightBitRow(v.at("m"), v.at("mLargest")),
                        new EightBitRow(v.at("v"), v.at("vLargest")),
                        step));
    }
}
