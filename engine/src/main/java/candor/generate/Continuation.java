package candor.generate;

import candor.ops.Batch;

/**
 * Given tokens behind a prompt, to be scored.
 *
 * @param prompt token ids, at least one; not changed by anyone
 * @param tokens what goes on from there, at least one token
 * @param slot   the adapter's slot in the bank, or {@link Batch#BASE}
 */
public record Continuation(int[] prompt, int[] tokens, int slot) {
    public Continuation {
        if (prompt.length == 0 || tokens.length == 0 || slot < Batch.BASE) {
            throw new IllegalArgumentException(
                    "a prompt of " + prompt.length + " tokens and " + tokens.length + " behind it, in slot " + slot);
        }
    }
}
