package candor.data;

import java.util.Arrays;
import java.util.Objects;

/**
 * A row as tokens. The arrays are the row's own and are not changed.
 *
 * @param row the row's index in its data set
 * @param ids T token ids
 * @param target T flags: whether the token is to be learnt, as a target of the one before it
 * @param promptLength how many tokens the prompt has; what follows is the completion
 * @param label whether the completion is desirable; null where the data says nothing of it
 */
public record EncodedRow(int row, int[] ids, boolean[] target, int promptLength, Boolean label) {
    public EncodedRow {
        if (target.length != ids.length || promptLength < 0 || promptLength > ids.length) {
            throw new IllegalArgumentException("row " + row + ": " + ids.length + " ids, " + target.length
                    + " flags, a prompt of " + promptLength);
        }
    }

    /** T. */
    public int length() {
        return ids.length;
    }

    /** How many tokens are learnt: flagged, and not the first, which nothing predicts. */
    public int targets() {
        int count = 0;
        for (int t = 1; t < target.length; t++) {
            count += target[t] ? 1 : 0;
        }
        return count;
    }

    /** This row's prompt with another row's completion: the mismatched pair of KTO's KL term. */
    public EncodedRow withCompletionOf(EncodedRow other) {
        int completion = other.ids.length - other.promptLength;
        int[] joined = Arrays.copyOf(ids, promptLength + completion);
        boolean[] flags = Arrays.copyOf(target, promptLength + completion);
        System.arraycopy(other.ids, other.promptLength, joined, promptLength, completion);
        System.arraycopy(other.target, other.promptLength, flags, promptLength, completion);
        return new EncodedRow(row, joined, flags, promptLength, label);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EncodedRow that
                && row == that.row
                && promptLength == that.promptLength
                && Objects.equals(label, that.label)
                && Arrays.equals(ids, that.ids)
                && Arrays.equals(target, that.target);
    }

    @Override
    public int hashCode() {
        return 31 * row + Arrays.hashCode(ids);
    }

    @Override
    public String toString() {
        return "row " + row + " (" + ids.length + " tokens, " + targets() + " targets)";
    }
}
