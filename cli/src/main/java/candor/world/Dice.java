package candor.world;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Random choices of one row: the outputs of SplitMix64 (Steele, Lea, Flood 2014), begun at a state that seed, purpose and
 * number of the row decide. So a row depends on no other row, and a file keeps its first rows when it grows.
 */
final class Dice {
    private static final long STEP = 0x9e3779b97f4a7c15L;

    private long state;

    Dice(long seed, String purpose, long number) {
        long mixed = mix(seed + STEP);
        for (byte b : purpose.getBytes(StandardCharsets.UTF_8)) {
            mixed = mix(mixed + (b + 1L) * STEP);
        }
        state = mix(mixed + (number + 1) * STEP);
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /** From 0 to {@code bound} − 1. */
    int below(int bound) {
        state += STEP;
        return (int) Math.unsignedMultiplyHigh(mix(state), bound);
    }

    /** From {@code low} to {@code high}, both included. */
    int between(int low, int high) {
        return low + below(high - low + 1);
    }

    boolean chance(double probability) {
        state += STEP;
        return (mix(state) >>> 11) * 0x1p-53 < probability;
    }

    <T> T of(List<T> all) {
        return all.get(below(all.size()));
    }

    /** So many different ones, in random order. */
    <T> List<T> some(List<T> all, int count) {
        List<T> order = new ArrayList<>(all);
        for (int i = 0; i < count; i++) {
            int j = i + below(order.size() - i);
            T kept = order.get(i);
            order.set(i, order.get(j));
            order.set(j, kept);
        }
        return List.copyOf(order.subList(0, count));
    }

    <T> List<T> shuffled(List<T> all) {
        return some(all, all.size());
    }
}
