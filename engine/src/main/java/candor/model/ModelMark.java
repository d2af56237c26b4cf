package candor.model;

import candor.io.Sha256;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What tells a model's weights from another's at a glance, however large they are. */
public final class ModelMark {
    /** Bytes of a tensor that are looked at: whoever trains a matrix, or packs it, changes nearly all of it. */
    private static final int HEAD = 4096;

    private ModelMark() {}

    /**
     * SHA-256, in lower-case hexadecimal, over the names, types and shapes of all tensors of a checkpoint and over the first
     * {@value #HEAD} bytes of each. How they are divided into files makes no difference.
     */
    public static String of(ModelFolder folder) {
        Sha256 sum = new Sha256();
        try (Arena arena = Arena.ofConfined()) {
            TensorFiles files = TensorFiles.open(folder, arena);
            for (String name : files.names()) {
                Safetensors file = files.fileOf(name);
                Safetensors.Entry entry = file.entry(name);
                sum.add(name + " " + entry.dtype() + " " + entry.shape() + "\n");
                MemorySegment bytes = file.bytes(name);
                sum.add(bytes.asSlice(0, Math.min(HEAD, bytes.byteSize())).toArray(ValueLayout.JAVA_BYTE));
            }
        }
        return sum.hex();
    }
}
