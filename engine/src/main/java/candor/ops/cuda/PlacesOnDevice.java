package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.candor_copy_to_device;
import static candor.bindings.generated.CandorKernels.candor_event_create;
import static candor.bindings.generated.CandorKernels.candor_event_destroy;
import static candor.bindings.generated.CandorKernels.candor_event_record;
import static candor.bindings.generated.CandorKernels.candor_event_synchronise;
import static candor.bindings.generated.CandorKernels.candor_event_wait;
import static candor.bindings.generated.CandorKernels.candor_stream_create;
import static candor.bindings.generated.CandorKernels.candor_stream_destroy;
import static candor.bindings.generated.CandorKernels.candor_stream_synchronise;

import candor.ops.WeightPlaces;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Places on a device that are filled from pinned memory by a stream of their own; events keep its copies and the operations in order. */
final class PlacesOnDevice implements WeightPlaces {
    /** Memory, and what was last asked of it. */
    static final class Slot {
        final MemorySegment memory;
        final MemorySegment event;
        boolean marked;

        Slot(MemorySegment memory, MemorySegment event) {
            this.memory = memory;
            this.event = event;
        }
    }

    private final Device device;
    private final MemorySegment copies;
    /** Marked when they are left. */
    private final Slot[] places;
    /** Marked when they are sent. */
    private final Slot[] buffers;

    /**
     * @param bytes of each place and each buffer
     * @throws candor.ops.OutOfDeviceMemory where the device or the host does not have so much
     */
    PlacesOnDevice(Device device, long bytes, int places, int buffers) {
        this.device = device;
        this.places = new Slot[places];
        this.buffers = new Slot[buffers];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            device.check(candor_stream_create(out, device.handle()));
            copies = out.get(ValueLayout.ADDRESS, 0);
            try {
                for (int i = 0; i < places; i++) {
                    this.places[i] = slot(device.allocate(bytes), device::release, () -> event(out));
                }
                for (int i = 0; i < buffers; i++) {
                    this.buffers[i] = slot(device.pinned(bytes), device::releasePinned, () -> event(out));
                }
            } catch (RuntimeException e) {
                close();
                throw e;
            }
        }
    }

    private MemorySegment event(MemorySegment out) {
        device.check(candor_event_create(out, device.handle()));
        return out.get(ValueLayout.ADDRESS, 0);
    }

    /** Memory with an event, or neither. */
    static Slot slot(MemorySegment memory, Consumer<MemorySegment> release, Supplier<MemorySegment> event) {
        try {
            return new Slot(memory, event.get());
        } catch (RuntimeException e) {
            release.accept(memory);
            throw e;
        }
    }

    @Override
    public MemorySegment place(int index) {
        return places[index].memory;
    }

    @Override
    public MemorySegment buffer(int index) {
        return buffers[index].memory;
    }

    @Override
    public void leave(int place) {
        device.calls().flush();
        mark(places[place], device.stream());
    }

    @Override
    public void send(int buffer, int place, long bytes) {
        device.calls().flush();
        Slot from = buffers[buffer];
        Slot to = places[place];
        if (to.marked) {
            device.check(candor_event_wait(copies, to.event));
        }
        device.check(candor_copy_to_device(to.memory, bytes, from.memory, bytes, bytes, 1, copies));
        mark(from, copies);
        device.check(candor_event_wait(device.stream(), from.event));
    }

    private void mark(Slot slot, MemorySegment stream) {
        device.check(candor_event_record(slot.event, stream));
        slot.marked = true;
    }

    @Override
    public void await(int buffer) {
        Slot slot = buffers[buffer];
        if (slot.marked) {
            device.check(candor_event_synchronise(slot.event));
            slot.marked = false;
        }
    }

    @Override
    public void close() {
        device.synchronise();
        device.check(candor_stream_synchronise(copies));
        for (Slot place : places) {
            if (place != null) {
                device.check(candor_event_destroy(place.event));
                device.release(place.memory);
            }
        }
        for (Slot buffer : buffers) {
            if (buffer != null) {
                device.check(candor_event_destroy(buffer.event));
                device.releasePinned(buffer.memory);
            }
        }
        device.check(candor_stream_destroy(copies));
    }
}
