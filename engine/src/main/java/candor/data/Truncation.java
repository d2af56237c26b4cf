package candor.data;

import java.util.Arrays;

/**
 * How a row that is too long is cut. A pair of KTO's KL term is joined first and cut then ({@link
 * EncodedRow#withCompletionOf}), as both libraries do.
 */
public enum Truncation {
    /** TRL 1.13, SFT and KTO alike ({@code keep_start}): the first tokens of prompt and completion together are kept. */
    TRL {
        @Override
        EncodedRow cut(EncodedRow row, int maxLength) {
            return new EncodedRow(
                    row.row(),
                    Arrays.copyOf(row.ids(), maxLength),
                    Arrays.copyOf(row.target(), maxLength),
                    Math.min(row.promptLength(), maxLength),
                    row.label());
        }
    },

    /**
     * LLaMA-Factory ({@code infer_seqlen}): turn by turn, what is asked and what is answered each keep their start, and
     * share what is left of the length: the shorter part is spared while it takes less than half of it.
     */
    LLAMA_FACTORY {
        @Override
        EncodedRow cut(EncodedRow row, int maxLength) {
            int[] ids = new int[maxLength];
            boolean[] target = new boolean[maxLength];
            int size = 0;
            int prompt = 0;
            for (int start = 0; start < row.length() && size < maxLength; ) {
                int answer = endOfRun(row.target(), start, false);
                int end = endOfRun(row.target(), answer, true);
                Kept kept = share(answer - start, end - answer, maxLength - size);
                System.arraycopy(row.ids(), start, ids, size, kept.source);
                prompt += Math.clamp(row.promptLength() - start, 0, kept.source);
                size += kept.source;
                System.arraycopy(row.ids(), answer, ids, size, kept.target);
                Arrays.fill(target, size, size + kept.target, true);
                prompt += Math.clamp(row.promptLength() - answer, 0, kept.target);
                size += kept.target;
                start = end;
            }
            return new EncodedRow(
                    row.row(), Arrays.copyOf(ids, size), Arrays.copyOf(target, size), prompt, row.label());
        }
    };

    private record Kept(int source, int target) {}

    /**
     * The row in at most so many tokens.
     *
     * @param maxLength from 1
     */
    public EncodedRow apply(EncodedRow row, int maxLength) {
        return row.length() <= maxLength ? row : cut(row, maxLength);
    }

    abstract EncodedRow cut(EncodedRow row, int maxLength);

    /** The first index from {@code start} on whose flag is not {@code value}. */
    private static int endOfRun(boolean[] flags, int start, boolean value) {
        int end = start;
        while (end < flags.length && flags[end] == value) {
            end++;
        }
        return end;
    }

    /** {@code infer_seqlen(source, target, cutoff)}; see the spec of the study's protocols, section 1. */
    private static Kept share(int source, int target, int cutoff) {
        int most = 2L * target < cutoff
                ? cutoff
                : 2L * source < cutoff ? cutoff - source : (int) (cutoff * ((double) target / (source + target)));
        int keptTarget = Math.min(most, target);
        return new Kept(Math.min(Math.max(cutoff - keptTarget, 0), source), keptTarget);
    }
}
