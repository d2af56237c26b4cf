package candor.generate;

import candor.ops.Batch;
import java.util.List;

/**
 * A prompt to go on from.
 *
 * @param prompt       token ids, at least one; not changed by anyone
 * @param slot         the adapter's slot in the bank, or {@link Batch#BASE}
 * @param sampling     how tokens are chosen
 * @param key          who this row is to the random numbers: rows of one key and seed draw the same numbers
 * @param maxNewTokens how many tokens may come, at least 1
 * @param endTokens    tokens that end the sequence
 * @param stops        texts that end it; they need a tokenizer
 * @param scores       which log-probabilities are wanted
 */
public record Request(
        int[] prompt,
        int slot,
        Sampling sampling,
        long key,
        int maxNewTokens,
        List<Integer> endTokens,
        List<String> stops,
        Scores scores) {
    public Request {
        if (prompt.length == 0 || maxNewTokens < 1 || slot < Batch.BASE) {
            throw new IllegalArgumentException(
                    "a prompt of " + prompt.length + " tokens in slot " + slot + ", " + maxNewTokens + " new tokens");
        }
        endTokens = List.copyOf(endTokens);
        stops = List.copyOf(stops);
        if (stops.stream().anyMatch(String::isEmpty)) {
            throw new IllegalArgumentException("an empty stop string");
        }
    }

    /** @param logProbs whether the log-probabilities of the chosen tokens are wanted */
    public Request(
            int[] prompt,
            int slot,
            Sampling sampling,
            long key,
            int maxNewTokens,
            List<Integer> endTokens,
            List<String> stops,
            boolean logProbs) {
        this(prompt, slot, sampling, key, maxNewTokens, endTokens, stops, logProbs ? Scores.CHOSEN : Scores.NONE);
    }

    /** Whether log-probabilities of any tokens are wanted. */
    public boolean logProbs() {
        return scores.chosen();
    }

    /** The likeliest tokens of the base model. */
    public static Request greedy(int[] prompt, int maxNewTokens, List<Integer> endTokens) {
        return new Request(prompt, Batch.BASE, Sampling.GREEDY, 0, maxNewTokens, endTokens, List.of(), false);
    }

    /** The same through another adapter. */
    public Request withSlot(int other) {
        return new Request(prompt, other, sampling, key, maxNewTokens, endTokens, stops, scores);
    }
}
