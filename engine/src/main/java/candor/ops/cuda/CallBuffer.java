package candor.ops.cuda;

import candor.bindings.generated.CandorKernels;
import candor.bindings.generated.candor_adamw8_part;
import candor.bindings.generated.candor_adamw_part;
import candor.bindings.generated.candor_cache;
import candor.bindings.generated.candor_dropping;
import candor.bindings.generated.candor_epilogue;
import candor.bindings.generated.candor_heads;
import candor.bindings.generated.candor_lora;
import candor.bindings.generated.candor_lora_image;
import candor.bindings.generated.candor_matrix;
import candor.bindings.generated.candor_sequences;
import candor.ops.Batch;
import candor.ops.EightBitRow;
import candor.ops.Heads;
import candor.ops.Lora;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.Consumer;

/**
 * Calls of the C API one behind the other, in native memory and as they go over: which function, then its arguments, structs as C
 * lays them out. So a struct is handed over where it lies, no native memory is taken for a call once there is as much as it ever
 * takes, and two sections of calls ask for the same work where their bytes are the same: all operations, shapes, numbers and
 * device addresses are in them. What a kernel reads in device memory is not.
 */
final class CallBuffer implements AutoCloseable {
    static final long MATRIX = padded(candor_matrix.sizeof());
    static final long HEADS = padded(candor_heads.sizeof());
    static final long SEQUENCES = padded(candor_sequences.sizeof());
    static final long CACHE = padded(candor_cache.sizeof());
    static final long DROPPING = padded(candor_dropping.sizeof());
    static final long EPILOGUE = padded(candor_epilogue.sizeof());
    static final long PART = padded(candor_adamw_part.sizeof());
    static final long PART8 = padded(candor_adamw8_part.sizeof());

    private Arena arena = Arena.ofShared();
    private MemorySegment memory = arena.allocate(1 << 16, Long.BYTES);
    private long end;
    private int calls;

    /**
     * Adds a call, or nothing where its arguments fail.
     *
     * @param arguments writes them, in the order in which the function takes them
     */
    void add(Function function, Consumer<CallBuffer> arguments) {
        long before = end;
        boolean whole = false;
        try {
            number(function.ordinal());
            arguments.accept(this);
            calls++;
            whole = true;
        } finally {
            end = whole ? end : before;
        }
    }

    /** How many there are. */
    int calls() {
        return calls;
    }

    /** All of them. */
    MemorySegment bytes() {
        return memory.asSlice(0, end);
    }

    void clear() {
        end = 0;
        calls = 0;
    }

    /** @param tensor null for none */
    CallBuffer matrix(Tensor tensor) {
        write(take(MATRIX), tensor);
        return this;
    }

    /** A weight that is on the device, or null for none. */
    CallBuffer weight(Weight weight) {
        if (weight instanceof PackedOnDevice packed) {
            write(take(MATRIX), packed);
            return this;
        }
        return matrix(DeviceWeight.tensor(weight));
    }

    /** The parts of a weight one below the other, each on the device; null for none. */
    CallBuffer weights(List<? extends Weight> parts) {
        number(parts == null ? 0 : parts.size());
        if (parts != null) {
            parts.forEach(this::weight);
        }
        return this;
    }

    private void write(long at, PackedOnDevice weight) {
        write(at, weight.codes(), weight.cols(), weight.rows(), weight.cols(), weight.type());
        memory.set(candor_matrix.scales$layout(), at + candor_matrix.scales$offset(), weight.scales());
    }

    private void write(long at, Tensor tensor) {
        if (tensor != null) {
            write(at, tensor.data(), tensor.stride(), tensor.rows(), tensor.cols(), type(tensor.dtype()));
        }
    }

    private void write(long at, MemorySegment data, long stride, int rows, int cols, int type) {
        memory.set(candor_matrix.data$layout(), at + candor_matrix.data$offset(), data);
        memory.set(candor_matrix.stride$layout(), at + candor_matrix.stride$offset(), stride);
        memory.set(candor_matrix.rows$layout(), at + candor_matrix.rows$offset(), rows);
        memory.set(candor_matrix.cols$layout(), at + candor_matrix.cols$offset(), cols);
        memory.set(candor_matrix.dtype$layout(), at + candor_matrix.dtype$offset(), type);
    }

    private static int type(DType dtype) {
        return switch (dtype) {
            case F32 -> CandorKernels.CANDOR_F32();
            case BF16 -> CandorKernels.CANDOR_BF16();
            case F16, I32, U8, F64 -> throw new IllegalArgumentException("the kernels have no matrices of " + dtype);
        };
    }

