package candor.check;

import static candor.check.Mutant.TOO_FAR;

import candor.ops.op.Linear;
import candor.ops.op.LinearBackward;
import candor.ops.weight.Absmax;
import candor.ops.weight.Fp8Weight;
import candor.ops.weight.Int8Weight;
import candor.ops.weight.Nf4Weight;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;

/** Bugs in reading weights of four and eight bits. */
final class PackedMutants {
    private PackedMutants() {}

    /** How a wrong backend reads a weight of one form. */
    private interface Reading<W> {
        Weight of(W weight);
    }

    /** What an element is taken for. */
    private interface Element {
        double at(int row, int col);
    }

    static Stream<Mutant> all() {
        return Stream.of(
                forward("takes the lower half of a byte first", Nf4Weight.class, PackedMutants::swapped),
                forward(
                        "begins a block with each row",
                        Nf4Weight.class,
                        w -> values(w, (row, col) -> {
                            long padded = row * Math.ceilDiv((long) w.cols(), Nf4Weight.BLOCK) + col / Nf4Weight.BLOCK;
                            long block = ((long) row * w.cols() + col) / Nf4Weight.BLOCK;
                            float wrong =
                                    w.absmax().of(Math.min(padded, w.absmax().blocks() - 1));
                            return w.get(row, col) / w.absmax().of(block) * wrong;
                        })),
                forward("forgets what the sizes' mean is", Nf4Weight.class, w -> {
                    Absmax.Nested nested = (Absmax.Nested) w.absmax();
                    Absmax.Nested bare = new Absmax.Nested(nested.codes(), nested.scales(), nested.map(), 0);
                    return new Nf4Weight(w.rows(), w.cols(), w.codes(), bare);
                }),
                forward("has one size for all groups of blocks", Nf4Weight.class, w -> {
                    Absmax.Nested nested = (Absmax.Nested) w.absmax();
                    MemorySegment scales =
                            Arena.ofAuto().allocate(nested.scales().byteSize(), Float.BYTES);
                    for (long at = 0; at < scales.byteSize(); at += Float.BYTES) {
                        MemorySegment.copy(nested.scales(), 0, scales, at, Float.BYTES);
                    }
                    Absmax.Nested one = new Absmax.Nested(nested.codes(), scales, nested.map(), nested.offset());
                    return new Nf4Weight(w.rows(), w.cols(), w.codes(), one);
                }),
                forward(
                        "does not round to bfloat16",
                        Int8Weight.class,
                        w -> values(w, (row, col) -> {
                            byte code = w.codes().get(ValueLayout.JAVA_BYTE, (long) row * w.cols() + col);
                            return code * w.step(row);
                        })),
                forward("divides by 128", Int8Weight.class, w -> values(w, (row, col) -> w.get(row, col) * 127 / 128)),
                forward(
                        "takes whole numbers for ones without a sign",
                        Int8Weight.class,
                        w -> values(w, (row, col) -> {
                            double value = w.get(row, col);
                            return value < 0 ? value + 256 * w.step(row) : value;
                        })),
                forward(
                        "takes the first square's scale for a whole row of squares",
                        Fp8Weight.class,
                        w -> values(w, (row, col) -> w.get(row, col) / w.scale(row, col) * w.scale(row, 0))),
                backward(
                        "takes the next row's size on the way back",
                        Int8Weight.class,
                        w -> values(
                                w,
                                (row, col) -> w.get(row, col) / w.step(row) * w.step(Math.min(row + 1, w.rows() - 1)))),
                backward("swaps the halves of a byte on the way back", Nf4Weight.class, PackedMutants::swapped));
    }

    private static Weight swapped(Nf4Weight w) {
        byte[] bytes = w.codes().toArray(ValueLayout.JAVA_BYTE);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (bytes[i] << 4 | bytes[i] >> 4 & 15);
        }
        return new Nf4Weight(w.rows(), w.cols(), MemorySegment.ofArray(bytes), w.absmax());
    }

    private static Weight values(StoredWeight w, Element element) {
        Tensor wrong = Tensor.allocate(Arena.ofAuto(), DType.F32, w.rows(), w.cols());
        for (int row = 0; row < w.rows(); row++) {
            for (int col = 0; col < w.cols(); col++) {
                wrong.set(row, col, element.at(row, col));
            }
        }
        return StoredWeight.of(wrong);
    }

    private static <W> Weight read(Weight w, Class<W> form, Reading<W> reading) {
        return form.isInstance(w) ? reading.of(form.cast(w)) : w;
    }

    private static <W> Mutant forward(String bug, Class<W> form, Reading<W> reading) {
        return Mutant.of(
                Linear.class,
                bug,
                TOO_FAR,
                (right, op) -> right.linear(
                        op.y(),
                        op.t(),
                        op.x(),
                        read(op.w(), form, reading),
                        op.bias(),
                        op.residual(),
                        op.lora(),
                        op.batch()));
    }

    private static <W> Mutant backward(String bug, Class<W> form, Reading<W> reading) {
        return Mutant.of(
                LinearBackward.class,
                bug,
                TOO_FAR,
                (right, op) -> right.linearBackward(
                        op.dx(),
                        op.dt(),
                        op.dy(),
                        op.x(),
                        op.t(),
                        read(op.w(), form, reading),
                        op.lora(),
                        op.batch(),
                        op.write()));
    }
}
