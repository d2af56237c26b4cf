package candor.model;

import candor.ops.Backend;
import candor.ops.WeightPlaces;
import candor.ops.weight.Siblings;
import candor.ops.weight.Weight;
import candor.ops.weight.WeightImage;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/**
 * Layers whose matrices are on the device only while they are computed with. On the device they take turns in a few places; a
 * thread writes the next ones, in the order in which they will be wanted, into buffers that are copied there beside the
 * operations. So a pass takes the longer of the two, computing and copying, and not their sum.
 *
 * <p>At the top of a pass, and at its foot, the last layers are still there when it turns back. Each layer has one place, the
 * same in all passes. Nothing depends on what was foreseen but the time.
 */
final class TravellingLayers implements LayerSource {
    /** On the host: one is copied while two are written. */
    static final int BUFFERS = 3;

    private static final int NOBODY = -1;

    /** A layer's matrices one behind the other. */
    private record Image(List<WeightImage> parts, List<Long> starts, long bytes) {
        static Image of(List<WeightImage> parts) {
            List<Long> starts = new ArrayList<>();
            long bytes = 0;
            for (WeightImage part : parts) {
                starts.add(bytes);
                bytes += part.bytes();
            }
            return new Image(List.copyOf(parts), List.copyOf(starts), bytes);
        }

        void write(MemorySegment to) {
            IntStream.range(0, parts.size()).parallel().forEach(i -> parts.get(i)
                    .write(to.asSlice(starts.get(i), parts.get(i).bytes())));
        }
    }

    private final List<LayerWeights> layers = new ArrayList<>();
    /** By layer; null where it stays. */
    private final List<Image> images = new ArrayList<>();

    private final WeightPlaces places;
    private final Turns turns;
    /** The layer in each buffer, or that is being written there. */
    private final int[] written = new int[BUFFERS];

    /** When each buffer was sent, counted in sends. */
    private final long[] sentAt = new long[BUFFERS];

    private long sends;
    private final List<Future<?>> writing = new ArrayList<>();
    private final ExecutorService writer = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("next layers").daemon().factory());
    private int last = NOBODY;

    /** @param all with vectors where the backend reads them, and matrices there where a layer stays, else on the host */
    TravellingLayers(Backend backend, List<LayerWeights> all, Residency residency) {
        turns = Turns.of(residency, all.size());
        Arrays.fill(written, NOBODY);
        for (int layer = 0; layer < all.size(); layer++) {
            images.add(turns.travels(layer) ? image(backend, all.get(layer)) : null);
        }
        long most = images.stream()
                .filter(image -> image != null)
                .mapToLong(Image::bytes)
                .max()
                .orElseThrow();
        places = backend.weightPlaces(most, Turns.PLACES, BUFFERS);
        for (int buffer = 0; buffer < BUFFERS; buffer++) {
            writing.add(null);
        }
        for (int layer = 0; layer < all.size(); layer++) {
            layers.add(turns.travels(layer) ? placed(all.get(layer), layer) : all.get(layer));
        }
    }

    private static Image image(Backend backend, LayerWeights layer) {
        List<WeightImage> parts = new ArrayList<>();
        layer.map(
                siblings -> {
                    parts.addAll(backend.images(siblings));
                    return siblings;
                },
                vector -> vector);
        return Image.of(parts);
    }

    /** The layer as it is when it is at its place. */
    private LayerWeights placed(LayerWeights layer, int number) {
        Image image = images.get(number);
        MemorySegment place = places.place(turns.place(number));
        int[] next = {0};
        return layer.map(
                siblings -> {
                    List<Weight> parts = new ArrayList<>();
                    for (int i = 0; i < siblings.count(); i++, next[0]++) {
                        MemorySegment address = MemorySegment.ofAddress(
                                place.address() + image.starts().get(next[0]));
                        parts.add(image.parts().get(next[0]).at(address));
                    }
                    return new Siblings(parts);
                },
                vector -> vector);
    }

    @Override
    public LayerWeights layer(int number, Course course) {
        if (last != NOBODY && last != number && turns.travels(last)) {
            places.leave(turns.place(last));
        }
        last = number;
        if (!turns.here(number)) {
            fetch(number);
        }
        foresee(number, course);
        return layers.get(number);
    }

    private void fetch(int layer) {
        int buffer = bufferOf(layer);
        if (buffer == NOBODY) {
            buffer = free(List.of());
            write(layer, buffer);
        }
        finish(buffer);
        turns.goes(layer); // nobody is there until it is sent
        places.send(buffer, turns.place(layer), images.get(layer).bytes());
        turns.comes(layer);
        written[buffer] = NOBODY;
        sentAt[buffer] = ++sends;
    }

    /** Has the next ones written that will not be there. */
    private void foresee(int number, Course course) {
        List<Integer> wanted = wanted(number, course);
        for (int layer : wanted) {
            if (bufferOf(layer) == NOBODY) {
                write(layer, free(wanted)); // there are more buffers than are wanted
            }
        }
    }

    /** As many as are written ahead, the next one first. */
    private List<Integer> wanted(int number, Course course) {
        Turns then = turns.copy();
        List<Integer> wanted = new ArrayList<>();
        for (int layer : following(number, course)) {
            if (wanted.size() == BUFFERS - 1) {
                break;
            }
            if (!then.here(layer)) {
                then.comes(layer);
                wanted.add(layer);
            }
        }
        return wanted;
    }

    private List<Integer> following(int number, Course course) {
        List<Integer> following = new ArrayList<>();
        int count = layers.size();
        boolean up = course != Course.DOWN;
        for (int layer = number + 1; up && layer < count; layer++) {
            following.add(layer);
        }
        for (int layer = up ? count - 1 : number - 1; course != Course.UP && layer >= 0; layer--) {
            following.add(layer);
        }
        for (int layer = 0; layer < count; layer++) {
            following.add(layer);
        }
        return following;
    }

    private int bufferOf(int layer) {
        for (int buffer = 0; buffer < BUFFERS; buffer++) {
            if (written[buffer] == layer) {
                return buffer;
            }
        }
        return NOBODY;
    }

    /** The buffer that was sent first of those that hold nothing which is wanted. */
    private int free(List<Integer> wanted) {
        int found = NOBODY;
        for (int buffer = 0; buffer < BUFFERS; buffer++) {
            if (!wanted.contains(written[buffer]) && (found == NOBODY || sentAt[buffer] < sentAt[found])) {
                found = buffer;
            }
        }
        return found;
    }

    private void write(int layer, int buffer) {
        if (written[buffer] != NOBODY) {
            finish(buffer);
        }
        written[buffer] = NOBODY;
        places.await(buffer);
        Image image = images.get(layer);
        MemorySegment to = places.buffer(buffer);
        writing.set(buffer, writer.submit(() -> image.write(to)));
        written[buffer] = layer;
    }

    /** Waits until what is to be in a buffer is there. */
    private void finish(int buffer) {
        try {
            writing.get(buffer).get();
        } catch (ExecutionException e) {
            written[buffer] = NOBODY;
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a layer was fetched", e);
        }
    }

    /** Waits for the writer, whose memory goes. */
    @Override
    public void close() {
        writer.close();
        places.close();
    }
}
