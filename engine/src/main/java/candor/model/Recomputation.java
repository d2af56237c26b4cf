package candor.model;

import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What each layer of a model computes again on the way back, and where the inputs of whole layers wait until then; and whether
 * the head does.
 *
 * @param layers       one per layer, the lowest first
 * @param inputsOnHost whether the inputs of layers that are computed again in full are copied to the host's memory and back;
 *                     it changes nothing where the backend shares that memory
 * @param logits       whether logits are kept however many they are; else they are computed again where they are large
 */
public record Recomputation(List<Recompute> layers, boolean inputsOnHost, boolean logits) {
    public Recomputation {
        layers = List.copyOf(layers);
    }

    /** With large logits computed again. */
    public Recomputation(List<Recompute> layers, boolean inputsOnHost) {
        this(layers, inputsOnHost, false);
    }

    /** The same with all logits kept. */
    public Recomputation keepingLogits() {
        return new Recomputation(layers, inputsOnHost, true);
    }

    /** The same for all of so many layers. */
    public static Recomputation all(Recompute recompute, int layers) {
        return new Recomputation(Collections.nCopies(layers, recompute), false);
    }

    /** How many layers do so. */
    public int count(Recompute recompute) {
        return Collections.frequency(layers, recompute);
    }

    /**
     * What is still to compute again when the way back reaches each layer: the highest of those that share their tensors finds
     * there what it has written itself.
     */
    public List<Recompute> left() {
        Recompute[] left = layers.toArray(Recompute[]::new);
        boolean full = false;
        boolean light = false;
        for (int layer = left.length - 1; layer >= 0; layer--) {
            Recompute own = left[layer];
            if (own == Recompute.FULL && !full || own == Recompute.SELECTIVE) {
                left[layer] = light ? Recompute.SELECTIVE : Recompute.NONE;
            }
            full |= own == Recompute.FULL;
            light |= own != Recompute.NONE;
        }
        return List.of(left);
    }

    /** Whether the input of a layer waits on the host; that of the highest is still on the device when it is wanted. */
    boolean onHost(int layer) {
        return inputsOnHost && layers.get(layer) == Recompute.FULL && layers.lastIndexOf(Recompute.FULL) > layer;
    }

    /** The same with all inputs where the backend computes. */
    Recomputation here() {
        return new Recomputation(layers, false, logits);
    }

    /** A model of other layers, with the same shares: for measuring a part of a model. */
    public Recomputation over(int count) {
        int full = share(Recompute.FULL, count);
        int selective = Math.min(count - full, share(Recompute.SELECTIVE, count));
        return of(full, selective, count, inputsOnHost);
    }

    private int share(Recompute recompute, int count) {
        return (int) Math.round((double) count(recompute) * count / layers.size());
    }

    /** So many of the highest layers in full, so many below them selectively, and the others not at all. */
    public static Recomputation of(int full, int selective, int layers, boolean inputsOnHost) {
        return new Recomputation(
                Stream.of(
                                Collections.nCopies(layers - full - selective, Recompute.NONE),
                                Collections.nCopies(selective, Recompute.SELECTIVE),
                                Collections.nCopies(full, Recompute.FULL))
                        .flatMap(List::stream)
                        .toList(),
                inputsOnHost);
    }

    /** "none", "selective", "full" where all layers do the same; "full=12,selective=20" where they do not. */
    public String text() {
        for (Recompute each : Recompute.values()) {
            if (count(each) == layers.size()) {
                return name(each);
            }
        }
        return Stream.of(Recompute.FULL, Recompute.SELECTIVE)
                .filter(each -> count(each) > 0)
                .map(each -> name(each) + "=" + count(each))
                .collect(Collectors.joining(","));
    }

    private static String name(Recompute recompute) {
        return recompute.name().toLowerCase(Locale.ROOT);
    }
}
