package candor.train.objective;

import candor.train.objective.Objective.Row;
import candor.train.objective.Objective.StepLoss;
import candor.train.objective.Objective.Term;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A row with everything that an objective may ask for. */
record Given(double logp, int targets, double reference, boolean desirable, double mismatched) implements Row {
    /** A step, judged: its loss and what goes to the log beside it, and the terms of all rows in order. */
    record Judged(Map<String, Double> metrics, List<Term> terms) {
        double loss() {
            return metrics.get(Metric.LOSS.name());
        }
    }

    Given moved(double by) {
        return new Given(logp + by, targets, reference, desirable, mismatched);
    }

    static Judged judge(Objective objective, List<List<Given>> step) {
        StepLoss loss = objective.settle(
                step.stream().map(rows -> List.<Row>copyOf(rows)).toList());
        List<Term> terms = new ArrayList<>();
        for (int m = 0; m < step.size(); m++) {
            terms.addAll(
                    loss.judge(m, step.get(m).stream().mapToDouble(Given::logp).toArray()));
        }
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put(Metric.LOSS.name(), terms.stream().mapToDouble(Term::loss).sum());
        metrics.putAll(loss.metrics());
        return new Judged(metrics, terms);
    }

    static List<List<Given>> cut(List<Given> rows, int size) {
        List<List<Given>> step = new ArrayList<>();
        for (int i = 0; i < rows.size(); i += size) {
            step.add(rows.subList(i, Math.min(rows.size(), i + size)));
        }
        return step;
    }

    /** Derivatives by differences of the loss, each row moved by itself. */
    static double[] differences(Objective objective, List<Given> rows, int size) {
        double eps = 1e-5;
        double[] differences = new double[rows.size()];
        for (int i = 0; i < differences.length; i++) {
            List<Given> up = new ArrayList<>(rows);
            up.set(i, rows.get(i).moved(eps));
            List<Given> down = new ArrayList<>(rows);
            down.set(i, rows.get(i).moved(-eps));
            differences[i] = (judge(objective, cut(up, size)).loss()
                            - judge(objective, cut(down, size)).loss())
                    / (2 * eps);
        }
        return differences;
    }
}
