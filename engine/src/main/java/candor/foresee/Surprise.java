package candor.foresee;

import candor.data.EncodedRow;
import candor.probe.ReplyReader;
import java.util.List;

/**
 * How much less likely a reply is than what the model itself says: log p(own) − log p(reply), each by its number of tokens, in
 * nats; the own reply is the greedy one. It is the log-perplexity of the reply, less that of the model's own: the first part alone
 * is what data is often pruned by (Marion et al. 2023, "When less is more"), the second takes out how hard the prompt is.
 */
final class Surprise {
    private Surprise() {}

    /** For each row with a reply: −log p by its number of tokens. */
    static double[] losses(ReplyReader reader, List<EncodedRow> rows) {
        double[] losses = new double[rows.size()];
        reader.replies(
                rows,
                _ -> false,
                (row, read) -> losses[row] = -read.logp() / rows.get(row).targets());
        return losses;
    }

    /**
     * The surprise of each row.
     *
     * @param rows see {@link LastReply}
     * @param own  the same prompts with the model's own replies
     */
    static double[] of(ReplyReader reader, List<EncodedRow> rows, List<EncodedRow> own) {
        double[] surprise = losses(reader, rows);
        double[] before = losses(reader, own);
        for (int row = 0; row < surprise.length; row++) {
            surprise[row] -= before[row];
        }
        return surprise;
    }
}
