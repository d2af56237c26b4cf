package candor.train.distributed;

import candor.ops.EightBitRow;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Which part of the parameters' row each process owns: neighbours, of whole blocks of {@link EightBitRow}, counted from the first
 * parameter with weight decay and anew from the first without, so that moments of eight bits have the same blocks for any number
 * of processes.
 *
 * @param columns of the row
 * @param decayed parameters at the head of the row that weight decay is for
 * @param size    how many processes there are
 */
public record RowShares(int columns, int decayed, int size) {
    /** A part of the row: columns {@code from} (inclusive) to {@code to} (exclusive), which may be none. */
    public record Share(int from, int to) {
        public int length() {
            return to - from;
        }

        /** What two parts have in common; none, at a place within this one, where that is nothing. */
        Share and(Share other) {
            int start = Math.clamp(other.from, from, to);
            return new Share(start, Math.clamp(other.to, start, to));
        }

        /** The same part by its place in a part that holds it. */
        Share within(Share whole) {
            return new Share(from - whole.from, to - whole.from);
        }

        /** Its part of a row, a dense view: on a device, where memory has no length, an address. */
        public Tensor of(Tensor row) {
            long from = (long) this.from * row.dtype().bytes();
            long bytes = (long) length() * row.dtype().bytes();
            MemorySegment data = row.data().byteSize() == 0
                    ? MemorySegment.ofAddress(row.data().address() + from)
                    : row.data().asSlice(from, bytes);
            return Tensor.of(data, row.dtype(), 1, length());
        }
    }

    /** Columns of the largest share of a row, or a few more. */
    public static long most(long columns, int size) {
        // Blocks are counted anew where decayed parameters end.
        return Math.min(
                columns, (Math.ceilDiv(Math.ceilDiv(columns, EightBitRow.BLOCK) + 1, size) + 1) * EightBitRow.BLOCK);
    }

    /** The share of a process. */
    public Share of(int rank) {
        return new Share(column(firstBlock(rank)), column(firstBlock(rank + 1)));
    }

    /** The same in blocks: of the largest values that moments of eight bits have one of for each. */
    public Share blocks(int rank) {
        return new Share(firstBlock(rank), firstBlock(rank + 1));
    }

    private int firstBlock(int rank) {
        return (int) ((long) blocks() * rank / size);
    }

    private int blocks() {
        return EightBitRow.blocks(decayed) + EightBitRow.blocks(columns - decayed);
    }

    private int column(int block) {
        int head = EightBitRow.blocks(decayed);
        return (int)
                (block < head
                        ? (long) block * EightBitRow.BLOCK
                        : Math.min(columns, decayed + (long) (block - head) * EightBitRow.BLOCK));
    }
}
