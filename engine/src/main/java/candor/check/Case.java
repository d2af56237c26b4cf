package candor.check;

import candor.ops.BackendDescriptor;
import candor.ops.Batch;
import candor.ops.Ops;
import candor.ops.op.Op;
import candor.ops.op.SumOfSquares;
import candor.ops.weight.PackedForm;
import candor.ops.weight.PlainForm;
import candor.ops.weight.Weight;
import candor.ops.weight.WeightForm;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;

/**
 * One operation on one set of tensors, described without any memory: the same case runs on the reference in float64, on the
 * yardstick, and on a backend. Its random numbers are seeded by its own text, so a new case changes no other.
 *
 * @param op    its name
 * @param text  what is special here: sizes, types, forms
 * @param exact whether every bit must be the reference's: for operations that only move numbers
 */
record Case(String op, String text, Batch batch, List<Arg> args, Call call, boolean exact) {
    /** Makes the operation of tensors that stand for the arguments. */
    interface Call {
        Op of(Values values, Batch batch);
    }

    /** Runs the operation, and gives the number that it gave back, if any. */
    OptionalDouble run(Ops ops, Values values) {
        Op made = call.of(values, batch);
        ops.run(made);
        return made instanceof SumOfSquares squares ? OptionalDouble.of(squares.sum()[0]) : OptionalDouble.empty();
    }

    static Builder of(String op, String text, Batch batch) {
        return new Builder(op, text, batch);
    }

    Arg arg(String name) {
        return args.stream().filter(arg -> arg.name().equals(name)).findFirst().orElseThrow();
    }

    /** The same on a backend: with values that it loses nothing of as it reads or multiplies them. */
    Case on(BackendDescriptor backend) {
        List<Arg> there = args.stream().map(arg -> arg.on(backend)).toList();
        return new Case(op, text, batch, there, call, exact);
    }

