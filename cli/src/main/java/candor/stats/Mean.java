package candor.stats;

import candor.stats.Linearised.Stratum;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Two ways to average rows. NaN where no row has a value, or where an error cannot be known from a single row. */
public enum Mean {
    /** Every value counts the same: Σ sums / Σ counts. */
    POOLED {
        @Override
        public double of(List<Cell> cells) {
            double sum = 0;
            long count = 0;
            for (Cell cell : cells) {
                sum += cell.sum();
                count += cell.count();
            }
            return count == 0 ? Double.NaN : sum / count;
        }

        @Override
        List<List<Cell>> strata(List<Cell> cells) {
            return List.of(cells);
        }
    },

    /** Every stratum counts the same: the unweighted mean of the strata's pooled means. */
    MACRO {
        @Override
        public double of(List<Cell> cells) {
            return groups(cells).stream().mapToDouble(POOLED::of).average().orElse(Double.NaN);
        }

        /** Where every stratum has a single row, rows are drawn from all of them. */
        @Override
        List<List<Cell>> strata(List<Cell> cells) {
            List<List<Cell>> groups = groups(cells);
            return groups.stream().allMatch(group -> group.size() == 1) ? List.of(cells) : groups;
        }

        private static List<List<Cell>> groups(List<Cell> cells) {
            Map<String, List<Cell>> groups = new TreeMap<>();
            cells.forEach(cell -> groups.computeIfAbsent(cell.stratum(), name -> new ArrayList<>())
                    .add(cell));
            groups.values().removeIf(group -> group.stream().allMatch(cell -> cell.count() == 0));
            return List.copyOf(groups.values());
        }
    };

    public abstract double of(List<Cell> cells);

    /** The standard error of {@link #of}; with one value a row and one stratum it is s/√n. */
    public double standardError(List<Cell> cells) {
        return linearised(cells).standardError();
    }

    Linearised linearised(List<Cell> cells) {
        return Linearised.of(strata(cells).stream().map(Mean::stratum).toList());
    }

    private static Stratum stratum(List<Cell> cells) {
        return new Stratum(moved(cells), taking(cells));
    }

    /** What each cell moves the cells' pooled mean by. */
    static double[] moved(List<Cell> cells) {
        double mean = POOLED.of(cells);
        long count = cells.stream().mapToLong(Cell::count).sum();
        return cells.stream()
                .mapToDouble(cell -> cell.count() == 0 ? 0 : (cell.sum() - mean * cell.count()) / count)
                .toArray();
    }

    /** How many cells have a value. */
    static int taking(List<Cell> cells) {
        return (int) cells.stream().filter(cell -> cell.count() > 0).count();
    }

    /** The groups that are drawn within. */
    abstract List<List<Cell>> strata(List<Cell> cells);
}
