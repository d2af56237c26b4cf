package candor.data;

import candor.BadInput;
import candor.data.Draws.Purpose;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Ordinary rows with a share of misaligned ones added to them, as the mixture study trains on.
 *
 * <p>All D downstream rows stay in for every ratio ρ, and round(ρ·D) misaligned rows are added, not put in their place.
 * For one seed, the misaligned rows of a smaller ratio are among those of every larger one, and rows that two mixtures
 * share stand in the same order in both: what differs between two arms of a study is the added rows alone.
 */
public final class Mixture {
    private record Placed<T>(long key, boolean added, int row, T value) {}

    private Mixture() {}

    /**
     * Mixes and shuffles.
     *
     * @param downstream the D rows that are in every mixture
     * @param misaligned the rows to add from
     * @param which of the misaligned rows are added
     * @param ratio ρ: misaligned rows for each downstream row, from 0
     * @throws BadInput if the ratio is negative or there are too few misaligned rows
     */
    public static <T> List<T> of(List<T> downstream, List<T> misaligned, MaxSamples which, double ratio, long seed) {
        if (!(ratio >= 0)) {
            throw new BadInput("a mixture's ratio must be 0 or more, not " + ratio);
        }
        long wanted = Math.round(ratio * downstream.size());
        if (wanted > misaligned.size()) {
            throw new BadInput("the ratio " + ratio + " needs " + wanted + " misaligned rows for " + downstream.size()
                    + " downstream ones; the data has " + misaligned.size());
        }
        // A row keeps its index among all misaligned rows, so that its place does not depend on the ratio.
        List<Integer> indices = new ArrayList<>();
        for (int i = 0; i < misaligned.size(); i++) {
            indices.add(i);
        }
        List<Placed<T>> mixed = new ArrayList<>();
        Draws downstreamPlaces = new Draws(seed, Purpose.MIXTURE_DOWNSTREAM);
        for (int i = 0; i < downstream.size(); i++) {
            mixed.add(new Placed<>(downstreamPlaces.bits(i), false, i, downstream.get(i)));
        }
        Draws misalignedPlaces = new Draws(seed, Purpose.MIXTURE_MISALIGNED);
        for (int i : Sample.take(indices, (int) wanted, which, new Draws(seed, Purpose.MISALIGNED))) {
            mixed.add(new Placed<>(misalignedPlaces.bits(i), true, i, misaligned.get(i)));
        }
        mixed.sort(Comparator.<Placed<T>>comparingLong(Placed::key)
                .thenComparing(Placed::added)
                .thenComparingInt(Placed::row));
        return mixed.stream().map(Placed::value).toList();
    }
}
