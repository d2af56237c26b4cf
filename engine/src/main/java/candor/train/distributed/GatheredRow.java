package candor.train.distributed;

import candor.comm.Communicator;
import candor.ops.Backend;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import candor.train.distributed.RowShares.Share;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/** A row whose shares lie with their owners, put together where files are written; the memory goes with it. */
public final class GatheredRow implements AutoCloseable {
    private static final int CHUNK = 1 << 16;

    private final Arena arena = Arena.ofShared();
    /** By rank; empty in processes that do not write. */
    private final List<MemorySegment> pieces = new ArrayList<>();

    /**
     * Takes part in the gathering, as all processes do.
     *
     * @param own    this process's share of the row
     * @param shares of each rank
     */
    public GatheredRow(Backend backend, Communicator comm, Tensor own, IntFunction<Share> shares) {
        int size = own.dtype().bytes();
        try (Workspace workspace = backend.hostWorkspace(Math.max(1, Workspace.bytesFor(own.dtype(), 1, own.cols())))) {
            Tensor host = workspace.take(own.dtype(), 1, own.cols());
            backend.copy(host, own);
            backend.synchronise();
            List<MemorySegment> to = new ArrayList<>();
            for (int rank = 0; rank < comm.size(); rank++) {
                to.add(rank == 0 ? host.data().asSlice(0, (long) own.cols() * size) : MemorySegment.NULL);
                pieces.add(
                        arena.allocate(comm.leads() ? (long) shares.apply(rank).length() * size : 0));
            }
            comm.exchange(to, pieces).await();
        }
    }

    /** Writes all of it, little-endian, as the processors are that this runs on. */
    public void writeTo(OutputStream out) throws IOException {
        for (MemorySegment piece : pieces) {
            for (long at = 0; at < piece.byteSize(); at += CHUNK) {
                out.write(piece.asSlice(at, Math.min(CHUNK, piece.byteSize() - at))
                        .toArray(ValueLayout.JAVA_BYTE));
            }
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
