package candor.train;

import static candor.train.GoldenRuns.adapter;
import static candor.train.GoldenRuns.metrics;
import static candor.train.GoldenRuns.settings;
import static org.assertj.core.api.Assertions.assertThat;

import candor.comm.Communicator;
import candor.comm.ThreadCommunicator;
import candor.ops.Room;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.EmulatedDevice;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs whose frozen layers are divided among processes: each keeps its part, and the bytes are those of one process that keeps all. */
class ShardRunTest {
    @TempDir
    Path temp;

    /** Three layers; three micro-batches a step, so that processes make different numbers of passes. */
    private Settings run(String name) {
        return settings("mistral", Method.SFT, temp.resolve(name))
                .with(TrainSettings.BACKEND, "cuda-emulated")
                .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "1")
                .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "3")
                .with(TrainSettings.MAX_STEPS, "2");
    }

    /** What each process copied, by rank. */
    private static List<Long> train(int size, Settings settings) throws Exception {
        List<Future<Long>> running = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(size)) {
            for (Communicator comm : ThreadCommunicator.group(size, Duration.ofMinutes(10))) {
                running.add(threads.submit(() -> train(comm, settings)));
            }
        }
        List<Long> copied = new ArrayList<>();
        for (Future<Long> each : running) {
            copied.add(each.get());
        }
        return copied;
    }

    private static long train(Communicator comm, Settings settings) {
        try {
            Prepared prepared = Prepared.of(List.of(TrainConfig.of(Method.SFT, settings)));
            Counting backend = new Counting(CudaBackend.emulated());
            Plan plan = Plan.of(prepared, Room.of(64L << 30, 64L << 30), comm.localSize());
            try (Session session = Session.open(prepared, plan, Map.of("candor", "test"), comm, () -> backend)) {
                session.train(TrainListener.NONE, GoldenRuns.NEVER);
            }
            return backend.copied();
        } catch (RuntimeException e) {
            comm.fail(e.getMessage(), false);
            throw e;
        }
    }

    @Test
    void theBytesAreThoseOfOneProcess() throws Exception {
        EmulatedDevice.assumeThere();
        assertThat(train(1, run("alone").with(TrainSettings.SHARD_WEIGHTS, "true")))
                .containsExactly(0L);
        for (int size : new int[] {2, 3}) {
            String name = "of-" + size;
            List<Long> copied = train(size, run(name).with(TrainSettings.SHARD_WEIGHTS, "true"));
            assertThat(copied).allSatisfy(bytes -> assertThat(bytes).isPositive());
            assertThat(adapter(temp.resolve(name))).isEqualTo(adapter(temp.resolve("alone")));
            assertThat(metrics(temp.resolve(name))).isEqualTo(metrics(temp.resolve("alone")));
        }
    }
}
