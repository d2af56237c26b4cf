package candor.api;

/**
 * How likely the replies of rows are.
 *
 * @param logProbs of each row, the sum of the log-probabilities of its reply's tokens, with what ends it; natural logarithms
 * @param tokens   of each row, how many tokens that are
 */
public record Score(double[] logProbs, int[] tokens) {
    /**
     * The mean negative log-probability of a token, over all rows: what training calls the loss.
     *
     * @return nats a token
     */
    public double loss() {
        double sum = 0;
        long count = 0;
        for (int row = 0; row < tokens.length; row++) {
            sum -= logProbs[row];
            count += tokens[row];
        }
        return sum / count;
    }

    /**
     * How many rows were scored.
     *
     * @return rows
     */
    public int rows() {
        return tokens.length;
    }
}