    /** What the reference makes of it: the judged arguments, row by row, in double precision. */
    Map<String, double[]> truth() {
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new HashMap<>();
            Map<String, Weight> weights = new HashMap<>();
            for (Arg arg : args) {
                Tensor tensor = Tensor.allocate(
                        arena, DType.F64, arg.shape().rows(), arg.shape().cols());
                for (int i = 0; i < arg.shape().size(); i++) {
                    double value = arg.values() == null ? Double.NaN : arg.values()[i];
                    tensor.set(i / tensor.cols(), i % tensor.cols(), value);
                }
                if (arg.kind() == Arg.Kind.WEIGHT) {
                    weights.put(arg.name(), new ExactWeight(tensor));
                } else {
                    tensors.put(arg.name(), tensor);
                }
            }
            OptionalDouble returned = run(new Reference(), new Values(tensors, weights));
            Map<String, double[]> truth = new HashMap<>();
            for (Arg arg : args) {
                if (arg.kind().judged()) {
                    truth.put(arg.name(), doubles(tensors.get(arg.name())));
                }
            }
            returned.ifPresent(value -> truth.put(Values.RETURNED, new double[] {value}));
            return truth;
        }
    }

    private static double[] doubles(Tensor tensor) {
        double[] values = new double[tensor.rows() * tensor.cols()];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.get(i / tensor.cols(), i % tensor.cols());
        }
        return values;
    }

    /** The same with only some of the sequences: what was computed for them must not change by a bit. */
    Case part(int from, int to) {
        List<Arg> parts = new ArrayList<>();
        for (Arg arg : args) {
            parts.add(
                    switch (arg.shape().per()) {
                        case TOKEN -> arg.rows(batch.start(from), batch.start(to));
                        case TARGET -> arg.rows(Packed.targetsBefore(batch, from), Packed.targetsBefore(batch, to));
                        case NONE -> arg;
                    });
        }
        return new Case(op, text, Packed.part(batch, from, to), parts, call, exact);
    }

    /** Collects arguments; {@link #call} ends it. */
    static final class Builder {
        private final String op;
        private final String text;
        private final Batch batch;
        private final List<Arg> args = new ArrayList<>();
        private final SplittableRandom random;
        private boolean exact;

        private Builder(String op, String text, Batch batch) {
            this.op = op;
            this.text = text;
            this.batch = batch;
            random = new SplittableRandom((op + " " + text).hashCode());
        }

        Builder out(String name, Shape shape) {
            return out(name, shape, 0);
        }

        /** An output that loses digits to cancellation: {@code magnitude} is the size of what cancels. */
        Builder out(String name, Shape shape, double magnitude) {
            args.add(new Arg(name, Arg.Kind.OUTPUT, DType.F32, shape, null, null, null, Arg.NO_SLOT, false, magnitude));
            return this;
        }

        /** An output in the memory of an input. */
        Builder outInPlaceOf(String memoryOf, String name, Shape shape, double magnitude) {
            args.add(new Arg(
                    name, Arg.Kind.OUTPUT, DType.F32, shape, null, null, memoryOf, Arg.NO_SLOT, false, magnitude));
            return this;
        }

        Builder in(String name, Shape shape, double[] values) {
            return add(name, Arg.Kind.INPUT, DType.F32, shape, values, Arg.NO_SLOT, 0);
        }

        Builder weight(String name, Shape shape, DType dtype, double[] values) {
            return add(name, Arg.Kind.WEIGHT, dtype, shape, values, Arg.NO_SLOT, 0);
        }

        /** A weight in any form; what it stands for is what is left of the values there. */
        Builder weight(String name, Shape shape, WeightForm form, double[] values) {
            return switch (form) {
                case PlainForm plain -> weight(name, shape, plain.dtype(), values);
                case PackedForm packed -> {
                    Arg.Packing packing = new Arg.Packing(packed, values);
                    double[] left = packing.values(shape);
                    args.add(new Arg(
                            name, Arg.Kind.WEIGHT, DType.BF16, shape, left, packing, null, Arg.NO_SLOT, false, 0));
                    yield this;
                }
                default -> throw new IllegalArgumentException("no cases of " + form);
            };
        }

        /** What a backend keeps in float32, whatever its activations are. */
        Builder constant(String name, Shape shape, double[] values) {
            return add(name, Arg.Kind.CONSTANT, DType.F32, shape, values, Arg.NO_SLOT, 0);
        }

        /** Says that arguments are float32, whatever a backend's activations are. */
        Builder float32(String... names) {
            for (String name : names) {
                args.replaceAll(arg -> arg.name().equals(name) ? arg.asFloat32() : arg);
            }
            return this;
        }

        /** Codes of eight bits, on every backend. */
        Builder codes(String name, Shape shape, double[] values) {
            double[] rounded = Arrays.stream(values)
                    .map(value -> Arg.round(DType.U8, value))
                    .toArray();
            args.add(new Arg(name, Arg.Kind.UPDATED, DType.U8, shape, rounded, null, null, Arg.NO_SLOT, true, 0));
            return this;
        }

        Builder updated(String name, Shape shape, double[] values) {
            return updated(name, shape, values, 0);
        }

        Builder updated(String name, Shape shape, double[] values, double magnitude) {
            return add(name, Arg.Kind.UPDATED, DType.F32, shape, values, Arg.NO_SLOT, magnitude);
        }

        /** A gradient of the adapter in a slot. */
        Builder gradient(String name, int slot, Shape shape, double[] values) {
            return add(name, Arg.Kind.UPDATED, DType.F32, shape, values, slot, 0)
                    .float32(name);
        }

        Builder consumed(String name, Shape shape, double[] values) {
            return add(name, Arg.Kind.CONSUMED, DType.F32, shape, values, Arg.NO_SLOT, 0);
        }

        Builder scratch(String name, Shape shape) {
            args.add(new Arg(name, Arg.Kind.SCRATCH, DType.F32, shape, null, null, null, Arg.NO_SLOT, false, 0));
            return this;
        }

        /** Only moves numbers: no rounding is forgiven. */
        Builder exact() {
            exact = true;
            return this;
        }

        private Builder add(
                String name, Arg.Kind kind, DType dtype, Shape shape, double[] values, int slot, double magnitude) {
            double[] rounded = new double[shape.size()];
            for (int i = 0; i < rounded.length; i++) {
                rounded[i] = Arg.round(dtype, values[i]);
            }
            args.add(new Arg(name, kind, dtype, shape, rounded, null, null, slot, false, magnitude));
            return this;
        }

        double[] normal(Shape shape) {
            return normal(shape, 1);
        }

        double[] normal(Shape shape, double deviation) {
            return draw(shape, gaussian -> gaussian * deviation);
        }

        /** A function of normal random numbers. */
        double[] draw(Shape shape, DoubleUnaryOperator of) {
            double[] values = new double[shape.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = of.applyAsDouble(random.nextGaussian());
            }
            return values;
        }

        Case call(Call call) {
            return new Case(op, text, batch, List.copyOf(args), call, exact);
        }
    }
}
