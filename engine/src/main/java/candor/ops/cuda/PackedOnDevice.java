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
import candor.ops.weight.WeightImage;
import candor.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

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

    /** Copies a weight to the device, in one piece of its memory. */
    static PackedOnDevice of(PackedWeight w, Device device, Staging staging) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment codes = codes(w);
            MemorySegment scales = joined(arena, scales(w, arena));
            long behind = behind(w);
            MemorySegment there = device.allocate(behind + scales.byteSize());
            staging.upload(there, codes);
            staging.upload(Device.at(there, behind), scales);
            return at(w, there);
        }
    }

    /** The same in memory of the host. */
    static WeightImage image(PackedWeight w) {
        List<MemorySegment> scales = scales(w, Arena.ofAuto());
        long behind = behind(w);
        long bytes = Device.aligned(behind + bytes(scales));
        return new WeightImage() {
            @Override
            public long bytes() {
                return bytes;
            }

            @Override
            public void write(MemorySegment to) {
                MemorySegment codes = codes(w);
                MemorySegment.copy(codes, 0, to, 0, codes.byteSize());
                join(scales, to, behind);
            }

            @Override
            public FrozenWeight at(MemorySegment address) {
                return PackedOnDevice.at(w, address);
            }
        };
    }

    private static PackedOnDevice at(PackedWeight w, MemorySegment there) {
        return new PackedOnDevice(w.form(), type(w), w.rows(), w.cols(), there, Device.at(there, behind(w)), w.bytes());
    }

    /** Where scales begin behind codes: their kernels read numbers of float32. */
    private static long behind(PackedWeight w) {
        return Device.aligned(codes(w).byteSize());
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

    /** What lies one behind the other without gaps; the small ones among them as long as the arena. */
    private static List<MemorySegment> scales(PackedWeight w, Arena arena) {
        return switch (w) {
            case Int8Weight int8 -> List.of(int8.absmax());
            case Fp8Weight fp8 -> List.of(fp8.scales());
            case Nf4Weight nf4 ->
                switch (nf4.absmax()) {
                    case Absmax.Plain plain -> List.of(floats(arena, Nf4Code.values()), plain.values());
                    case Absmax.Nested nested ->
                        List.of(
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

    private static long bytes(List<MemorySegment> parts) {
        return parts.stream().mapToLong(MemorySegment::byteSize).sum();
    }

    private static MemorySegment joined(Arena arena, List<MemorySegment> parts) {
        MemorySegment all = arena.allocate(bytes(parts), Float.BYTES);
        join(parts, all, 0);
        return all;
    }

    private static void join(List<MemorySegment> parts, MemorySegment to, long from) {
        long at = from;
        for (MemorySegment part : parts) {
            MemorySegment.copy(part, 0, to, at, part.byteSize());
            at += part.byteSize();
        }
    }

    @Override
    public boolean fits(DType activations) {
        return activations == DType.BF16;
    }
}
