package candor.data;

import candor.BadInput;
import candor.data.Draws.Purpose;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Rows parted into those trained on and those held out, each in the order of the data.
 *
 * @param train the rows to train on; never empty
 * @param heldOut the rows held out
 */
public record Split<T>(List<T> train, List<T> heldOut) {
    /**
     * Holds out a number of rows.
     *
     * @throws BadInput if no row would be left to train on
     */
    public static <T> Split<T> count(List<T> rows, int heldOut, long seed) {
        if (heldOut < 0 || heldOut >= rows.size()) {
            throw new BadInput(heldOut + " of " + rows.size() + " rows cannot be held out; at least one must be left");
        }
        List<Integer> indices = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            indices.add(i);
        }
        Set<Integer> chosen =
                new HashSet<>(Sample.take(indices, heldOut, MaxSamples.RANDOM, new Draws(seed, Purpose.SPLIT)));
        List<T> train = new ArrayList<>();
        List<T> held = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            (chosen.contains(i) ? held : train).add(rows.get(i));
        }
        return new Split<>(List.copyOf(train), List.copyOf(held));
    }

    /** Holds out a share of the rows, from 0 to below 1, rounded to the nearest number of rows. */
    public static <T> Split<T> share(List<T> rows, double share, long seed) {
        if (!(share >= 0 && share < 1)) {
            throw new BadInput("the share to hold out must be from 0 to below 1, not " + share);
        }
        return count(rows, (int) Math.round(share * rows.size()), seed);
    }
}
