package candor.train;

import candor.data.EncodedRow;
import candor.train.objective.Objective;
import candor.train.objective.Requirements;
import java.util.OptionalDouble;

/**
 * A row of a step, with what its objective needs to know of it before gradients flow. That is asked for in a pass without
 * gradients, policy and reference side by side; what is known already is not asked for again.
 */
final class Asked implements Objective.Row {
    /** How many numbers {@link #known} has. */
    static final int NUMBERS = 3;

    /** Nothing was asked for. */
    private static final int NOTHING = -1;

    private final Requirements needs;
    private final EncodedRow row;
    /** Null where the objective wants none. */
    private final EncodedRow pair;

    /** Numbers of the sequences in the pass. */
    private int policyPair = NOTHING;

    private int referencePair = NOTHING;
    private int referenceRow = NOTHING;
    private double mismatched;
    private double reference;
    /** Of the pair under the reference, where it was asked for; else not a number. */
    private double pairReference = Double.NaN;

    /** @param pair the mismatched pair, or null where the objective wants none */
    Asked(Requirements needs, EncodedRow row, EncodedRow pair) {
        this.needs = needs;
        this.row = row;
        this.pair = pair;
    }

    EncodedRow row() {
        return row;
    }

    void ask(Pass pass, Slots slots, References known, Masks masks) {
        if (pair != null) {
            policyPair = pass.add(pair, slots.policy(), masks == null ? null : masks.pair(row.row()));
            OptionalDouble kept = known.get(pair);
            if (kept.isPresent()) {
                mismatched = -kept.getAsDouble();
            } else {
                referencePair = pass.add(pair, slots.reference());
            }
        }
        if (needs.reference()) {
            OptionalDouble kept = known.get(row);
            if (kept.isPresent()) {
                reference = kept.getAsDouble();
            } else {
                referenceRow = pass.add(row, slots.reference());
            }
        }
    }

    void take(Pass pass, References known) {
        if (referencePair != NOTHING) {
            pairReference = pass.logp(referencePair);
            mismatched = -pairReference;
            known.put(pair, pairReference);
        }
        if (policyPair != NOTHING) {
            mismatched += pass.logp(policyPair);
        }
        if (referenceRow != NOTHING) {
            reference = pass.logp(referenceRow);
            known.put(row, reference);
        }
    }

    /** What was found of it, for other processes. */
    double[] known() {
        return new double[] {mismatched, pairReference, reference};
    }

    /** Takes in what another process found of it. */
    void tell(double[] found, int at, References known) {
        mismatched = found[at];
        pairReference = found[at + 1];
        reference = found[at + 2];
        if (pair != null && Double.isFinite(pairReference)) {
            known.put(pair, pairReference);
        }
        if (needs.reference()) {
            known.put(row, reference);
        }
    }

    /** Of the row itself. */
    int tokens() {
        return row.length();
    }

    @Override
    public int targets() {
        return row.targets();
    }

    @Override
    public boolean desirable() {
        if (row.label() == null) {
            throw new IllegalStateException("the objective does not need labels, and asks for one");
        }
        return row.label();
    }

    @Override
    public double reference() {
        if (!needs.reference()) {
            throw new IllegalStateException("the objective does not need the reference, and asks for it");
        }
        return reference;
    }

    @Override
    public double mismatched() {
        if (pair == null) {
            throw new IllegalStateException("the objective does not need mismatched pairs, and asks for one");
        }
        return mismatched;
    }
}
