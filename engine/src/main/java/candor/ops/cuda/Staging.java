package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.candor_copy_to_device;
import static candor.bindings.generated.CandorKernels.candor_copy_to_host;
import static candor.bindings.generated.CandorKernels.candor_event_create;
import static candor.bindings.generated.CandorKernels.candor_event_destroy;
import static candor.bindings.generated.CandorKernels.candor_event_record;
import static candor.bindings.generated.CandorKernels.candor_event_synchronise;
import static candor.bindings.generated.CandorKernels.candor_pinned_release;

import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The way between Java's memory and the device's: two pieces of pinned memory, so that one is filled, and its values
 * rounded, while the other is copied.
 */
final class Staging implements AutoCloseable {
    private static final int PIECES = 2;
    private static final int BYTES = 4 << 20;
    static final long ALL_BYTES = (long) PIECES * BYTES;
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;

    private final Device device;
    private final MemorySegment[] pieces = new MemorySegment[PIECES];
    private final MemorySegment[] events = new MemorySegment[PIECES];
    private final boolean[] copying = new boolean[PIECES];
    private int last;

    Staging(Device device) {
        this.device = device;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            for (int i = 0; i < PIECES; i++) {
                pieces[i] = device.pinned(BYTES);
                device.check(candor_event_create(out, device.handle()));
                events[i] = out.get(ValueLayout.ADDRESS, 0);
            }
        }
    }

    /** Puts {@code count} elements of a row, from {@code col} on, at a byte of a piece. */
    private interface Source {
        void put(MemorySegment piece, long at, int row, int col, int count);
    }

    /** Takes {@code count} elements of a row, from {@code col} on, from a byte of a piece. */
    private interface Sink {
        void take(MemorySegment piece, long at, int row, int col, int count);
    }

    /** Values row by row, rounded to the tensor's type. */
    void upload(Tensor to, float[] values) {
        int cols = to.cols();
        upload(
                to,
                switch (to.dtype()) {
                    case F32 ->
                        (piece, at, row, col, count) ->
                                MemorySegment.copy(values, row * cols + col, piece, F32, at, count);
                    case U8 ->
                        (piece, at, row, col, count) -> {
                            for (int i = 0; i < count; i++) {
                                piece.set(U8, at + i, (byte) (int) values[row * cols + col + i]);
                            }
                        };
                    case BF16 ->
                        (piece, at, row, col, count) -> {
                            for (int i = 0; i < count; i++) {
                                piece.set(I16, at + 2L * i, DType.floatToBf16(values[row * cols + col + i]));
                            }
                        };
                    default -> throw unsupported(to);
                });
    }

    /** A host tensor of the same type. */
    void upload(Tensor to, Tensor host) {
        int bytes = to.dtype().bytes();
        upload(
                to,
                (piece, at, row, col, count) ->
                        MemorySegment.copy(host.data(), host.offset(row, col), piece, at, (long) count * bytes));
    }

    /** A weight of any form, rounded to bf16. */
    void upload(Tensor to, StoredWeight host) {
        upload(to, host::roundToBf16);
    }

    private void upload(Tensor to, Source source) {
        device.calls().flush();
        int bytes = to.dtype().bytes();
        int width = Math.min(to.cols(), BYTES / bytes);
        int height = width == to.cols() ? Math.max(1, BYTES / Math.max(1, width * bytes)) : 1;
        for (int row = 0; row < to.rows(); row += height) {
            int rows = Math.min(height, to.rows() - row);
            for (int col = 0; col < to.cols(); col += width) {
                int cols = Math.min(width, to.cols() - col);
                MemorySegment piece = next();
                for (int r = 0; r < rows; r++) {
                    source.put(piece, (long) r * cols * bytes, row + r, col, cols);
                }
                copy(Device.at(to.data(), to.offset(row, col)), to.stride() * bytes, piece, (long) cols * bytes, rows);
            }
        }
    }

    /** Bytes as they are, to where no call that is not issued yet reads. */
    void upload(MemorySegment to, MemorySegment host) {
        for (long from = 0; from < host.byteSize(); from += BYTES) {
            long length = Math.min(BYTES, host.byteSize() - from);
            MemorySegment piece = next();
            MemorySegment.copy(host, from, piece, 0, length);
            copy(Device.at(to, from), length, piece, length, 1);
        }
    }

    /** Integers, one after another, to where no call that is not issued yet reads. */
    void upload(MemorySegment to, int[] values, int count) {
        int most = BYTES / Integer.BYTES;
        for (int from = 0; from < count; from += most) {
            int length = Math.min(most, count - from);
            MemorySegment piece = next();
            MemorySegment.copy(values, from, piece, ValueLayout.JAVA_INT, 0, length);
            copy(Device.at(to, 4L * from), 4L * length, piece, 4L * length, 1);
        }
    }

    /** Values row by row, as float32. */
    void download(float[] values, Tensor from) {
        int cols = from.cols();
        download(
                from,
                switch (from.dtype()) {
                    case F32 ->
                        (piece, at, row, col, count) ->
                                MemorySegment.copy(piece, F32, at, values, row * cols + col, count);
                    case U8 ->
                        (piece, at, row, col, count) -> {
                            for (int i = 0; i < count; i++) {
                                values[row * cols + col + i] = Byte.toUnsignedInt(piece.get(U8, at + i));
                            }
                        };
                    case BF16 ->
                        (piece, at, row, col, count) -> {
                            for (int i = 0; i < count; i++) {
                                values[row * cols + col + i] = DType.bf16ToFloat(piece.get(I16, at + 2L * i));
                            }
                        };
                    default -> throw unsupported(from);
                });
    }

    private void download(Tensor from, Sink sink) {
        device.calls().flush();
        int bytes = from.dtype().bytes();
        int width = Math.min(from.cols(), BYTES / bytes);
        int height = width == from.cols() ? Math.max(1, BYTES / Math.max(1, width * bytes)) : 1;
        for (int row = 0; row < from.rows(); row += height) {
            int rows = Math.min(height, from.rows() - row);
            for (int col = 0; col < from.cols(); col += width) {
                int cols = Math.min(width, from.cols() - col);
                MemorySegment piece = next();
                device.check(candor_copy_to_host(
                        piece,
                        (long) cols * bytes,
                        Device.at(from.data(), from.offset(row, col)),
                        from.stride() * bytes,
                        (long) cols * bytes,
                        rows,
                        device.stream()));
                device.await();
                for (int r = 0; r < rows; r++) {
                    sink.take(piece, (long) r * cols * bytes, row + r, col, cols);
                }
            }
        }
    }

    /** The double at an address. */
    double download(long address) {
        device.calls().flush();
        MemorySegment piece = next();
        long bytes = Double.BYTES;
        device.check(
                candor_copy_to_host(piece, bytes, MemorySegment.ofAddress(address), bytes, bytes, 1, device.stream()));
        device.await();
        return piece.get(ValueLayout.JAVA_DOUBLE, 0);
    }

    /** A piece that nothing reads any more. */
    private MemorySegment next() {
        last = (last + 1) % PIECES;
        if (copying[last]) {
            device.check(candor_event_synchronise(events[last]));
            copying[last] = false;
        }
        return pieces[last];
    }

    private void copy(MemorySegment to, long pitch, MemorySegment piece, long bytes, int rows) {
        device.check(candor_copy_to_device(to, pitch, piece, bytes, bytes, rows, device.stream()));
        device.check(candor_event_record(events[last], device.stream()));
        copying[last] = true;
    }

    private static IllegalArgumentException unsupported(Tensor tensor) {
        return new IllegalArgumentException("no copy between host and device of " + tensor.shape());
    }

    @Override
    public void close() {
        device.synchronise();
        for (int i = 0; i < PIECES; i++) {
            device.check(candor_event_destroy(events[i]));
            device.check(candor_pinned_release(pieces[i], device.handle()));
        }
    }
}
