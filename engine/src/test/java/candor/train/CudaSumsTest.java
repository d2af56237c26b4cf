package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.metrics;
import static candor.train.GoldenRuns.settings;
import static org.assertj.core.api.Assertions.assertThat;

import candor.comm.Communicator;
import candor.comm.ThreadCommunicator;
import candor.ops.Room;
import candor.ops.cuda.EmulatedDevice;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Gradients of several micro-batches from a device: summed there or on the host, one by one or together, in one process or several,
 * they are the same.
 */
class CudaSumsTest {
    private static final long MEMORY = 64L << 30;

    @TempDir
    Path temp;

    private String data;

    @BeforeEach
    void needsTheLibrary() throws IOException {
        EmulatedDevice.assumeThere();
        data = VariedRows.file(temp, Method.SFT);
    }

    private Prepared prepared(String name) {
        return Prepared.of(List.of(TrainConfig.of(
                Method.SFT,
                settings("llama3", Method.SFT, temp.resolve(name))
                        .with(TrainSettings.BACKEND, "cuda-emulated")
                        .with(TrainSettings.DATA, data)
                        .with(TrainSettings.MAX_LENGTH, "200")
                        .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "1")
                        .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "7")
                        .with(TrainSettings.MAX_STEPS, "2"))));
    }

    private static void train(Prepared prepared, Plan plan, Communicator comm) {
        try (Session session = Session.open(prepared, plan, Map.of("candor", "test"), comm)) {
            assertThat(session.train(TrainListener.NONE, GoldenRuns.NEVER)).containsExactly(new Outcome.Done(2));
        }
    }

    private void together(int processes, String name) throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(processes)) {
            List<Future<?>> running = new ArrayList<>();
            for (Communicator each : ThreadCommunicator.group(processes, Duration.ofMinutes(10))) {
                running.add(threads.submit(() -> {
                    Prepared prepared = prepared(name);
                    Plan plan = Plan.of(prepared, Room.of(MEMORY, MEMORY), processes);
                    assertThat(plan.together().most()).isGreaterThan(1);
                    train(prepared, plan, each);
                    return null;
                }));
            }
            for (Future<?> each : running) {
                each.get();
            }
        }
    }

    private void assertSame(String name) throws IOException {
        assertThat(adapter(temp.resolve(name))).isEqualTo(adapter(temp.resolve("near")));
        assertThat(metrics(temp.resolve(name))).isEqualTo(metrics(temp.resolve("near")));
    }

    @Test
    void theyAreTheSameWhereverTheyAreSummed() throws Exception {
        Prepared prepared = prepared("near");
        Plan near = Plan.of(prepared, Room.of(MEMORY, MEMORY));
        assertThat(near.sumsNear()).isTrue();
        assertThat(near.device().bytes()).containsKey("gradient sums");
        train(prepared, near, Communicator.ALONE);
        Prepared again = prepared("host");
        Plan far = near;
        while (far.sumsNear()) {
            far = Plan.of(again, Room.of(MEMORY, far.device().total() - 1));
        }
        assertThat(far.device().bytes()).doesNotContainKey("gradient sums");
        train(again, far, Communicator.ALONE);
        assertSame("host");
        together(3, "three");
        assertSame("three");
    }
}
