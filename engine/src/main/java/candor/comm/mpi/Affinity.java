package candor.comm.mpi;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;

/**
 * Which processors a process may use: srun and mpirun may have given each one its own ({@code --cpus-per-task}, {@code --bind-to}),
 * or leave all of them to all.
 */
final class Affinity {
    private static final String LINE = "Cpus_allowed_list:";
    private static final int MOST = 1 << 16;
    private static final double ROUNDING = 1e-9;

    private Affinity() {}

    /** Of this process, as Linux writes it: "0-3,8"; empty where it is not known. */
    static String ofThisProcess() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith(LINE))
                    .map(line -> line.substring(LINE.length()).strip())
                    .findFirst()
                    .orElse("");
        } catch (IOException e) {
            return ""; // not Linux
        }
    }

    /**
     * How many processors are a process's part: its own, and of each that others may use too, its share.
     *
     * @param own       the processors that it may use
     * @param others    those of the other processes of the machine
     * @param available how many the JVM counts, which knows of containers' quotas
     * @return at least 1
     */
    static int share(String own, List<String> others, int available) {
        BitSet mine = processors(own);
        List<BitSet> theirs = others.stream().map(Affinity::processors).toList();
        if (mine.isEmpty()) {
            return Math.max(1, available / (1 + theirs.size()));
        }
        double share = mine.stream()
                .mapToDouble(processor -> 1.0
                        / (1
                                + theirs.stream()
                                        .filter(each -> each.get(processor))
                                        .count()))
                .sum();
        if (available < mine.cardinality()) {
            long sharing = theirs.stream().filter(mine::intersects).count();
            share = Math.min(share, (double) available / (1 + sharing));
        }
        return Math.max(1, (int) (share + ROUNDING));
    }

    private static BitSet processors(String list) {
        BitSet processors = new BitSet();
        for (String range : list.split(",")) {
            if (range.matches("[0-9]{1,5}(-[0-9]{1,5})?")) {
                int dash = range.indexOf('-');
                int from = Integer.parseInt(dash < 0 ? range : range.substring(0, dash));
                int to = Integer.parseInt(range.substring(dash + 1));
                processors.set(from, Math.clamp(to + 1L, from, MOST));
            }
        }
        return processors;
    }
}
