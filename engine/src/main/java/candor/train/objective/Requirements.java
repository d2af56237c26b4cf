package candor.train.objective;

import candor.data.KlPairing;
import candor.data.RowKind;

/**
 * What an objective needs of the data, and of passes without gradients before each step. Readers, plans and passes go by
 * this; none of them asks which objective it is.
 *
 * @param rows       what rows say of their completions
 * @param reference  whether log π_ref(y|x) of each row is to be known
 * @param mismatched whose completion y' stands in for a row's own, so that log π(y'|x) − log π_ref(y'|x) is known, too;
 *                   or null where that is not wanted
 */
public record Requirements(RowKind rows, boolean reference, KlPairing mismatched) {
    /** Nothing but completions. */
    public static final Requirements NOTHING = new Requirements(RowKind.PLAIN, false, null);

    public Requirements {
        if (mismatched != null && !reference) {
            throw new IllegalArgumentException("mismatched pairs are held against a reference");
        }
    }

    /** How often a row's tokens go through the reference or the policy without gradients, where nothing is known yet. */
    public int freePasses() {
        return (reference ? 1 : 0) + (mismatched == null ? 0 : 2);
    }

    /** How often of these in each epoch anew: a mismatched pair goes through the policy and, where it is another one, the reference. */
    public int pairPasses() {
        return mismatched == null ? 0 : mismatched.staysTheSame() ? 1 : 2;
    }

    /** Rows that a run cannot do without: a row is never its own partner. */
    public int leastRows() {
        return mismatched == null ? rows.group() : 2;
    }
}
