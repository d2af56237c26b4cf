package candor.check;

import candor.ops.op.Op;
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

    /** How a wrong operation goes about it, with right ones at hand. */
    interface Wrong<O extends Op> {
        void run(Naive right, O op);
    }

    /** A backend on which every operation of one kind is wrong. */
    static <O extends Op> Mutant of(Class<O> kind, String bug, String reason, Wrong<O> wrong) {
        String name = Character.toLowerCase(kind.getSimpleName().charAt(0))
                + kind.getSimpleName().substring(1);
        return new Mutant(name, bug, reason, () -> new NaiveBackend() {
            @Override
            public void run(Op op) {
                if (kind.isInstance(op)) {
                    wrong.run(new Naive(), kind.cast(op));
                } else {
                    super.run(op);
                }
            }
        });
    }

    @Override
    public String toString() {
        return operation + ": " + bug;
    }
}