    /**
     * The adapters on layers, for each run of rows whose slot has factors those of all layers one behind the other.
     *
     * @param image of their factors, or null
     */
    CallBuffer loras(List<StackedLayers.Part> layers, Batch batch, LoraImage image) {
        long count = take(Long.BYTES);
        int there = 0;
        for (Batch.Run run : batch.runs()) {
            int slot = LoraImage.slot(layers, run.slot());
            for (StackedLayers.Part layer : layers) {
                Lora.Factors factors = layer.lora().at(run.slot());
                if (factors != null) {
                    long at = take(candor_lora.sizeof());
                    write(at, factors, layer, slot, image);
                    memory.set(candor_lora.start$layout(), at + candor_lora.start$offset(), run.start());
                    memory.set(candor_lora.end$layout(), at + candor_lora.end$offset(), run.end());
                    there++;
                }
            }
        }
        memory.set(ValueLayout.JAVA_LONG, count, there);
        return this;
    }

    /** What is to be packed into images. */
    CallBuffer packings(List<LoraImage.Packing> packings) {
        long count = take(Long.BYTES);
        int there = 0;
        for (LoraImage.Packing each : packings) {
            for (int layer = 0; layer < each.factors().size(); layer++) {
                Lora.Factors factors = each.factors().get(layer);
                if (factors != null) {
                    write(
                            take(candor_lora.sizeof()),
                            factors,
                            each.image().place(layer, null),
                            each.slot(),
                            each.image());
                    there++;
                }
            }
        }
        memory.set(ValueLayout.JAVA_LONG, count, there);
        return this;
    }

    private void write(long at, Lora.Factors factors, StackedLayers.Part layer, int slot, LoraImage image) {
        write(at + candor_lora.a$offset(), factors.a());
        write(at + candor_lora.b$offset(), factors.b());
        write(at + candor_lora.da$offset(), factors.da());
        write(at + candor_lora.db$offset(), factors.db());
        memory.set(candor_lora.scale$layout(), at + candor_lora.scale$offset(), factors.scale());
        memory.set(candor_lora.column$layout(), at + candor_lora.column$offset(), layer.column());
        memory.set(candor_lora.output$layout(), at + candor_lora.output$offset(), layer.output());
        if (image != null) {
            memory.set(candor_lora.slot$layout(), at + candor_lora.slot$offset(), slot);
            MemorySegment to = memory.asSlice(at + candor_lora.image$offset(), candor_lora_image.sizeof());
            candor_lora_image.memory(to, image.memory());
            candor_lora_image.slots(to, image.shape().slots());
            candor_lora_image.padded_rank(to, image.shape().columns());
            candor_lora_image.inputs(to, image.shape().inputs());
            candor_lora_image.outputs(to, image.shape().outputs());
        }
    }

    CallBuffer heads(Heads heads) {
        MemorySegment to = struct(HEADS);
        candor_heads.query(to, heads.query());
        candor_heads.key(to, heads.key());
        candor_heads.width(to, heads.width());
        candor_heads.window(to, heads.window());
        return this;
    }

    /**
     * @param starts  (S + 1) on the device
     * @param count   S
     * @param longest rows of the longest, or more
     */
    CallBuffer sequences(long starts, int count, int longest) {
        MemorySegment to = struct(SEQUENCES);
        candor_sequences.starts(to, MemorySegment.ofAddress(starts));
        candor_sequences.count(to, count);
        candor_sequences.longest(to, longest);
        return this;
    }

    /** The cache of one layer: addresses on the device, by the names that candor_kernels.h gives them. */
    CallBuffer cache(long slabs, long slabStride, int slabPages, int mostPages, long pages, long firstPage) {
        MemorySegment to = struct(CACHE);
        candor_cache.slabs(to, MemorySegment.ofAddress(slabs));
        candor_cache.slab_stride(to, slabStride);
        candor_cache.slab_pages(to, slabPages);
        candor_cache.most_pages(to, mostPages);
        candor_cache.pages(to, MemorySegment.ofAddress(pages));
        candor_cache.first_page(to, MemorySegment.ofAddress(firstPage));
        return this;
    }

    /**
     * What a slot drops in a run of rows.
     *
     * @param there the batch's keys, sequences and positions
     */
    CallBuffer dropping(BatchOnDevice there, int module, int threshold, float scale, Batch.Run run) {
        MemorySegment to = struct(DROPPING);
        candor_dropping.keys(to, MemorySegment.ofAddress(there.dropoutKeys()));
        candor_dropping.sequences(to, MemorySegment.ofAddress(there.sequences()));
        candor_dropping.positions(to, MemorySegment.ofAddress(there.positions()));
        candor_dropping.module(to, module);
        candor_dropping.threshold(to, threshold);
        candor_dropping.scale(to, scale);
        candor_dropping.start(to, run.start());
        candor_dropping.end(to, run.end());
        return this;
    }

