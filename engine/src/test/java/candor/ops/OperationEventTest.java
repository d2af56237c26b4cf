package candor.ops;

import static org.assertj.core.api.Assertions.assertThat;

import candor.ops.op.Op;
import candor.ops.op.Zero;
import candor.tensor.DType;
import candor.tensor.Tensor;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OperationEventTest {
    /** What a backend says of itself by its descriptor, which is passed on. */
    private static final Set<String> OF_THE_DESCRIPTOR = Set.of("name", "activations");

    @TempDir
    Path folder;

    @Test
    void aRecordingShowsOperations() throws IOException {
        Path file = folder.resolve("operations.jfr");
        try (Backend backend = Backends.open("cpu", 1);
                Recording recording = new Recording()) {
            Tensor x = backend.allocate(DType.F32, 3, 5);
            backend.zero(x);
            recording.enable("candor.Operation").withoutThreshold();
            recording.start();
            backend.zero(x);
            assertThat(backend.sumOfSquares(x)).isZero();
            recording.stop();
            backend.zero(x);
            recording.dump(file);
        }
        assertThat(RecordingFile.readAllEvents(file).stream()
                        .filter(event -> event.getEventType().getName().equals("candor.Operation")))
                .extracting((RecordedEvent event) -> event.getString("operation") + " " + event.getInt("rows"))
                .containsExactly("zero 3", "sumOfSquares 3");
    }

    /** A default of the interface that were not passed on would stand for the backend's own. */
    @Test
    void everyMethodIsPassedOn() {
        assertThat(Stream.concat(
                                Stream.of(Backend.class.getDeclaredMethods()),
                                Stream.of(Ops.class.getDeclaredMethods())
                                        .filter(method -> Modifier.isAbstract(method.getModifiers())))
                        .filter(method -> !Modifier.isStatic(method.getModifiers()) && !method.isSynthetic())
                        .filter(method -> !OF_THE_DESCRIPTOR.contains(method.getName()))
                        .map(method -> method.getName() + Arrays.toString(method.getParameterTypes())))
                .contains("run[interface candor.ops.op.Op]")
                .isSubsetOf(Stream.of(DecoratedBackend.class.getDeclaredMethods())
                        .map(method -> method.getName() + Arrays.toString(method.getParameterTypes()))
                        .toList());
    }

    @Test
    void withoutARecordingNothingIsAllocated() {
        try (Backend backend = Backends.open("cpu", 1)) {
            Tensor x = backend.allocate(DType.F32, 3, 5);
            Op zero = new Zero(x);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long smallest = Long.MAX_VALUE;
            for (int i = 0; i < 1_000 && smallest > 0; i++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                backend.run(zero);
                smallest = Math.min(smallest, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(smallest).isZero();
        }
    }
}
