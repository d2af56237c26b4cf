package candor.check;

import candor.ops.Backend;
import candor.ops.BackendDescriptor;
import candor.ops.op.GeGlu;
import candor.ops.op.GeGluBackward;
import candor.ops.op.Op;
import candor.ops.op.SwiGlu;
import candor.ops.op.SwiGluBackward;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The table of cases and the rules that every operation of every backend is judged by. A case passes when
 *
 * <ol>
 *   <li>nothing is written around a tensor, in the gaps between its rows, or over an input;
 *   <li>every element that {@link Reference} writes is written and finite, and every other is left alone;
 *   <li>each output is as close to {@link Reference} as {@link Accuracy} demands: at most twice as far as {@link Naive};
 *   <li>a second run gives the same bytes;
 *   <li>so do views with gaps: the order of a sum depends on shapes alone;
 *   <li>so does every sequence, and every adapter slot, as a batch of its own: no row depends on its neighbours.
 * </ol>
 *
 * An operation that throws {@link UnsupportedOperationException} is skipped, with its message; anything else that it throws
 * is a failure.
 *
 * <p><b>To add a case</b>, add a line to the {@code …Cases} class of the operation: a batch from {@link Packed}, then the
 * operation's own operands in their order, as outputs, inputs, weights, … of a {@link Case.Builder}, then the record. A case
 * needs no expected values. Sizes should be odd, and as small as shows the point. <b>To add an operation</b>, write it in
 * {@link Reference} and {@link Naive}, add a {@code …Cases} method and its line in {@link #TABLE}, and plant a bug or two in
 * the tests of this class.
 */
public final class OpCheck {
    private static final Map<String, Supplier<Stream<Case>>> TABLE = new LinkedHashMap<>();

    static {
        TABLE.put("embed", RowCases::embed);
        TABLE.put("rmsNorm", NormCases::forward);
        TABLE.put("rmsNormBackward", NormCases::backward);
        TABLE.put("rope", RopeCases::forward);
        TABLE.put("ropeBackward", RopeCases::backward);
        TABLE.put("linear", LinearCases::forward);
        TABLE.put("linears", LinearCases::siblings);
        TABLE.put("linearBackward", LinearCases::backward);
        TABLE.put("linearsBackward", LinearCases::siblingsBackward);
        TABLE.put("dropout", DropoutCases::cases);
        TABLE.put("attention", AttentionCases::forward);
        TABLE.put("attentionBackward", AttentionCases::backward);
        TABLE.put("cacheWrite", CacheCases::write);
        TABLE.put("attentionCached", CacheCases::attention);
        TABLE.put("affine", RowCases::affine);
        TABLE.put("swiGlu", () -> GatedCases.forward("swiGlu", SwiGlu::new));
        TABLE.put("swiGluBackward", () -> GatedCases.backward("swiGluBackward", SwiGluBackward::new));
        TABLE.put("geGlu", () -> GatedCases.forward("geGlu", GeGlu::new));
        TABLE.put("geGluBackward", () -> GatedCases.backward("geGluBackward", GeGluBackward::new));
        TABLE.put("gatherTargets", RowCases::gatherTargets);
        TABLE.put("scatterTargets", RowCases::scatterTargets);
        TABLE.put("logits", LogProbCases::logits);
        TABLE.put("sampleTokens", SamplingCases::cases);
        TABLE.put("logProb", LogProbCases::forward);
        TABLE.put("logProbBackward", LogProbCases::backward);
        TABLE.put("linearWeightGradient", WeightCases::linear);
        TABLE.put("linearBiasGradient", WeightCases::bias);
        TABLE.put("rmsNormWeightGradient", WeightCases::norm);
        TABLE.put("embedBackward", WeightCases::embedding);
        TABLE.put("logProbHeadGradient", WeightCases::head);
        TABLE.put("zero", RowCases::zero);
        TABLE.put("accumulate", StepCases::accumulate);
        TABLE.put("sumOfSquares", StepCases::sumOfSquares);
        TABLE.put("adamW", StepCases::adamW);
        TABLE.put("adamW8bit", StepCases::adamW8bit);
    }

    private OpCheck() {}

    /** The names of the operations, see {@link Op#name}. */
    public static Set<String> operations() {
        return Collections.unmodifiableSet(TABLE.keySet());
    }

    /** Judges every operation. */
    public static void run(Backend backend, Consumer<Result> results) {
        run(backend, operations(), results);
    }

    /** Judges some operations, in the order of {@link #operations}. */
    public static void run(Backend backend, Collection<String> operations, Consumer<Result> results) {
        try (NaiveBackend yardstick = yardstick(backend.descriptor())) {
            eachCase(operations, of -> results.accept(new Judge(backend, yardstick).judge(of)));
        }
    }

    private static NaiveBackend yardstick(BackendDescriptor of) {
        return new NaiveBackend(of.activations(), of.products());
    }

    /** Runs every case on two backends and demands the same bytes: one with one thread, say, and one with two. */
    public static void sameBytes(Backend one, Backend other, Consumer<Result> results) {
        eachCase(operations(), asked -> {
            Case of = asked.on(one.descriptor());
            try (Placed here = new Placed(of, one, Placed.Layout.DENSE);
                    Placed there = new Placed(of, other, Placed.Layout.DENSE)) {
                String name = here.run().differsFrom(there.run());
                results.accept(
                        name == null
                                ? Result.pass(of, Accuracy.UNKNOWN)
                                : Result.fail(
                                        of, Accuracy.UNKNOWN, name + " has other bytes on " + other.description()));
            }
        });
    }

    private static void eachCase(Collection<String> operations, Consumer<Case> action) {
        TABLE.keySet().stream()
                .filter(operations::contains)
                .flatMap(OpCheck::cases)
                .forEach(action);
    }

    /** The cases of one operation, each made when it is asked for. */
    static Stream<Case> cases(String operation) {
        return TABLE.get(operation).get();
    }
}
