package candor.generate;

/**
 * What came of a request.
 *
 * @param tokens   the new tokens, with the end token or those of the stop string if that is how it ended
 * @param text     them as text, without special tokens, an end token, or a stop string and what came with it; null where
 *                 the generator has no tokenizer
 * @param logProbs of each token, under the model itself: before penalty, temperature and the rest; null where not wanted
 * @param reason   why it ended
 */
public record Completion(int[] tokens, String text, float[] logProbs, FinishReason reason) {}
