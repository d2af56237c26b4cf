package candor.model;

import candor.BadInput;
import candor.model.Architecture.Stored;
import candor.model.SafetensorsWriter.Raw;
import candor.ops.weight.Fp8Weight;
import candor.ops.weight.PackedWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.LongStream;

/** fp8 as it is published with Qwen 3: {@code weight} (F8_E4M3), and {@code weight_scale_inv}, what its squares are multiplied with. */
final class Fp8Layout implements PackedLayout {
    private static final String CODES = "F8_E4M3";
    private static final String SCALES = "_scale_inv";

    /** Codes that are looked at together by a thread. */
    private static final long PIECE = 1 << 20;

    /** Eight codes without their signs, and eight ones. */
    private static final long SIZES = 0x7f7f7f7f7f7f7f7fL;

    private static final long ONES = 0x0101010101010101L;

    @Override
    public List<String> beside(String weight) {
        return List.of(weight + SCALES);
    }

    @Override
    public boolean isIn(TensorFiles files, String weight) {
        return files.has(weight + SCALES)
                || files.fileOf(weight).entry(weight).dtype().equals(CODES);
    }

    @Override
    public PackedWeight read(TensorFiles files, Stored stored, Arena arena) {
        String weight = stored.name();
        List<Long> shape = List.of((long) stored.rows(), (long) stored.cols());
        MemorySegment codes = PackedLayout.required(files, weight, weight, shape, List.of(CODES));
        requireNumbers(files, weight, codes);
        String name = weight + SCALES;
        List<Long> squares = List.of(Fp8Weight.blocks(stored.rows()), Fp8Weight.blocks(stored.cols()));
        PackedLayout.required(files, weight, name, squares, List.of("F32", "BF16", "F16"));
        MemorySegment scales = floats(files.fileOf(name).tensor(name), arena);
        PackedLayout.requireFinite(files, name, scales);
        return new Fp8Weight(stored.rows(), stored.cols(), codes, scales);
    }

    /** Refuses the codes of NaN, which are 127 but for the sign: not every way of widening codes knows them. */
    private static void requireNumbers(TensorFiles files, String weight, MemorySegment codes) {
        LongStream.range(0, Math.ceilDiv(codes.byteSize(), PIECE))
                .parallel()
                .map(piece -> firstNaN(codes, piece * PIECE, Math.min(codes.byteSize(), (piece + 1) * PIECE)))
                .filter(at -> at >= 0)
                .findFirst()
                .ifPresent(at -> {
                    throw new BadInput(files.fileOf(weight).file() + ": tensor " + weight
                            + " holds a number that is not finite, at " + at + "; download the model again");
                });
    }

    /** Where the first is from one byte to another, or -1. Eight are looked at together: 127 + 1 alone reaches the upper bit. */
    private static long firstNaN(MemorySegment codes, long from, long to) {
        long at = from;
        for (; at + Long.BYTES <= to; at += Long.BYTES) {
            long eight = codes.get(ValueLayout.JAVA_LONG_UNALIGNED, at) & SIZES;
            if ((eight + ONES & ~SIZES) != 0) {
                break;
            }
        }
        while (at < to && (codes.get(ValueLayout.JAVA_BYTE, at) & 0x7f) != 0x7f) {
            at++;
        }
        return at < to ? at : -1;
    }

    /** Some are published in half the bits. */
    private static MemorySegment floats(Tensor scales, Arena arena) {
        return scales.dtype() == DType.F32
                ? scales.data()
                : arena.allocateFrom(ValueLayout.JAVA_FLOAT, scales.toFloats());
    }

    @Override
    public List<Raw> items(Stored stored) {
        List<Long> shape = List.of((long) stored.rows(), (long) stored.cols());
        List<Long> squares = List.of(Fp8Weight.blocks(stored.rows()), Fp8Weight.blocks(stored.cols()));
        return List.of(
                new Raw(stored.name(), CODES, shape, stored.elements()),
                new Raw(stored.name() + SCALES, "F32", squares, Float.BYTES * squares.get(0) * squares.get(1)));
    }

    @Override
    public List<Part> parts(String weight, PackedWeight packed) {
        Fp8Weight w = (Fp8Weight) packed;
        return List.of(new Part(weight, w.codes()), new Part(weight + SCALES, w.scales()));
    }
}