    /** Nothing behind a linear layer. */
    CallBuffer noEpilogue() {
        struct(EPILOGUE);
        return this;
    }

    /**
     * Heads that turn behind a linear layer.
     *
     * @param heads     that turn, the first columns of the result
     * @param positions (N) on the device
     */
    CallBuffer rope(int heads, Tensor table, long positions) {
        long at = epilogue(CandorKernels.CANDOR_ROPE());
        memory.set(candor_epilogue.heads$layout(), at + candor_epilogue.heads$offset(), heads);
        write(at + candor_epilogue.table$offset(), table);
        memory.set(
                candor_epilogue.positions$layout(),
                at + candor_epilogue.positions$offset(),
                MemorySegment.ofAddress(positions));
        return this;
    }

    /**
     * What comes of gates behind a linear layer.
     *
     * @param operation CANDOR_SWIGLU or CANDOR_GEGLU
     * @param y         (N, F) =
     * @param kept      whether the layer's own result is wanted too
     */
    CallBuffer gated(int operation, Tensor y, boolean kept) {
        long at = epilogue(operation);
        write(at + candor_epilogue.gated$offset(), y);
        memory.set(candor_epilogue.kept$layout(), at + candor_epilogue.kept$offset(), kept ? 1 : 0);
        return this;
    }

    private long epilogue(int operation) {
        long at = take(EPILOGUE);
        memory.set(candor_epilogue.operation$layout(), at + candor_epilogue.operation$offset(), operation);
        return at;
    }

    /**
     * Parameters, their gradients and moments.
     *
     * @param numbers of the step, on the device
     */
    CallBuffer part(Tensor w, Tensor g, Tensor m, Tensor v, long numbers) {
        MemorySegment to = struct(PART);
        candor_adamw_part.w(to, w.data());
        candor_adamw_part.g(to, g.data());
        candor_adamw_part.m(to, m.data());
        candor_adamw_part.v(to, v.data());
        candor_adamw_part.numbers(to, MemorySegment.ofAddress(numbers));
        candor_adamw_part.count(to, w.elements());
        return this;
    }

    /**
     * The same with moments in eight bits.
     *
     * @param maps    signed and unsigned, on the device
     * @param numbers of the step, on the device
     */
    CallBuffer part(Tensor w, Tensor g, EightBitRow m, EightBitRow v, long[] maps, long numbers) {
        MemorySegment to = struct(PART8);
        candor_adamw8_part.w(to, w.data());
        candor_adamw8_part.g(to, g.data());
        candor_adamw8_part.m(to, m.codes().data());
        candor_adamw8_part.m_largest(to, m.largest().data());
        candor_adamw8_part.v(to, v.codes().data());
        candor_adamw8_part.v_largest(to, v.largest().data());
        candor_adamw8_part.m_map(to, MemorySegment.ofAddress(maps[0]));
        candor_adamw8_part.v_map(to, MemorySegment.ofAddress(maps[1]));
        candor_adamw8_part.numbers(to, MemorySegment.ofAddress(numbers));
        candor_adamw8_part.count(to, w.elements());
        return this;
    }

    /** An address on the device, or an integer of any width. */
    CallBuffer number(long value) {
        long at = take(Long.BYTES);
        memory.set(ValueLayout.JAVA_LONG, at, value);
        return this;
    }

    CallBuffer real(float value) {
        return number(Float.floatToRawIntBits(value));
    }

    private MemorySegment struct(long bytes) {
        long at = take(bytes);
        return memory.asSlice(at, bytes);
    }

    /** The place of so many bytes behind the others, zero; the memory may be another afterwards. */
    private long take(long bytes) {
        if (end + bytes > memory.byteSize()) {
            grow();
        }
        long place = end;
        memory.asSlice(place, bytes).fill((byte) 0); // padding, too, is compared
        end += bytes;
        return place;
    }

    private void grow() {
        Arena wider = Arena.ofShared();
        MemorySegment more = wider.allocate(2 * memory.byteSize(), Long.BYTES).copyFrom(memory);
        arena.close();
        arena = wider;
        memory = more;
    }

    private static long padded(long bytes) {
        return Math.ceilDiv(bytes, Long.BYTES) * Long.BYTES;
    }

    @Override
    public void close() {
        arena.close();
    }
}
