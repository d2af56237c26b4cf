package candor.bench;

import candor.ops.BackendDescriptor;
import candor.ops.Room;
import candor.probe.ProbeReading;
import candor.train.Plan;
import candor.train.Prepared;
import candor.train.Run;
import candor.train.Session;
import candor.train.TrainListener;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What probes of honesty cost: {@code ProbeCost MODEL DATA PROBES ROWS STEPS THREADS}. One supervised run with them, as often and
 * as many as they are by default; steps with a reading behind them against their neighbours without one.
 */
public final class ProbeCost {
    /** Steps that are left out: loops are compiled in them. */
    private static final int WARM_UP = 20;

    /** Steps before and behind a reading that it is held against. */
    private static final int NEIGHBOURS = 4;

    private static final long MEMORY = 64L << 30;

    private ProbeCost() {}

    /** Runs it. */
    public static void main(String[] args) throws IOException {
        Path output = Files.createTempDirectory("probes");
        Settings settings = Settings.NONE
                .with(TrainSettings.MODEL, args[0])
                .with(TrainSettings.DATA, args[1])
                .with(TrainSettings.HONESTY_PROBES, args[2])
                .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, args[3])
                .with(TrainSettings.MAX_STEPS, args[4])
                .with(TrainSettings.THREADS, args[5])
                .with(TrainSettings.BACKEND, BackendDescriptor.CPU.name())
                .with(TrainSettings.REPORT_TO, "none")
                .with(TrainSettings.SAVE_STEPS, "0")
                .with(TrainSettings.OUTPUT, output.resolve("run").toString());
        Prepared prepared = Prepared.of(List.of(TrainConfig.of(Method.SFT, settings)));
        List<Double> seconds = new ArrayList<>();
        List<Integer> readings = new ArrayList<>();
        try (Session session = Session.open(prepared, Plan.of(prepared, Room.of(MEMORY, MEMORY)), Map.of())) {
            session.train(
                    new TrainListener() {
                        private long before = System.nanoTime();

                        @Override
                        public void step(Run run, Map<String, Number> metrics) {
                            long now = System.nanoTime();
                            seconds.add((now - before) / 1e9);
                            before = now;
                            if (metrics.containsKey(ProbeReading.HONESTY)) {
                                readings.add(seconds.size() - 1);
                            }
                        }
                    },
                    () -> false);
        }
        print(seconds, readings);
    }

    private static void print(List<Double> seconds, List<Integer> readings) {
        int every = readings.getFirst() + 1;
        List<Double> shares = new ArrayList<>();
        for (int at : readings) {
            List<Double> near = new ArrayList<>();
            for (int i = Math.max(0, at - NEIGHBOURS); i <= Math.min(seconds.size() - 1, at + NEIGHBOURS); i++) {
                if (!readings.contains(i)) {
                    near.add(seconds.get(i));
                }
            }
            if (at >= WARM_UP && !near.isEmpty()) {
                double step = median(near);
                shares.add((seconds.get(at) - step) / (step * every));
            }
        }
        System.out.printf(
                Locale.ROOT,
                "a reading every %d steps; of the time of these steps it takes %.2f %% (median of %d readings; %s)%n",
                every,
                100 * median(shares),
                shares.size(),
                shares.stream()
                        .map(share -> String.format(Locale.ROOT, "%.2f", 100 * share))
                        .toList());
    }

    private static double median(List<Double> values) {
        return Median.of(values.stream().mapToDouble(Double::doubleValue).toArray())
                .value();
    }
}
