package candor.comm.mpi;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * The other processes of this machine, as the system sees them: one that was killed says nothing any more, and its silence alone
 * would be noticed late. (Of other machines, mpirun and srun notice it, and end the rest.)
 */
final class Neighbours {
    private static final Path PROC = Path.of("/proc");

    /** The place of the number of threads in a process's stat, counted from its state (proc(5), num_threads). */
    private static final int THREADS = 17;

    private record Neighbour(int rank, long pid) {}

    private final List<Neighbour> neighbours = new ArrayList<>();
    private final int processors;

    /** What a process says of itself to the others: where it is, its number there, and which processors it may use. */
    static byte[] self() {
        return (place() + " " + ProcessHandle.current().pid() + " " + Affinity.ofThisProcess())
                .getBytes(StandardCharsets.UTF_8);
    }

    /** Numbers of processes mean the same under one running kernel, within one of its namespaces. */
    private static String place() {
        try {
            return Files.readString(PROC.resolve("sys/kernel/random/boot_id")).strip() + "/"
                    + Files.readSymbolicLink(PROC.resolve("self/ns/pid"));
        } catch (IOException e) {
            return "unknown";
        }
    }

    /** The machine that is the place's. */
    private static String machine(String place) {
        return place.substring(0, Math.max(0, place.indexOf('/')));
    }

    /**
     * Those that share this process's place.
     *
     * @param all what each said of itself, by rank
     */
    Neighbours(int rank, List<byte[]> all) {
        String here = place();
        List<String> others = new ArrayList<>();
        String own = "";
        for (int r = 0; r < all.size(); r++) {
            String[] said = new String(all.get(r), StandardCharsets.UTF_8).split(" ", -1);
            if (r == rank) {
                own = said[2];
            } else if (machine(said[0]).equals(machine(here))) {
                others.add(said[2]);
            }
            if (r != rank && said[0].equals(here) && !here.equals("unknown")) {
                neighbours.add(new Neighbour(r, Long.parseLong(said[1])));
            }
        }
        processors = Affinity.share(own, others, Runtime.getRuntime().availableProcessors());
    }

    /** Processors that this process may take without taking them from the others. */
    int processors() {
        return processors;
    }

    /** The rank of one that is gone. */
    OptionalInt gone() {
        return neighbours.stream()
                .filter(each -> gone(each.pid))
                .mapToInt(Neighbour::rank)
                .findFirst();
    }

    /** Whether nothing of them is left but what their parents have not asked for: no thread of theirs, either. */
    boolean allGone() {
        return neighbours.stream().allMatch(each -> gone(each.pid) && threads(each.pid) <= 1);
    }

    private static int threads(long pid) {
        try {
            String line =
                    Files.readString(PROC.resolve(Long.toString(pid)).resolve("stat"), StandardCharsets.ISO_8859_1);
            return Integer.parseInt(line.substring(line.lastIndexOf(')') + 2).split(" ")[THREADS]);
        } catch (IOException e) {
            return 0;
        }
    }

    /** Whether it has ended, though nobody may have asked how yet; its name in the line is in brackets. */
    private static boolean gone(long pid) {
        Path folder = PROC.resolve(Long.toString(pid));
        try {
            String line = Files.readString(folder.resolve("stat"), StandardCharsets.ISO_8859_1);
            int state = line.lastIndexOf(')') + 2;
            return state < line.length() && "ZX".indexOf(line.charAt(state)) >= 0;
        } catch (IOException e) {
            return !Files.exists(folder);
        }
    }
}
