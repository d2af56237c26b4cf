package candor.ops.cuda;

import static candor.ops.cuda.Call.address;
import static candor.ops.cuda.Call.stride;

import candor.bindings.generated.candor_adamw_part;
import candor.bindings.generated.candor_lora;
import candor.ops.Lora;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** What calls hand over beside numbers and addresses: the stream, and structs that live until the next call. */
final class Arguments implements AutoCloseable {
    /**
     * An adapter on one layer.
     *
     * @param start its first row of the batch
     * @param end   behind its last
     */
    record LoraEntry(Lora.Factors factors, int start, int end) {}

    private final MemorySegment stream;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment part = candor_adamw_part.allocate(arena);
    private Arena loraArena = Arena.ofShared();
    private MemorySegment loras = candor_lora.allocateArray(16, loraArena);

    Arguments(MemorySegment stream) {
        this.stream = stream;
    }

    MemorySegment stream() {
        return stream;
    }

    MemorySegment loras(List<LoraEntry> entries) {
        if (entries.size() * candor_lora.sizeof() > loras.byteSize()) {
            loraArena.close();
            loraArena = Arena.ofShared();
            loras = candor_lora.allocateArray(2L * entries.size(), loraArena);
        }
        for (int i = 0; i < entries.size(); i++) {
            write(candor_lora.asSlice(loras, i), entries.get(i));
        }
        return loras;
    }

    private static void write(MemorySegment to, LoraEntry entry) {
        Lora.Factors factors = entry.factors;
        candor_lora.a(to, factors.a().data());
        candor_lora.a_stride(to, factors.a().stride());
        candor_lora.b(to, factors.b().data());
        candor_lora.b_stride(to, factors.b().stride());
        candor_lora.da(to, address(factors.da()));
        candor_lora.da_stride(to, stride(factors.da()));
        candor_lora.db(to, address(factors.db()));
        candor_lora.db_stride(to, stride(factors.db()));
        candor_lora.rank(to, factors.rank());
        candor_lora.scale(to, factors.scale());
        candor_lora.start(to, entry.start);
        candor_lora.end(to, entry.end);
    }

    /** @param numbers on the device */
    MemorySegment adamWPart(Tensor w, Tensor g, Tensor m, Tensor v, long numbers) {
        candor_adamw_part.w(part, w.data());
        candor_adamw_part.g(part, g.data());
        candor_adamw_part.m(part, m.data());
        candor_adamw_part.v(part, v.data());
        candor_adamw_part.numbers(part, address(numbers));
        candor_adamw_part.count(part, w.elements());
        return part;
    }

    @Override
    public void close() {
        loraArena.close();
        arena.close();
    }
}
