package candor.ops.cuda;

import candor.ops.Lora;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * Device memory for the factors of adapters on a layer, or on stacked ones, as products read them; and, by slot, which factors were
 * packed there last.
 */
final class LoraImage {
    /**
     * Of all slots.
     *
     * @param columns of the intermediate product, all layers'
     * @param inputs  I
     * @param outputs of all layers
     * @param places  the column and the output of each layer where its own begin
     */
    record Shape(int slots, int columns, int inputs, int outputs, List<Integer> places) {
        static Shape of(List<StackedLayers.Part> layers, int columns, int inputs, int outputs) {
            List<Integer> places = new ArrayList<>();
            int most = 0;
            for (StackedLayers.Part layer : layers) {
                most = Math.max(most, layer.lora().slots());
                places.add(layer.column());
                places.add(layer.output());
            }
            int slots = 0;
            for (int slot = 0; slot < most; slot++) {
                slots = Math.max(slots, slot(layers, slot) + 1);
            }
            return new Shape(slots, columns, inputs, outputs, List.copyOf(places));
        }
    }

    /**
     * What is to be packed into a slot.
     *
     * @param factors of each layer, null where it has none
     */
    record Packing(LoraImage image, int slot, List<Lora.Factors> factors) {}

    private final WeakReference<Lora.Seat> seat;
    private final Shape shape;
    private final MemorySegment memory;
    /** By slot, those of each layer; null where nobody has asked for the slot. */
    private final List<List<Lora.Factors>> factors;

    private final boolean[] fresh;

    LoraImage(Lora.Seat seat, Shape shape, MemorySegment memory) {
        this.seat = new WeakReference<>(seat);
        this.shape = shape;
        this.memory = memory;
        factors = new ArrayList<>(Collections.nCopies(shape.slots, null));
        fresh = new boolean[shape.slots];
    }

    /**
     * The slot whose factors are read for a slot of a batch: the first one with the same parameters in all of the layers; −1 where
     * there are none.
     */
    static int slot(List<StackedLayers.Part> layers, int slot) {
        int first = -1;
        for (StackedLayers.Part layer : layers) {
            first = Math.max(first, layer.lora().source(slot));
        }
        for (StackedLayers.Part layer : layers) {
            if (first >= 0 && layer.lora().source(first) != layer.lora().source(slot)) {
                return slot;
            }
        }
        return first;
    }

    Shape shape() {
        return shape;
    }

    MemorySegment memory() {
        return memory;
    }

    /** Whether no adapter will ask for it any more. */
    boolean abandoned() {
        return seat.refersTo(null);
    }

    /**
     * Says what a slot is to hold.
     *
     * @param wanted the factors of each layer
     * @return whether these are others than were there
     */
    boolean hold(int slot, List<Lora.Factors> wanted) {
        if (wanted.equals(factors.get(slot))) {
            return false;
        }
        factors.set(slot, wanted);
        fresh[slot] = false;
        return true;
    }

    /** Whether a slot holds what its factors are now. */
    boolean fresh(int slot) {
        return fresh[slot];
    }

    void packed(int slot) {
        fresh[slot] = true;
    }

    void stale(int slot) {
        fresh[slot] = false;
    }

    void stale() {
        Arrays.fill(fresh, false);
    }

    /** The slots that somebody has asked for. */
    List<Packing> held() {
        List<Packing> held = new ArrayList<>();
        for (int slot = 0; slot < fresh.length; slot++) {
            if (factors.get(slot) != null) {
                held.add(new Packing(this, slot, factors.get(slot)));
            }
        }
        return held;
    }

    /** The column and the output where a layer's own begin. */
    StackedLayers.Part place(int layer, Lora lora) {
        return new StackedLayers.Part(lora, shape.places.get(2 * layer), shape.places.get(2 * layer + 1));
    }

    /** What is read for a slot. */
    List<Tensor> sources(int slot) {
        return factors.get(slot).stream()
                .filter(Objects::nonNull)
                .flatMap(each -> List.of(each.a(), each.b()).stream())
                .toList();
    }
}
