package candor.cli;

import candor.ops.Backend;
import candor.ops.WeightPlaces;
import java.util.Locale;

/**
 * How fast layers are copied from this machine's memory to a GPU.
 *
 * @param bytesPerSecond how many
 * @param source         where the number is from, for people
 */
record CopyRate(double bytesPerSecond, String source) {
    static final String OPTION = "--copy-rate";
    static final String HELP = "How much is copied to the GPU in a second, such as 25GB, for what --offload-weights and"
            + " --shard-weights take;"
            + " measured where there is a GPU, else as PCI Express 4.0 of 16 lanes does it: 25GB.";

    /** Of the 31.5 GB/s that 16 lanes of PCI Express 4.0 have, what copies from pinned memory get. */
    private static final double ASSUMED = 25e9;

    private static final long PIECE = 64L << 20;
    private static final int COPIES = 8;

    /** What is given, or assumed. */
    static CopyRate planned(String given) {
        return given == null
                ? new CopyRate(ASSUMED, "assumed")
                : new CopyRate(MemorySize.bytes(OPTION, given), "as given");
    }

    /** What is given, or measured in a moment. */
    static CopyRate of(String given, Backend backend) {
        if (given != null) {
            return planned(given);
        }
        try (WeightPlaces places = backend.weightPlaces(PIECE, 1, 1)) {
            copy(places); // the first one also maps the memory
            long start = System.nanoTime();
            for (int i = 0; i < COPIES; i++) {
                copy(places);
            }
            return new CopyRate(COPIES * PIECE / ((System.nanoTime() - start) / 1e9), "measured");
        }
    }

    private static void copy(WeightPlaces places) {
        places.send(0, 0, PIECE);
        places.await(0);
    }

    /** "25.0 GB/s (assumed)". */
    String text() {
        return String.format(Locale.ROOT, "%.1f GB/s (%s)", bytesPerSecond / 1e9, source);
    }
}
