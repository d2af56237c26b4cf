package candor.ops.cuda;

import candor.bindings.generated.CandorKernels;
import candor.ops.weight.Absmax;
import candor.ops.weight.Fp8Weight;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.Int8Weight;
import candor.ops.weight.Nf4Code;
import candor.ops.weight.Nf4Weight;
import candor.ops.weight.PackedForm;
import candor.ops.weight.PackedWeight;
import candor.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A packed weight on the device, as {@code candor_kernels.h} says under the name of its type. Linear layers read it.
 *
 * @param type   the kernels' name of its form
 * @param codes  where its elements are
 * @param scales where what they are multiplied with is
 * @param bytes  of the weight that it was made of
 */
record PackedOnDevice(
        PackedForm form, int type, int rows, int cols, MemorySegment codes, MemorySegment scales, long bytes)
        implements FrozenWeight {
    /** Bytes of the values and steps of NF4, which stand beside each weight. */
    static final long MOST_NUMBERS = (16 + 256) * Float.BYTES;

    /** Where scales begin behind codes: their kernels read numbers of float32. */
    private static final long ALIGNMENT = 256;

    /** Copies a weight to the device, in one piece of its memory. */
    static PackedOnDevice of(PackedWeight w, Device device, Staging staging) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment codes = codes(w);
            MemorySegment scales = scales(w, arena);
            long behind = Math.ceilDiv(codes.byteSize(), ALIGNMENT) * ALIGNMENT;
            MemorySegment there = device.allocate(behind + scales.byteSize());
            MemorySegment scalesThere = Device.at(there, behind);
            staging.upload(there, codes);
            staging.upload(scalesThere, scales);
            return new PackedOnDevice(w.form(), type(w), w.rows(), w.cols(), there, scalesThere, w.bytes());
        }
    }

    private static int type(PackedWeight w) {
        return switch (w) {
            case Int8Weight _ -> CandorKernels.CANDOR_INT8();
            case Fp8Weight _ -> CandorKernels.CANDOR_FP8();
            case Nf4Weight nf4 ->
                switch (nf4.absmax()) {
                    case Absmax.Plain _ -> CandorKernels.CANDOR_NF4();
                    case Absmax.Nested _ -> CandorKernels.CANDOR_NF4_NESTED();
                };
        };
    }

    private static MemorySegment codes(PackedWeight w) {
        return switch (w) {
            case Int8Weight int8 -> int8.codes();
            case Fp8Weight fp8 -> fp8.codes();
            case Nf4Weight nf4 -> nf4.codes();
        };
    }

    private static MemorySegment scales(PackedWeight w, Arena arena) {
        return switch (w) {
            case Int8Weight int8 -> int8.absmax();
            case Fp8Weight fp8 -> fp8.scales();
            case Nf4Weight nf4 ->
                switch (nf4.absmax()) {
                    case Absmax.Plain plain -> joined(arena, floats(arena, Nf4Code.values()), plain.values());
                    case Absmax.Nested nested ->
                        joined(
                                arena,
                                floats(arena, Nf4Code.values()),
                                floats(arena, nested.map()),
                                floats(arena, nested.offset()),
                                nested.scales(),
                                nested.codes());
                };
        };
    }

    private static MemorySegment floats(Arena arena, float... values) {
        return arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
    }

    /** One behind the other, without gaps. */
    private static MemorySegment joined(Arena arena, MemorySegment... parts) {
        long bytes = 0;
        for (MemorySegment part : parts) {
            bytes += part.byteSize();
        }
        MemorySegment all = arena.allocate(bytes, Float.BYTES);
        long at = 0;
        for (MemorySegment part : parts) {
            MemorySegment.copy(part, 0, all, at, part.byteSize());
            at += part.byteSize();
        }
        return all;
    }

    @Override
    public boolean fits(DType activations) {
        return activations == DType.BF16;
    }
}
