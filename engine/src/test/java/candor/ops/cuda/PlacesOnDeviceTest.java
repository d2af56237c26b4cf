package candor.ops.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlacesOnDeviceTest {
    private final List<MemorySegment> released = new ArrayList<>();

    @Test
    void memoryWhoseEventCannotBeMadeIsGivenBack() {
        MemorySegment memory = MemorySegment.ofAddress(256);
        assertThatThrownBy(() -> PlacesOnDevice.slot(memory, released::add, () -> {
                    throw new IllegalStateException("no more events");
                }))
                .hasMessage("no more events");
        assertThat(released).containsExactly(memory);
    }

    @Test
    void memoryWithAnEventIsKept() {
        MemorySegment memory = MemorySegment.ofAddress(256);
        MemorySegment event = MemorySegment.ofAddress(512);
        PlacesOnDevice.Slot slot = PlacesOnDevice.slot(memory, released::add, () -> event);
        assertThat(slot.memory).isEqualTo(memory);
        assertThat(slot.event).isEqualTo(event);
        assertThat(released).isEmpty();
    }
}
