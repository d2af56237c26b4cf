package candor.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LargePagesTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 64, LargePages.PAGE - 1, LargePages.PAGE, LargePages.PAGE + 1, 3 * LargePages.PAGE + 4097})
    void areZeroAndWritableFromEndToEnd(long bytes) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = LargePages.allocate(arena, bytes, 64);

            assertThat(memory.byteSize()).isEqualTo(bytes);
            assertThat(memory.address() % 64).isZero();
            assertThat(memory.mismatch(arena.allocate(bytes))).isEqualTo(-1);
            memory.fill((byte) 7);
            assertThat(memory.get(ValueLayout.JAVA_BYTE, bytes - 1)).isEqualTo((byte) 7);
            assertThatThrownBy(() -> memory.get(ValueLayout.JAVA_BYTE, bytes))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void endWithTheirArena() {
        MemorySegment memory;
        try (Arena arena = Arena.ofShared()) {
            memory = LargePages.allocate(arena, 2 * LargePages.PAGE, 64);
        }

        assertThatThrownBy(() -> memory.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void doNotOverlap() {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment one = LargePages.allocate(arena, LargePages.PAGE + 64, 64);
            MemorySegment other = LargePages.allocate(arena, LargePages.PAGE + 64, 64);

            one.fill((byte) 1);
            other.fill((byte) 2);

            assertThat(one.asOverlappingSlice(other)).isEmpty();
            assertThat(one.get(ValueLayout.JAVA_BYTE, one.byteSize() - 1)).isEqualTo((byte) 1);
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void areMappedWhereNativeAccessIsAllowed() {
        assertThat(LargePages.available()).isTrue();
        try (Arena arena = Arena.ofShared()) {
            assertThat(LargePages.allocate(arena, LargePages.PAGE, 64).address() % LargePages.PAGE)
                    .isZero();
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void thatAreNotThereFailAtOnce() {
        try (Arena arena = Arena.ofShared()) {
            assertThatThrownBy(() -> LargePages.allocate(arena, 1L << 56, 64)).isInstanceOf(OutOfMemoryError.class);
        }
    }
}
