package candor.model;

import java.util.Arrays;

/** Which layers are on the device: those that stay, and of those that travel one at each place. A layer has one place, the same in all passes. */
final class Turns {
    /** One is read while another is copied. */
    static final int PLACES = 2;

    private static final int NOBODY = -1;

    private final Residency residency;
    private final int[] place;
    private final int[] present;

    private Turns(Residency residency, int[] place, int[] present) {
        this.residency = residency;
        this.place = place;
        this.present = present;
    }

    /** Before any has travelled. */
    static Turns of(Residency residency, int layers) {
        int[] place = new int[layers];
        int count = 0;
        for (int layer = 0; layer < layers; layer++) {
            place[layer] = residency.stays(layer) ? NOBODY : count++ % PLACES;
        }
        int[] present = new int[PLACES];
        Arrays.fill(present, NOBODY);
        return new Turns(residency, place, present);
    }

    /** As they are now. */
    Turns copy() {
        return new Turns(residency, place, present.clone());
    }

    boolean travels(int layer) {
        return place[layer] != NOBODY;
    }

    /** Where a layer that travels is, or will be. */
    int place(int layer) {
        return place[layer];
    }

    /** Whether it stays, or nobody has taken its place since it came. */
    boolean here(int layer) {
        return !travels(layer) || present[place[layer]] == layer;
    }

    /** It comes; who had its place is gone. */
    void comes(int layer) {
        present[place[layer]] = layer;
    }

    /** Nobody is at its place. */
    void goes(int layer) {
        present[place[layer]] = NOBODY;
    }
}
