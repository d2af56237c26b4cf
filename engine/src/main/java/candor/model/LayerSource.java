package candor.model;

import candor.ops.Backend;
import java.util.List;

/** Where a decoder has the weights of its layers from. */
interface LayerSource extends AutoCloseable {
    /** In which order a pass goes on from a layer. */
    enum Course {
        /** Up, and then perhaps another pass from the lowest. */
        UP,
        /** Up, and from the highest back. */
        UP_AND_BACK,
        /** Down, and then perhaps another pass from the lowest. */
        DOWN
    }

    /**
     * The weights of a layer, for operations that are asked for before the next call.
     *
     * @param course what is likely to be wanted after it
     */
    LayerWeights layer(int number, Course course);

    @Override
    default void close() {}

    /** Of weights that are all where they are read. */
    static LayerSource of(List<LayerWeights> layers) {
        return (number, course) -> layers.get(number);
    }

    /** @param weights as {@link Weights#on} has made them of the same residency */
    static LayerSource of(Backend backend, Weights weights, Residency residency) {
        return residency.travelling(weights.layers().size()) == 0
                ? of(weights.layers())
                : new TravellingLayers(backend, weights.layers(), residency);
    }
}
