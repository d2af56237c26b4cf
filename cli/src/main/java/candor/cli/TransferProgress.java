package candor.cli;

import candor.hub.Surroundings;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How much of a download or an upload is done: a row of a terminal, or a line now and then elsewhere. */
final class TransferProgress implements Surroundings.Progress {
    private static final Logger LOG = LoggerFactory.getLogger(TransferProgress.class);
    private static final double PAUSE_SECONDS = 10;
    private static final int MEBIBYTE_BITS = 20;
    private static final String UNIT = "MiB";

    private String what;
    private long all;
    private long first;
    private long done;
    private long start;
    private double told;
    /** Null before the first transfer. */
    private JobRows rows;

    private JobRow row;

    @Override
    public synchronized void begins(String transfer, int files, long bytes, long there) {
        what = transfer;
        all = bytes;
        first = there;
        done = there;
        start = System.nanoTime();
        told = 0;
        LOG.info(
                "{}: {} {}, {}{}",
                what,
                files,
                files == 1 ? "file" : "files",
                mebibytes(bytes),
                there > 0 ? ", of which " + mebibytes(there) + " are there" : "");
        rows = JobRows.onStderr();
        row = rows.add("", UNIT, 0, 0);
        row.begin("", UNIT, there >> MEBIBYTE_BITS, part(there), Math.ceilDiv(bytes, 1L << MEBIBYTE_BITS));
    }

    @Override
    public synchronized void moved(long bytes) {
        done += bytes;
        double seconds = (System.nanoTime() - start) / 1e9;
        double speed = Math.max(0, done - first) / Math.max(seconds, 1e-3);
        String shown = String.format(Locale.ROOT, "%.1f MiB/s", speed / (1 << MEBIBYTE_BITS));
        row.at(done >> MEBIBYTE_BITS, part(done), List.of(shown));
        if (!rows.shown() && seconds - told > PAUSE_SECONDS) {
            told = seconds;
            LOG.info(
                    "{}: {} of {}, {}, about {} left",
                    what,
                    mebibytes(done),
                    mebibytes(all),
                    shown,
                    speed > 0 ? Rates.time((all - done) / speed) : "an unknown time");
        }
    }

    @Override
    public synchronized void ended() {
        if (rows != null) {
            rows.close();
        }
    }

    /** What of a mebibyte is behind the last whole one. */
    private static double part(long bytes) {
        return bytes / (double) (1L << MEBIBYTE_BITS) - (bytes >> MEBIBYTE_BITS);
    }

    static String mebibytes(long bytes) {
        return bytes < 1 << MEBIBYTE_BITS
                ? String.format(Locale.ROOT, "%,d bytes", bytes)
                : String.format(Locale.ROOT, "%,.1f MiB", bytes / (double) (1 << MEBIBYTE_BITS));
    }
}
