package candor.model;

import candor.BadInput;
import candor.model.Architecture.Stored;
import candor.model.SafetensorsWriter.Raw;
import candor.ops.weight.Int8Weight;
import candor.ops.weight.PackedWeight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** bitsandbytes' eight bits: {@code weight} (I8), {@code SCB} (each row's absmax), and {@code weight_format}, 0 for row after row. */
final class Int8Layout implements PackedLayout {
    private static final String WEIGHT = "weight";
    private static final String ABSMAX = "SCB";
    private static final String FORMAT = "weight_format";

    @Override
    public List<String> beside(String weight) {
        return List.of(named(weight, ABSMAX), named(weight, FORMAT));
    }

    private static String named(String weight, String part) {
        return weight.substring(0, weight.length() - WEIGHT.length()) + part;
    }

    @Override
    public boolean isIn(TensorFiles files, String weight) {
        return files.has(named(weight, ABSMAX))
                || files.fileOf(weight).entry(weight).dtype().equals("I8");
    }

    @Override
    public PackedWeight read(TensorFiles files, Stored stored, Arena arena) {
        String weight = stored.name();
        MemorySegment codes = PackedLayout.required(files, weight, weight, shape(stored), List.of("I8"));
        String name = named(weight, ABSMAX);
        MemorySegment absmax =
                PackedLayout.required(files, weight, name, List.of((long) stored.rows()), List.of("F32"));
        PackedLayout.requireFinite(files, name, absmax);
        requireRows(files, named(weight, FORMAT));
        return new Int8Weight(stored.rows(), stored.cols(), codes, absmax);
    }

    /** Old files may have their codes in tiles for one generation of GPUs, in the same shape. Where nothing is said, they are in rows. */
    private static void requireRows(TensorFiles files, String name) {
        if (files.has(name) && files.fileOf(name).bytes(name).mismatch(MemorySegment.ofArray(new byte[1])) >= 0) {
            throw new BadInput(
                    files.fileOf(name).file() + ": tensor " + name
                            + " says that the codes are not row after row, which is not supported",
                    "take the model in bfloat16, which {weights} packs as it is loaded");
        }
    }

    private static List<Long> shape(Stored stored) {
        return List.of((long) stored.rows(), (long) stored.cols());
    }

    @Override
    public List<Raw> items(Stored stored) {
        return List.of(
                new Raw(stored.name(), "I8", shape(stored), stored.elements()),
                new Raw(
                        named(stored.name(), ABSMAX),
                        "F32",
                        List.of((long) stored.rows()),
                        (long) Float.BYTES * stored.rows()),
                new Raw(named(stored.name(), FORMAT), "U8", List.of(), 1));
    }

    @Override
    public List<Part> parts(String weight, PackedWeight packed) {
        Int8Weight w = (Int8Weight) packed;
        return List.of(
                new Part(weight, w.codes()),
                new Part(named(weight, ABSMAX), w.absmax()),
                new Part(named(weight, FORMAT), MemorySegment.ofArray(new byte[1])));
    }
}
