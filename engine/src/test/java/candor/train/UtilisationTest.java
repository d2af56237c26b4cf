package candor.train;

import static candor.train.GoldenRuns.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import candor.ops.Backend;
import candor.ops.DecoratedBackend;
import candor.ops.DeviceWork;
import candor.ops.Room;
import candor.ops.cpu.CpuBackend;
import candor.ops.op.Op;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a step's line says of the device's peak. */
class UtilisationTest {
    private static final long MEMORY = 1L << 40;
    /** As if this processor were a device of so many operations a second. */
    private static final double PEAK = 1e12;

    @TempDir
    Path temp;

    private static final class Counted extends DecoratedBackend {
        private long flops;

        Counted() {
            super(new CpuBackend(1));
        }

        @Override
        public void run(Op op) {
            flops += op.flops();
            super.run(op);
        }

        @Override
        public Optional<DeviceWork> work() {
            return Optional.of(new DeviceWork(flops, PEAK));
        }
    }

    private List<Map<String, Number>> train(Backend backend, Runnable step) {
        Prepared prepared = Prepared.of(List.of(
                TrainConfig.of(Method.SFT, settings("llama3", Method.SFT, temp).with(TrainSettings.MAX_STEPS, "3"))));
        List<Map<String, Number>> lines = new ArrayList<>();
        TrainListener listener = new TrainListener() {
            @Override
            public void step(Run run, Map<String, Number> metrics) {
                lines.add(metrics);
                step.run();
            }
        };
        Plan plan = Plan.of(prepared, Room.of(MEMORY, MEMORY));
        try (Session session = Session.open(prepared, plan, Map.of("candor", "test"), () -> backend)) {
            session.train(listener, GoldenRuns.NEVER);
        }
        return lines;
    }

    @Test
    void aLineSaysWhichShareOfThePeakItsStepHad() {
        Counted backend = new Counted();
        List<Long> flops = new ArrayList<>();
        List<Map<String, Number>> lines = train(backend, () -> flops.add(backend.flops));
        assertThat(lines).hasSize(3);
        for (int step = 1; step < 3; step++) {
            Map<String, Number> line = lines.get(step);
            double seconds =
                    line.get("tokens").doubleValue() / line.get("tokens_per_s").doubleValue();
            long done = flops.get(step) - flops.get(step - 1);
            assertThat(done).isPositive();
            assertThat(line.get("hfu").doubleValue() * seconds * PEAK).isCloseTo((double) done, withinPercentage(1e-6));
        }
    }

    @Test
    void whereNoDataSheetIsKnownThereIsNone() {
        assertThat(train(new CpuBackend(1), () -> {})).hasSize(3).noneMatch(line -> line.containsKey("hfu"));
    }
}
