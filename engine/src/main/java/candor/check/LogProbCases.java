package candor.check;

import static candor.check.Shape.matrix;
import static candor.check.Shape.targets;
import static candor.check.Shape.tokens;

import candor.ops.Batch;
import candor.ops.op.LogProb;
import candor.ops.op.LogProbBackward;
import candor.ops.op.Logits;
import candor.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Log-probabilities over the vocabulary. */
final class LogProbCases {
    /** @param size of the logits: at 40 they leave the range of exp, and at 0 all are the same */
    private record Spec(
            Packed.Targets which, int cols, int vocabulary, DType type, boolean logits, double size, int... lengths) {
        Batch batch() {
            return Packed.of(lengths, Packed.bare(lengths.length), vocabulary, which, 0);
        }

        String text() {
            return "T=%d C=%d V=%d head %s%s%s"
                    .formatted(
                            batch().targetCount(),
                            cols,
                            vocabulary,
                            type,
                            logits ? " logits kept" : "",
                            size == 1 ? "" : " logits~" + size);
        }

        /** About how large logits and their lse are: the log-probability is what is left of their difference. */
        double magnitude() {
            return 3 * size + Math.log(vocabulary);
        }
    }

    private static final List<Spec> SPECS = List.of(
            new Spec(Packed.Targets.ALL, 1, 1, DType.F32, true, 1, 1),
            new Spec(Packed.Targets.ALL, 7, 2, DType.F32, false, 1, 2, 1),
            new Spec(Packed.Targets.SOME, 31, 203, DType.BF16, false, 1, 7, 1, 5),
            new Spec(Packed.Targets.SOME, 31, 203, DType.BF16, true, 1, 7, 1, 5),
            new Spec(Packed.Targets.NONE, 31, 203, DType.F32, false, 1, 3, 1),
            new Spec(Packed.Targets.NONE, 31, 203, DType.F32, true, 1, 3, 1),
            new Spec(Packed.Targets.ALL, 113, 1023, DType.F16, true, 1, 7, 4),
            new Spec(Packed.Targets.ALL, 64, 1031, DType.F32, false, 40, 1, 16),
            new Spec(Packed.Targets.ALL, 64, 1031, DType.F32, true, 40, 1, 16),
            new Spec(Packed.Targets.ALL, 33, 1031, DType.F32, false, 0, 3),
            // Wide enough for several chunks of whatever size.
            new Spec(Packed.Targets.SOME, 7, 9001, DType.BF16, false, 1, 3, 2),
            new Spec(Packed.Targets.SOME, 7, 9001, DType.BF16, true, 1, 3, 2),
            new Spec(Packed.Targets.SOME, 113, 2003, DType.BF16, false, 1, 77, 20));

    private LogProbCases() {}

    static Stream<Case> forward() {
        return SPECS.stream().map(LogProbCases::forward);
    }

    private static Case forward(Spec spec) {
        Batch batch = spec.batch();
        Case.Builder c = Case.of("logProb", spec.text(), batch);
        Shape one = targets(batch, 1);
        Shape x = targets(batch, spec.cols());
        Shape head = matrix(spec.vocabulary(), spec.cols());
        c.out("logp", one, spec.magnitude()).out("lse", one, spec.magnitude());
        if (spec.logits()) {
            c.out("logits", targets(batch, spec.vocabulary()), spec.size());
        }
        return c.in("x", x, c.normal(x, spec.size()))
                .weight("head", head, spec.type(), c.normal(head, 1 / Math.sqrt(spec.cols())))
                .float32("logp", "lse", "logits")
                .call((v, b) -> new LogProb(v.at("logp"), v.at("lse"), v.at("logits"), v.at("x"), v.weight("head"), b));
    }

    /** The head alone, in float32 whatever activations are; one row is what generation asks for. */
    static Stream<Case> logits() {
        return Stream.of(
                logits(1, 1, 1, DType.F32),
                logits(1, 64, 1031, DType.F32),
                logits(2, 7, 3, DType.F16),
                logits(7, 31, 203, DType.BF16),
                logits(33, 113, 1023, DType.F32),
                logits(65, 40, 130, DType.BF16));
    }

    private static Case logits(int rows, int cols, int vocabulary, DType type) {
        Batch batch = Packed.rows(rows);
        Case.Builder c = Case.of("logits", "T=%d C=%d V=%d head %s".formatted(rows, cols, vocabulary, type), batch);
        Shape x = tokens(batch, cols);
        Shape head = matrix(vocabulary, cols);
        return c.out("logits", tokens(batch, vocabulary))
                .in("x", x, c.normal(x))
                .weight("head", head, type, c.normal(head, 1 / Math.sqrt(cols)))
                .float32("logits")
                .call((v, b) -> new Logits(v.at("logits"), v.at("x"), v.weight("head")));
    }

    static Stream<Case> backward() {
        return SPECS.stream().map(spec -> {
            Batch batch = spec.batch();
            Case forward = forward(spec);
            Map<String, double[]> truth = forward.truth();
            Case.Builder c = Case.of("logProbBackward", spec.text(), batch);
            Shape one = targets(batch, 1);
            Shape x = targets(batch, spec.cols());
            if (spec.logits()) {
                c.consumed("logits", targets(batch, spec.vocabulary()), truth.get("logits"));
            }
            // Where the target is nearly certain, 1 − p cancels: the size is that of the head's rows.
            return c.out("dx", x, 1 / Math.sqrt(spec.cols()))
                    .in("dlogp", one, c.normal(one))
                    .in("lse", one, truth.get("lse"))
                    .in("x", x, forward.arg("x").values())
                    .weight(
                            "head",
                            matrix(spec.vocabulary(), spec.cols()),
                            spec.type(),
                            forward.arg("head").values())
                    .float32("dlogp", "lse", "logits")
                    .call((v, b) -> new LogProbBackward(
                            v.at("dx"), v.at("dlogp"), v.at("lse"), v.at("logits"), v.at("x"), v.weight("head"), b));
        });
    }

    static Stream<Case> headGradients() {
        return SPECS.stream()
                .map(spec ->
                        WeightCases.head(forward(spec), spec.text(), spec.cols(), spec.vocabulary(), spec.logits()));
    }
}
