package candor.lora;

import candor.lora.AdapterShape.Place;
import candor.model.Affine;
import candor.ops.weight.FrozenWeight;
import java.util.Map;

/**
 * What an adapter of PEFT's changes beside adding its factors' product: magnitudes (DoRA), biases, tables of its own. It is read
 * from files and looked at only; no run of ours trains it.
 *
 * @param affines   by place: scales and biases
 * @param embedding (V, C), or null for the model's own
 * @param head      (V, C), or null for the model's own
 */
public record Extras(Map<Place, Affine> affines, FrozenWeight embedding, FrozenWeight head) {
    /** Nothing beside the factors. */
    public static final Extras NONE = new Extras(Map.of(), null, null);

    public Extras {
        affines = Map.copyOf(affines);
    }

    public boolean isNone() {
        return affines.isEmpty() && embedding == null && head == null;
    }
}
