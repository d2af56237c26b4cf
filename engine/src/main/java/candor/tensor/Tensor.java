package candor.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * A matrix in memory: {@code rows × cols} elements, row-major, with {@code stride} elements from one row to the next.
 *
 * <p>A vector of length C is 1 × C. On a device the segment has length zero and only carries an address, so that Java
 * cannot touch it. Values are little-endian, as in safetensors files. A tensor never owns its memory: an
 * {@link Arena} or a {@link Workspace} does.
 *
 * @param data   the memory, beginning at element (0, 0)
 * @param dtype  the element type
 * @param rows   number of rows, at least 0
 * @param cols   number of columns, at least 0
 * @param stride elements between the starts of two rows, at least {@code cols}
 */
public record Tensor(MemorySegment data, DType dtype, int rows, int cols, long stride) {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED;

    /** Vector loads may begin anywhere, but a cache line is the kindest start. */
    public static final long ALIGNMENT = 64;

    public Tensor {
        Objects.requireNonNull(data);
        Objects.requireNonNull(dtype);
        if (rows < 0 || cols < 0 || stride < cols) {
            throw new IllegalArgumentException("no such shape: " + rows + " x " + cols + ", stride " + stride);
        }
        long needed = rows == 0 ? 0 : ((rows - 1) * stride + cols) * dtype.bytes();
        if (data.byteSize() < needed && data.byteSize() != 0) {
            throw new IllegalArgumentException(
                    "memory of " + data.byteSize() + " bytes for a tensor of " + needed + " bytes");
        }
    }

    /** A dense tensor over existing memory. */
    public static Tensor of(MemorySegment data, DType dtype, int rows, int cols) {
        return new Tensor(data, dtype, rows, cols, cols);
    }

    /** A new dense tensor, zero, that lives as long as the arena. */
    public static Tensor allocate(Arena arena, DType dtype, int rows, int cols) {
        long bytes = Math.max(1, (long) rows * cols * dtype.bytes());
        return of(LargePages.allocate(arena, bytes, ALIGNMENT), dtype, rows, cols);
    }

    /** A new dense float32 tensor with these values, row by row; that many of them. */
    public static Tensor of(Arena arena, int rows, int cols, float... values) {
        if (values.length != (long) rows * cols) {
            throw new IllegalArgumentException(values.length + " values for " + rows + " x " + cols);
        }
        Tensor tensor = allocate(arena, DType.F32, rows, cols);
        MemorySegment.copy(values, 0, tensor.data, F32, 0, values.length);
        return tensor;
    }

    public long elements() {
        return (long) rows * cols;
    }

    /** Bytes from the first element to the last, gaps between rows included. */
    public long bytes() {
        return rows == 0 ? 0 : ((rows - 1) * stride + cols) * dtype.bytes();
    }

    public boolean dense() {
        return stride == cols || rows <= 1;
    }

    /** Byte offset of an element from the start of {@link #data}. */
    public long offset(int row, int col) {
        return (row * stride + col) * dtype.bytes();
    }

    /** A view of columns {@code from} (inclusive) to {@code to} (exclusive). */
    public Tensor columns(int from, int to) {
        Objects.checkFromToIndex(from, to, cols);
        long length = rows == 0 ? 0 : ((rows - 1) * stride + (to - from)) * dtype.bytes();
        return new Tensor(part((long) from * dtype.bytes(), length), dtype, rows, to - from, stride);
    }

    /** A view of rows {@code from} (inclusive) to {@code to} (exclusive). */
    public Tensor rows(int from, int to) {
        Objects.checkFromToIndex(from, to, rows);
        long length = to == from ? 0 : ((to - from - 1) * stride + cols) * dtype.bytes();
        return new Tensor(part(from * stride * dtype.bytes(), length), dtype, to - from, cols, stride);
    }

    /** A part of the memory; of a device's memory, only the address moves. */
    private MemorySegment part(long at, long length) {
        if (data.byteSize() == 0) {
            return MemorySegment.ofAddress(data.address() + at);
        }
        return length == 0 ? data.asSlice(0, 0) : data.asSlice(at, length);
    }

    /** One element as a double, whatever the type. For checks and small things; kernels read memory themselves. */
    public double get(int row, int col) {
        Objects.checkIndex(row, rows);
        Objects.checkIndex(col, cols);
        long at = offset(row, col);
        return switch (dtype) {
            case F32 -> data.get(F32, at);
            case F64 -> data.get(F64, at);
            case BF16 -> DType.bf16ToFloat(data.get(I16, at));
            case F16 -> Float.float16ToFloat(data.get(I16, at));
            case I32 -> data.get(I32, at);
            case U8 -> Byte.toUnsignedInt(data.get(ValueLayout.JAVA_BYTE, at));
        };
    }

    /** Sets one element, rounded to the type. */
    public void set(int row, int col, double value) {
        Objects.checkIndex(row, rows);
        Objects.checkIndex(col, cols);
        long at = offset(row, col);
        switch (dtype) {
            case F32 -> data.set(F32, at, (float) value);
            case F64 -> data.set(F64, at, value);
            case BF16 -> data.set(I16, at, DType.floatToBf16((float) value));
            case F16 -> data.set(I16, at, Float.floatToFloat16((float) value));
            case I32 -> data.set(I32, at, (int) value);
            case U8 -> data.set(ValueLayout.JAVA_BYTE, at, (byte) (int) value);
        }
    }

    /** All elements as float32, row by row. */
    public float[] toFloats() {
        float[] values = new float[Math.toIntExact(elements())];
        for (int r = 0, i = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                values[i++] = (float) get(r, c);
            }
        }
        return values;
    }

    /** "F32 3 x 41", for messages. */
    public String shape() {
        return dtype + " " + rows + " x " + cols;
    }
}
