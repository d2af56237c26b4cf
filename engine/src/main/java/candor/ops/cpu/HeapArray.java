package candor.ops.cpu;

import java.lang.foreign.MemorySegment;

/** An array as memory, made anew only where it is another than before. */
final class HeapArray {
    private float[] array;
    private MemorySegment memory;

    MemorySegment of(float[] floats) {
        if (array != floats) {
            array = floats;
            memory = MemorySegment.ofArray(floats);
        }
        return memory;
    }
}
