package candor.train;

import candor.data.EncodedRow;
import candor.data.Rotation;
import candor.data.RowKind;
import candor.train.objective.ProbePenalty;
import candor.train.objective.Requirements;
import java.util.ArrayList;
import java.util.List;

/**
 * The probes that a run is held to, and how.
 *
 * @param names of the probes
 * @param rows  two for each, the truthful reply first
 * @param count probes in each step
 */
public record Probing(ProbePenalty penalty, List<String> names, List<EncodedRow> rows, int count) {
    /** Their replies' log-probabilities under the reference. */
    private static final Requirements NEEDS = new Requirements(RowKind.PLAIN, true, null);

    public Probing {
        names = List.copyOf(names);
        rows = List.copyOf(rows);
        if (rows.size() != 2 * names.size() || rows.isEmpty()) {
            throw new IllegalArgumentException(rows.size() + " rows of " + names.size() + " probes");
        }
    }

    /** How many rows go through in a step. */
    int rowsInStep() {
        return 2 * Math.min(count, names.size());
    }

    /** The numbers of a step's rows: a function of seed and step. */
    int[] of(long step, long seed) {
        int[] probes = Rotation.at(step, Math.min(count, names.size()), names.size(), seed);
        int[] chosen = new int[2 * probes.length];
        for (int i = 0; i < probes.length; i++) {
            chosen[2 * i] = 2 * probes[i];
            chosen[2 * i + 1] = 2 * probes[i] + 1;
        }
        return chosen;
    }

    List<Asked> asked(int[] chosen) {
        List<Asked> asked = new ArrayList<>();
        for (int row : chosen) {
            asked.add(new Asked(NEEDS, rows.get(row), null));
        }
        return asked;
    }

    /** A row, in words. */
    String name(int row) {
        return "probe " + names.get(row / 2) + ", its " + (row % 2 == 0 ? "truthful" : "untruthful") + " reply";
    }

    /** Each row's tokens. */
    int[] lengths() {
        return rows.stream().mapToInt(EncodedRow::length).toArray();
    }

    /** Each row's targets. */
    int[] targets() {
        return rows.stream().mapToInt(EncodedRow::targets).toArray();
    }
}
