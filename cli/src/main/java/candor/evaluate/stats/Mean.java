package candor.evaluate.stats;

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

        /**
         * The linearised error of a ratio of sums over rows drawn at random (Cochran, Sampling Techniques, §6): the rows
         * are the independent units, the values of one row under several seeds are not. With one value a row it is s/√n.
         */
        @Override
        public double standardError(List<Cell> cells) {
            double mean = of(cells);
            double squares = 0;
            long count = 0;
            int rows = 0;
            for (Cell cell : cells) {
                if (cell.count() > 0) {
                    double residual = cell.sum() - mean * cell.count();
                    squares += residual * residual;
                    count += cell.count();
                    rows++;
                }
            }
            return rows < 2 ? Double.NaN : Math.sqrt(squares * rows / (rows - 1)) / count;
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
            return average(strata(cells).stream().mapToDouble(POOLED::of).toArray());
        }

        @Override
        public double standardError(List<Cell> cells) {
            double variance = 0;
            List<List<Cell>> strata = strata(cells);
            for (List<Cell> stratum : strata) {
                double error = POOLED.standardError(stratum);
                variance += error * error;
            }
            return strata.isEmpty() ? Double.NaN : Math.sqrt(variance) / strata.size();
        }

        private static double average(double[] values) {
            double sum = 0;
            int n = 0;
            for (double value : values) {
                if (!Double.isNaN(value)) {
                    sum += value;
                    n++;
                }
            }
            return n == 0 ? Double.NaN : sum / n;
        }

        @Override
        List<List<Cell>> strata(List<Cell> cells) {
            Map<String, List<Cell>> groups = new TreeMap<>();
            cells.forEach(cell -> groups.computeIfAbsent(cell.stratum(), name -> new ArrayList<>())
                    .add(cell));
            groups.values().removeIf(group -> group.stream().allMatch(cell -> cell.count() == 0));
            return List.copyOf(groups.values());
        }
    };

    public abstract double of(List<Cell> cells);

    /** The standard error of {@link #of}. */
    public abstract double standardError(List<Cell> cells);

    /** The groups that a bootstrap draws within. */
    abstract List<List<Cell>> strata(List<Cell> cells);
}
