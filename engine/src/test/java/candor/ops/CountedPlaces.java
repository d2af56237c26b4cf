package candor.ops;

import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;

/** Places that do what others do, and tell how many bytes are sent. */
public record CountedPlaces(WeightPlaces places, LongConsumer sent) implements WeightPlaces {
    @Override
    public MemorySegment place(int index) {
        return places.place(index);
    }

    @Override
    public MemorySegment buffer(int index) {
        return places.buffer(index);
    }

    @Override
    public void leave(int place) {
        places.leave(place);
    }

    @Override
    public void send(int buffer, int place, long bytes) {
        sent.accept(bytes);
        places.send(buffer, place, bytes);
    }

    @Override
    public void await(int buffer) {
        places.await(buffer);
    }

    @Override
    public void close() {
        places.close();
    }
}
