package candor.train.objective;

import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * Supervised fine-tuning: L = −Σ log π(target) / (number of targets), the mean over all targets of the optimiser step,
 * however it was cut into micro-batches.
 */
public record Sft() implements Objective {
    @Override
    public List<Scope> scopes(List<Micro> step) {
        long targets = step.stream().mapToLong(Micro::targets).sum();
        if (targets == 0) {
            throw new IllegalArgumentException("an optimiser step without a single target");
        }
        return Collections.nCopies(step.size(), new Scope(1.0 / targets, 0));
    }

    @Override
    public Term term(Row row, Scope scope) {
        return new Term(-row.logp() * scope.weight(), -scope.weight());
    }

    @Override
    public Map<String, Double> metrics(List<List<Row>> step, List<Scope> scopes) {
        return Map.of("loss", Terms.loss(this, step, scopes));
    }
}
