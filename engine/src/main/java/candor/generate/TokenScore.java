package candor.generate;

/**
 * A token, and what the model thought of it.
 *
 * @param id           the token
 * @param logProb      its log-probability; 0 where the request wants none
 * @param alternatives the likeliest tokens in its place, as many as the request wants: by falling logit, then rising id
 * @param logProbs     of these
 */
public record TokenScore(int id, float logProb, int[] alternatives, float[] logProbs) {}
