package candor.check;

import static candor.check.Shape.tokens;

import candor.ops.Batch;
import candor.ops.TokenDraw;
import candor.ops.op.SampleTokens;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Sampling: the token has to be the reference's. */
final class SamplingCases {
    private SamplingCases() {}

    static Stream<Case> cases() {
        return Stream.of(
                logits("normal", 1, 1, gaussian -> gaussian),
                logits("normal", 7, 2, gaussian -> gaussian),
                logits("normal", 33, 31, gaussian -> 3 * gaussian),
                logits("normal", 65, 1031, gaussian -> 3 * gaussian),
                logits("steep", 33, 515, gaussian -> 40 * gaussian - 7),
                logits("ties", 65, 203, gaussian -> Math.rint(gaussian)),
                logits("equal", 33, 113, _ -> -0.5),
                logits("one above all", 33, 1023, gaussian -> gaussian > 2.5 ? 50 : 1e-6 * gaussian),
                logits("normal", 7, 40_009, gaussian -> 2 * gaussian));
    }

    private static Case logits(String kind, int rows, int vocabulary, DoubleUnaryOperator of) {
        int[] lengths = rows == 1 ? new int[] {1} : new int[] {1, rows - 1};
        Batch batch = Packed.of(lengths, Packed.bare(lengths.length), 1 << 20, Packed.Targets.NONE, 0);
        Case.Builder c = Case.of("sampleTokens", "%s T=%d V=%d".formatted(kind, rows, vocabulary), batch)
                .exact();
        Shape logits = tokens(batch, vocabulary);
        return c.out("chosen", tokens(batch, 2))
                .in("logits", logits, c.draw(logits, of))
                .float32("chosen", "logits")
                .call((v, b) -> new SampleTokens(v.at("chosen"), v.at("logits"), draws(b, vocabulary)));
    }

    /** A row's draw is a function of its token in the batch, which it keeps where its sequence is alone. */
    private static List<TokenDraw> draws(Batch batch, int vocabulary) {
        return IntStream.range(0, batch.tokenCount())
                .mapToObj(row -> draw(new SplittableRandom(batch.token(row)), vocabulary))
                .toList();
    }

    private static TokenDraw draw(SplittableRandom random, int vocabulary) {
        double temperature = new double[] {-1, 0, 1e-9, 0.01, 0.7, 1, 1.3, 100}[random.nextInt(8)];
        int topK = new int[] {0, 0, 0, 1, 3, 20, vocabulary, vocabulary + 5}[random.nextInt(8)];
        double topP = new double[] {1, 1, 0.999999, 0.9, 0.5, 1e-9}[random.nextInt(6)];
        float penalty = new float[] {1, 1.1f, 3, 0.5f}[random.nextInt(4)];
        int[] seen = random.ints(random.nextInt(30), 0, vocabulary).toArray();
        // The ends are left out: what has no weight in whole numbers may have one in float64.
        return new TokenDraw(temperature, topK, topP, penalty, seen, seen.length, random.nextDouble(1e-9, 1 - 1e-9));
    }
}
