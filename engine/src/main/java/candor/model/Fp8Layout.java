package candor.model;

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

/** fp8 as it is published with Qwen 3: {@code weight} (F8_E4M3), and {@code weight_scale_inv}, what its squares are multiplied with. */
final class Fp8Layout implements PackedLayout {
    private static final String CODES = "F8_E4M3";
    private static final String SCALES = "_scale_inv";

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
        String name = weight + SCALES;
        List<Long> squares = List.of(Fp8Weight.blocks(stored.rows()), Fp8Weight.blocks(stored.cols()));
        PackedLayout.required(files, weight, name, squares, List.of("F32", "BF16", "F16"));
        MemorySegment scales = floats(files.fileOf(name).tensor(name), arena);
        PackedLayout.requireFinite(files, name, scales);
        return new Fp8Weight(stored.rows(), stored.cols(), codes, scales);
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
