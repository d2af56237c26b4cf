package candor.ops.cuda;

import static candor.ops.cuda.Call.address;

import candor.bindings.generated.CandorKernels;
import candor.bindings.generated.candor_adamw_part;
import candor.bindings.generated.candor_cache;
import candor.bindings.generated.candor_dropping;
import candor.bindings.generated.candor_heads;
import candor.bindings.generated.candor_lora;
import candor.bindings.generated.candor_matrix;
import candor.bindings.generated.candor_sequences;
import candor.ops.Heads;
import candor.ops.Lora;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * What calls hand over beside numbers and addresses: the stream, and structs. Their memory is taken once and written again for
 * every call, so that what a method returns is good until the call has been made.
 */
final class Arguments implements AutoCloseable {
    /** More matrices than a call has. */
    private static final int MATRICES = 8;

    /**
     * An adapter on one layer.
     *
     * @param start its first row of the batch
     * @param end   behind its last
     */
    record LoraEntry(Lora.Factors factors, int start, int end) {}

    private final MemorySegment stream;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment[] matrices = new MemorySegment[MATRICES];
    private final MemorySegment heads = candor_heads.allocate(arena);
    private final MemorySegment sequences = candor_sequences.allocate(arena);
    private final MemorySegment cache = candor_cache.allocate(arena);
    private final MemorySegment dropping = candor_dropping.allocate(arena);
    private final MemorySegment part = candor_adamw_part.allocate(arena);
    private Arena loraArena = Arena.ofShared();
    private MemorySegment loras = candor_lora.allocateArray(16, loraArena);
    private int nextMatrix;

    Arguments(MemorySegment stream) {
        this.stream = stream;
        for (int i = 0; i < MATRICES; i++) {
            matrices[i] = candor_matrix.allocate(arena);
        }
    }

    MemorySegment stream() {
        return stream;
    }

    /** Null's address for no tensor. */
    MemorySegment matrix(Tensor tensor) {
        if (tensor == null) {
            return MemorySegment.NULL;
        }
        MemorySegment to = matrices[nextMatrix];
        nextMatrix = (nextMatrix + 1) % MATRICES;
        write(to, 0, tensor);
        return to;
    }

    /** A matrix without data for no tensor. */
    private static void write(MemorySegment to, long at, Tensor tensor) {
        boolean there = tensor != null;
        to.set(candor_matrix.data$layout(), at + candor_matrix.data$offset(), address(tensor));
        to.set(candor_matrix.stride$layout(), at + candor_matrix.stride$offset(), there ? tensor.stride() : 0);
        to.set(candor_matrix.rows$layout(), at + candor_matrix.rows$offset(), there ? tensor.rows() : 0);
        to.set(candor_matrix.cols$layout(), at + candor_matrix.cols$offset(), there ? tensor.cols() : 0);
        to.set(candor_matrix.dtype$layout(), at + candor_matrix.dtype$offset(), there ? type(tensor.dtype()) : 0);
    }

    private static int type(DType dtype) {
        return switch (dtype) {
            case F32 -> CandorKernels.CANDOR_F32();
            case BF16 -> CandorKernels.CANDOR_BF16();
            case F16, I32, F64 -> throw new IllegalArgumentException("the kernels have no matrices of " + dtype);
        };
    }

    MemorySegment heads(Heads from) {
        candor_heads.query(heads, from.query());
        candor_heads.key(heads, from.key());
        candor_heads.width(heads, from.width());
        return heads;
    }

    MemorySegment sequences(AttentionCalls.Sequences from) {
        candor_sequences.starts(sequences, address(from.starts()));
        candor_sequences.count(sequences, from.count());
        candor_sequences.longest(sequences, from.longest());
        return sequences;
    }

    MemorySegment cache(AttentionCalls.Cache from) {
        candor_cache.slabs(cache, address(from.slabs()));
        candor_cache.slab_stride(cache, from.slabStride());
        candor_cache.slab_pages(cache, from.slabPages());
        candor_cache.pages(cache, address(from.pages()));
        candor_cache.first_page(cache, address(from.firstPage()));
        return cache;
    }

    MemorySegment dropping(RowCalls.Drops from) {
        candor_dropping.keys(dropping, address(from.keys()));
        candor_dropping.sequences(dropping, address(from.sequences()));
        candor_dropping.positions(dropping, address(from.positions()));
        candor_dropping.module(dropping, from.module());
        candor_dropping.threshold(dropping, from.threshold());
        candor_dropping.scale(dropping, from.scale());
        candor_dropping.start(dropping, from.start());
        candor_dropping.end(dropping, from.end());
        return dropping;
    }

    MemorySegment loras(List<LoraEntry> entries) {
        if (entries.size() * candor_lora.sizeof() > loras.byteSize()) {
            loraArena.close();
            loraArena = Arena.ofShared();
            loras = candor_lora.allocateArray(2L * entries.size(), loraArena);
        }
        for (int i = 0; i < entries.size(); i++) {
            write(loras, i * candor_lora.sizeof(), entries.get(i));
        }
        return loras;
    }

    private static void write(MemorySegment to, long at, LoraEntry entry) {
        Lora.Factors factors = entry.factors;
        write(to, at + candor_lora.a$offset(), factors.a());
        write(to, at + candor_lora.b$offset(), factors.b());
        write(to, at + candor_lora.da$offset(), factors.da());
        write(to, at + candor_lora.db$offset(), factors.db());
        to.set(candor_lora.scale$layout(), at + candor_lora.scale$offset(), factors.scale());
        to.set(candor_lora.start$layout(), at + candor_lora.start$offset(), entry.start);
        to.set(candor_lora.end$layout(), at + candor_lora.end$offset(), entry.end);
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
