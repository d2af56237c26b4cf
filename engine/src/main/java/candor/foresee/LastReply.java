package candor.foresee;

import candor.data.EncodedRow;
import java.util.Arrays;

/** The last reply of a row that is to be learnt, with all that stands before it, and nothing behind. */
final class LastReply {
    private LastReply() {}

    /** The row up to the end of its last learnt reply, of which alone the tokens are targets. */
    static EncodedRow of(EncodedRow row) {
        int end = row.length();
        while (end > 1 && !row.target()[end - 1]) {
            end--;
        }
        int start = end;
        while (start > 1 && row.target()[start - 1]) {
            start--;
        }
        boolean[] target = new boolean[end];
        Arrays.fill(target, start, end, true);
        return new EncodedRow(row.row(), Arrays.copyOf(row.ids(), end), target, start, row.label());
    }

    /** The same prompt with another reply. */
    static EncodedRow with(EncodedRow last, int[] reply) {
        int start = last.promptLength();
        int[] ids = Arrays.copyOf(last.ids(), start + reply.length);
        System.arraycopy(reply, 0, ids, start, reply.length);
        boolean[] target = new boolean[ids.length];
        Arrays.fill(target, start, ids.length, true);
        return new EncodedRow(last.row(), ids, target, start, last.label());
    }
}
