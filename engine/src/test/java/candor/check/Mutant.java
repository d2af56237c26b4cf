package candor.check;

import java.util.function.Supplier;

/**
 * A backend with one planted bug.
 *
 * @param operation the operation that is wrong
 * @param bug       what is wrong with it
 * @param reason    part of the reason that the checker must give
 * @param backend   makes it
 */
record Mutant(String operation, String bug, String reason, Supplier<NaiveBackend> backend) {
    static final String TOO_FAR = "too far from the reference";

    @Override
    public String toString() {
        return operation + ": " + bug;
    }
}
