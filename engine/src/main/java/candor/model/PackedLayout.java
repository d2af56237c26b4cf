package candor.model;

import candor.BadInput;
import candor.model.Architecture.Stored;
import candor.model.SafetensorsWriter.Raw;
import candor.ops.weight.PackedForm;
import candor.ops.weight.PackedWeight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** How a checkpoint stores a packed weight: its codes under the weight's own name, and tensors beside them that say how large they are. */
interface PackedLayout {
    /** The layout of a form. */
    static PackedLayout of(PackedForm form) {
        return switch (form) {
            case NF4 -> new Nf4Layout();
            case INT8 -> new Int8Layout();
            case FP8 -> new Fp8Layout();
        };
    }

    /** The names that may stand beside a weight's. */
    List<String> beside(String weight);

    /** Whether files have this weight packed so, or at least something that says so. */
    boolean isIn(TensorFiles files, String weight);

    /**
     * A weight of files that {@link #isIn} says have it; most of it stays where it is.
     *
     * @param arena how long what does not stays
     * @throws BadInput where a part is missing or does not fit
     */
    PackedWeight read(TensorFiles files, Stored weight, Arena arena);

    /** What {@link #parts} will be. */
    List<Raw> items(Stored weight);

    /** What to write of a weight of this form. */
    List<Part> parts(String weight, PackedWeight packed);

    /** A tensor of a packed weight. */
    record Part(String name, MemorySegment bytes) {}

    /** A part that has to be there, of one of these types and this shape. */
    static MemorySegment required(TensorFiles files, String weight, String name, List<Long> shape, List<String> types) {
        if (!files.has(name)) {
            throw new BadInput(files.fileOf(weight).file() + ": tensor " + weight + " is packed, and " + name
                    + ", which belongs to it, is missing; download the model again");
        }
        Safetensors file = files.fileOf(name);
        Safetensors.Entry entry = file.entry(name);
        if (!types.contains(entry.dtype()) || !entry.shape().equals(shape)) {
            String beside = name.equals(weight)
                    ? ModelFolder.CONFIG + " and the weights belong together"
                    : "it belongs to " + weight;
            throw new BadInput(file.file() + ": tensor " + name + " is " + entry.dtype() + " " + entry.shape()
                    + ", expected " + String.join(" or ", types) + " " + shape + "; check that " + beside);
        }
        return file.bytes(name);
    }

    /** Refuses sizes that are not finite. */
    static void requireFinite(TensorFiles files, String name, MemorySegment floats) {
        for (long at = 0; at < floats.byteSize(); at += Float.BYTES) {
            if (!Float.isFinite(floats.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at))) {
                throw new BadInput(files.fileOf(name).file() + ": tensor " + name
                        + " holds a number that is not finite, at " + at / Float.BYTES + "; download the model again");
            }
        }
    }
}
