package candor.train.objective;

import java.util.List;

/** Sums over the rows of a step. */
final class Terms {
    private Terms() {}

    /** The loss of the step, rows in order. */
    static double loss(Objective objective, List<List<Objective.Row>> step, List<Objective.Scope> scopes) {
        double loss = 0;
        for (int m = 0; m < step.size(); m++) {
            for (Objective.Row row : step.get(m)) {
                loss += objective.term(row, scopes.get(m)).loss();
            }
        }
        return loss;
    }
}
