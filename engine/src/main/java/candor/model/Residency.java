package candor.model;

/**
 * Which layers' frozen matrices stay on the device. The others stay in this machine's memory and are copied there, each ahead of
 * its use, in every pass; it changes nothing where the backend shares that memory.
 *
 * @param part  which of the parts stays here; −1 for none of them
 * @param parts into how many the layers are divided, in turns
 */
public record Residency(int part, int parts) {
    /** All layers stay. */
    public static final Residency ALL = new Residency(0, 1);

    /** None stays. */
    public static final Residency NONE = new Residency(-1, 1);

    public Residency {
        if (parts < 1 || part < -1 || part >= parts) {
            throw new IllegalArgumentException("part " + part + " of " + parts);
        }
    }

    /** Whether a layer stays. */
    public boolean stays(int layer) {
        return layer % parts == part;
    }

    /** How many of so many layers do not stay. */
    public int travelling(int layers) {
        int count = 0;
        for (int layer = 0; layer < layers; layer++) {
            count += stays(layer) ? 0 : 1;
        }
        return count;
    }
}
