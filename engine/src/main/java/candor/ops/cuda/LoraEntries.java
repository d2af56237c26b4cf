package candor.ops.cuda;

import candor.bindings.generated.candor_lora;
import candor.ops.Batch;
import candor.ops.Lora;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The adapters on one layer as the border wants them: an entry for each run of rows that has factors. */
final class LoraEntries implements AutoCloseable {
    private Arena arena = Arena.ofShared();
    private MemorySegment entries = candor_lora.allocateArray(16, arena);
    private int count;

    /** Writes the entries of a layer and a batch. */
    LoraEntries of(Lora lora, Batch batch) {
        count = 0;
        if (lora == null) {
            return this;
        }
        reserve(batch.runs().size());
        for (Batch.Run run : batch.runs()) {
            Lora.Factors factors = lora.at(run.slot());
            if (factors != null) {
                write(candor_lora.asSlice(entries, count++), factors, run);
            }
        }
        return this;
    }

    private void reserve(int runs) {
        if (runs * candor_lora.sizeof() > entries.byteSize()) {
            arena.close();
            arena = Arena.ofShared();
            entries = candor_lora.allocateArray(2L * runs, arena);
        }
    }

    private static void write(MemorySegment entry, Lora.Factors factors, Batch.Run run) {
        candor_lora.a(entry, factors.a().data());
        candor_lora.a_stride(entry, factors.a().stride());
        candor_lora.b(entry, factors.b().data());
        candor_lora.b_stride(entry, factors.b().stride());
        candor_lora.da(entry, address(factors.da()));
        candor_lora.da_stride(entry, stride(factors.da()));
        candor_lora.db(entry, address(factors.db()));
        candor_lora.db_stride(entry, stride(factors.db()));
        candor_lora.rank(entry, factors.rank());
        candor_lora.scale(entry, factors.scale());
        candor_lora.start(entry, run.start());
        candor_lora.end(entry, run.end());
    }

    /** Null's address for no tensor. */
    static MemorySegment address(Tensor tensor) {
        return tensor == null ? MemorySegment.NULL : tensor.data();
    }

    static long stride(Tensor tensor) {
        return tensor == null ? 0 : tensor.stride();
    }

    MemorySegment entries() {
        return entries;
    }

    int count() {
        return count;
    }

    @Override
    public void close() {
        arena.close();
    }
}
