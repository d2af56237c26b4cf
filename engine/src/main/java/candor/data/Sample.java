package candor.data;

import candor.BadInput;
import candor.data.Draws.Purpose;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The first rows, or uniform samples without replacement. For these row i draws the key f(seed, i), and the n rows with the smallest keys are taken,
 * in the order of the data. So a smaller sample of one seed is a part of every larger one, and one pass is enough.
 */
public final class Sample {
    private record Keyed<T>(long key, int row, T value) {}

    private static final Comparator<Keyed<?>> BY_KEY =
            ((Comparator<Keyed<?>>) (a, b) -> Long.compareUnsigned(a.key, b.key)).thenComparingInt(Keyed::row);

    private Sample() {}

    /**
     * A sample of n examples of a stream; only the sample is kept in memory. A random one reads the stream to its end.
     *
     * @throws BadInput if there are fewer
     */
    public static List<Example> take(ExampleReader examples, int n, MaxSamples which, long seed) {
        return switch (which) {
            case FIRST -> first(examples, n);
            case RANDOM -> random(examples, n, seed);
        };
    }

    private static List<Example> first(ExampleReader examples, int n) {
        List<Example> first = new ArrayList<>();
        while (first.size() < n) {
            Example example = examples.next();
            if (example == null) {
                requireEnough(n, first.size());
            }
            first.add(example);
        }
        return first;
    }

    private static List<Example> random(ExampleReader examples, int n, long seed) {
        Draws draws = new Draws(seed, Purpose.SAMPLE);
        PriorityQueue<Keyed<Example>> smallest = new PriorityQueue<>(BY_KEY.reversed());
        int row = 0;
        for (Example example = examples.next(); example != null; example = examples.next()) {
            smallest.add(new Keyed<>(draws.bits(row), row, example));
            row++;
            if (smallest.size() > n) {
                smallest.remove();
            }
        }
        requireEnough(n, row);
        return inOrder(new ArrayList<>(smallest));
    }

    /** A sample of n of the rows given; the first need no draws. */
    static <T> List<T> take(List<T> rows, int n, MaxSamples which, Draws draws) {
        requireEnough(n, rows.size());
        if (which == MaxSamples.FIRST) {
            return List.copyOf(rows.subList(0, n));
        }
        List<Keyed<T>> keyed = new ArrayList<>(rows.size());
        for (int row = 0; row < rows.size(); row++) {
            keyed.add(new Keyed<>(draws.bits(row), row, rows.get(row)));
        }
        keyed.sort(BY_KEY);
        return inOrder(new ArrayList<>(keyed.subList(0, n)));
    }

    private static void requireEnough(int n, int rows) {
        if (n < 0 || n > rows) {
            throw new BadInput("a sample of " + n + " rows was asked for, the data has " + rows);
        }
    }

    private static <T> List<T> inOrder(List<Keyed<T>> sample) {
        sample.sort(Comparator.comparingInt(Keyed::row));
        return sample.stream().map(Keyed::value).toList();
    }
}
