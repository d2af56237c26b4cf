package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.candor_lora_image_bytes;

import candor.bindings.generated.candor_lora_image;
import candor.ops.Batch;
import candor.ops.Lora;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.Predicate;

/**
 * The images of adapters' factors on a device. An image lasts as long as its adapters sit where they do ({@link Lora#seat}), and a
 * slot of it is packed before a product reads it where it holds other factors than are asked for, or where anything was written to
 * them since: every way to write to the device's memory tells {@link #written}. When one has to be packed, all are whose factors
 * were written to, in one call: after an optimiser's step that is once for the whole model.
 */
final class LoraImages {
    /** Memory that is read for a slot of an image, and the furthest end of all that begin no later. */
    private record Source(long start, long end, LoraImage image, int slot, long furthest) {}

    private final Device device;
    private final MemorySegment arguments = Arena.ofAuto().allocate(candor_lora_image.layout());
    private final MemorySegment out = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);
    /** By the number of layers that stand together. */
    private final Map<Lora.Seat, Map<Integer, LoraImage>> bySeat = new WeakHashMap<>();

    private final List<LoraImage> all = new ArrayList<>();
    /** By their start; null where images hold others than are listed. */
    private Source[] sources = new Source[0];
    /** Sections that had failed when images were last packed. */
    private long failures;

    LoraImages(Device device) {
        this.device = device;
    }

    /**
     * The image of the adapters on a layer or on stacked ones, which holds what the slots of a batch are now; null where the batch has
     * no rows of theirs, and where adapters sit nowhere, and are packed by each product.
     *
     * @param columns of the intermediate product
     * @param inputs  of the layers
     * @param outputs of all layers
     */
    LoraImage of(List<StackedLayers.Part> layers, int columns, int inputs, int outputs, Batch batch) {
        Lora.Seat seat = layers.isEmpty() ? null : layers.getFirst().lora().seat();
        if (seat == null) {
            return null;
        }
        if (failures != device.calls().failures()) {
            all.forEach(LoraImage::stale); // a call to pack may be among what was dropped
            failures = device.calls().failures();
        }
        LoraImage image = null;
        boolean pack = false;
        for (Batch.Run run : batch.runs()) {
            int slot = LoraImage.slot(layers, run.slot());
            if (slot < 0) {
                continue;
            }
            List<Lora.Factors> factors = new ArrayList<>();
            layers.forEach(layer -> factors.add(layer.lora().at(slot)));
            if (image == null) {
                image = image(seat, layers.size(), LoraImage.Shape.of(layers, columns, inputs, outputs));
            }
            if (image.hold(slot, factors)) {
                sources = null;
            }
            pack |= !image.fresh(slot);
        }
        if (pack) {
            pack();
        }
        return image;
    }

    private LoraImage image(Lora.Seat seat, int layers, LoraImage.Shape shape) {
        Map<Integer, LoraImage> here = bySeat.computeIfAbsent(seat, _ -> new HashMap<>());
        LoraImage image = here.get(layers);
        if (image != null && image.shape().equals(shape)) {
            return image;
        }
        here.remove(layers);
        drop(each -> each == image || each.abandoned());
        LoraImage fresh = new LoraImage(seat, shape, device.allocateZero(bytes(shape)));
        all.add(fresh);
        here.put(layers, fresh);
        return fresh;
    }

    private long bytes(LoraImage.Shape shape) {
        candor_lora_image.slots(arguments, shape.slots());
        candor_lora_image.padded_rank(arguments, shape.columns());
        candor_lora_image.inputs(arguments, shape.inputs());
        candor_lora_image.outputs(arguments, shape.outputs());
        device.check(candor_lora_image_bytes(out, arguments));
        return out.get(ValueLayout.JAVA_LONG, 0);
    }

    private void pack() {
        List<LoraImage.Packing> stale = all.stream()
                .flatMap(image -> image.held().stream())
                .filter(each -> !each.image().fresh(each.slot()))
                .toList();
        device.calls().add(Function.LORA_PACK, to -> to.packings(stale));
        stale.forEach(each -> each.image().packed(each.slot()));
    }

    /** Something has been asked for that writes to a tensor; a product that is asked for from here on reads what it wrote. */
    void written(Tensor tensor) {
        if (tensor != null && !all.isEmpty()) {
            overlapping(tensor.data().address(), tensor.bytes()).forEach(source -> source.image.stale(source.slot));
        }
    }

    /** Memory is given back: what was made of it is, too. */
    void released(MemorySegment memory, long bytes) {
        if (!all.isEmpty()) {
            List<LoraImage> gone = overlapping(memory.address(), bytes).stream()
                    .map(Source::image)
                    .distinct()
                    .toList();
            drop(gone::contains);
        }
    }

    private void drop(Predicate<LoraImage> which) {
        for (LoraImage image : List.copyOf(all)) {
            if (which.test(image)) {
                all.remove(image);
                bySeat.values().forEach(here -> here.values().remove(image));
                sources = null;
                device.release(image.memory());
            }
        }
    }

    private List<Source> overlapping(long start, long bytes) {
        if (sources == null) {
            sources = list();
        }
        int low = 0;
        int high = sources.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sources[middle].start < start + bytes) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        List<Source> found = new ArrayList<>();
        for (int i = low - 1; i >= 0 && sources[i].furthest > start; i--) {
            if (sources[i].end > start) {
                found.add(sources[i]);
            }
        }
        return found;
    }

    private Source[] list() {
        List<Source> list = new ArrayList<>();
        for (LoraImage image : all) {
            for (LoraImage.Packing held : image.held()) {
                for (Tensor each : image.sources(held.slot())) {
                    long start = each.data().address();
                    list.add(new Source(start, start + each.bytes(), image, held.slot(), 0));
                }
            }
        }
        list.sort(Comparator.comparingLong(Source::start));
        long furthest = Long.MIN_VALUE;
        for (int i = 0; i < list.size(); i++) {
            Source each = list.get(i);
            furthest = Math.max(furthest, each.end);
            list.set(i, new Source(each.start, each.end, each.image, each.slot, furthest));
        }
        return list.toArray(Source[]::new);
    }
}
