package candor.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Ours and a peer's in turns, and the ratios of the pairs. Speeds are in units of work a second, by the clock and by the
 * processor; the second also means something on a busy machine, but does not see threads that wait.
 */
final class Turns {
    private final List<double[]> ours = new ArrayList<>();
    private final List<double[]> theirs = new ArrayList<>();

    /**
     * @param units  units of work in a turn
     * @param warmUp turns that are not counted
     * @param peer   null for ours alone
     */
    void take(Runnable work, Peer peer, double units, int warmUp, int rounds) throws IOException {
        for (int round = -warmUp; round < rounds; round++) {
            double[] here = timed(work);
            double[] there = peer == null ? null : peer.turn();
            if (round >= 0) {
                ours.add(new double[] {units / here[0], units / here[1]});
                if (there != null) {
                    theirs.add(new double[] {units / there[0], units / there[1]});
                }
            }
        }
    }

    /** One turn of this process: seconds and processor seconds. */
    static double[] timed(Runnable work) {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        long cpu = system.getProcessCpuTime();
        long start = System.nanoTime();
        work.run();
        double seconds = (System.nanoTime() - start) / 1e9;
        return new double[] {seconds, (system.getProcessCpuTime() - cpu) / 1e9};
    }

    /** Medians with the worst and the best turn, then the median ratio of the pairs with the smallest and the largest. */
    void print(String unit, String peerName, Peer peer) throws IOException {
        line("candor", unit, ours, ProcessHandle.current().pid());
        if (peer != null) {
            line(peerName, unit, theirs, peer.pid());
            System.out.printf(
                    Locale.ROOT,
                    "%-14s %s by the clock, %s by the processor (medians of %d pairs)%n",
                    "ratio",
                    ratio(),
                    range(ratios(1), "%.2f"),
                    ours.size());
        }
    }

    /** Units a second by the clock: the median of our turns. */
    double ours() {
        return median(ours);
    }

    /** The same of the peer's turns; not a number without one. */
    double theirs() {
        return median(theirs);
    }

    /** Ours to the peer's by the clock: the median of the pairs, with the smallest and the largest; "" without a peer. */
    String ratio() {
        return theirs.isEmpty() ? "" : range(ratios(0), "%.2f");
    }

    private static double median(List<double[]> speeds) {
        return speeds.isEmpty()
                ? Double.NaN
                : Median.of(speeds.stream().mapToDouble(s -> s[0]).toArray()).value();
    }

    private static void line(String who, String unit, List<double[]> speeds, long pid) throws IOException {
        double[] clock = speeds.stream().mapToDouble(s -> s[0]).sorted().toArray();
        double[] processor = speeds.stream().mapToDouble(s -> s[1]).sorted().toArray();
        System.out.printf(
                Locale.ROOT,
                "%-14s %s %s/s, %s per processor second, peak memory %s%n",
                who,
                range(clock, "%.0f"),
                unit,
                range(processor, "%.0f"),
                peakMemory(pid));
    }

    private double[] ratios(int which) {
        double[] ratios = new double[ours.size()];
        Arrays.setAll(ratios, i -> ours.get(i)[which] / theirs.get(i)[which]);
        Arrays.sort(ratios);
        return ratios;
    }

    private static String range(double[] sorted, String format) {
        String all = format + " (" + format + " to " + format + ")";
        return String.format(Locale.ROOT, all, Median.of(sorted).value(), sorted[0], sorted[sorted.length - 1]);
    }

    /** The largest resident set of a process so far, where the system tells. */
    static String peakMemory(long pid) throws IOException {
        Path status = Path.of("/proc/" + pid + "/status");
        if (!Files.isReadable(status)) {
            return "unknown";
        }
        try (var lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .map(line -> line.replaceAll("\\D", ""))
                    .map(kilobytes -> Long.parseLong(kilobytes) / 1024 + " MiB")
                    .findFirst()
                    .orElse("unknown");
        }
    }
}
