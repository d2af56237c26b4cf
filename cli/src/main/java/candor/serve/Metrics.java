package candor.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleSupplier;

/** Counts of what was served, in Prometheus' text format 0.0.4. Threads may share it. */
final class Metrics {
    private static final double[] BOUNDS = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300};
    private static final int LONGEST_WAIT_SECONDS = 60;

    /** How many fell below each bound, and their sum. */
    private static final class Histogram {
        private final long[] counts = new long[BOUNDS.length + 1];
        private double sum;

        void add(double seconds) {
            int i = 0;
            while (i < BOUNDS.length && seconds > BOUNDS[i]) {
                i++;
            }
            counts[i]++;
            sum += seconds;
        }

        long count() {
            long count = 0;
            for (long each : counts) {
                count += each;
            }
            return count;
        }
    }

    /** A number that is read when it is asked for. */
    private record Gauge(String name, String type, String help, DoubleSupplier value) {}

    /** By path and status. */
    private final Map<String, Long> requests = new TreeMap<>();

    private final Histogram durations = new Histogram();
    private final Histogram firstTexts = new Histogram();
    private final List<Gauge> gauges = new ArrayList<>();
    private long promptTokens;
    private long newTokens;

    /**
     * Adds a number that somebody else keeps.
     *
     * @param type {@code gauge}, or {@code counter} for one that only grows
     */
    synchronized void add(String name, String type, String help, DoubleSupplier value) {
        gauges.add(new Gauge(name, type, help, value));
    }

    /**
     * A request has ended.
     *
     * @param path   one that the server knows, or "other"
     * @param status 499 where the client was gone
     */
    synchronized void request(String path, int status) {
        requests.merge("path=\"" + path + "\",code=\"" + status + "\"", 1L, Long::sum);
    }

    /** A request that a model answered has ended. */
    synchronized void answered(long nanos) {
        durations.add(nanos / 1e9);
    }

    synchronized void firstText(long nanos) {
        firstTexts.add(nanos / 1e9);
    }

    synchronized void tokens(long ofPrompts, long ofReplies) {
        promptTokens += ofPrompts;
        newTokens += ofReplies;
    }

    /** A guess at when there is room again: requests end one after another as they have so far. */
    synchronized int secondsUntilRoom(int waiting, int running) {
        double each = durations.count() == 0 ? 1 : durations.sum / durations.count();
        double turns = (double) waiting / Math.max(1, running);
        return (int) Math.clamp(Math.ceil(each * Math.max(1, turns / 2)), 1, LONGEST_WAIT_SECONDS);
    }

    /** The page. */
    synchronized String text() {
        StringBuilder out = new StringBuilder();
        head(out, "candor_http_requests_total", "counter", "Requests by path and status; 499: the client went away.");
        requests.forEach((labels, count) -> out.append("candor_http_requests_total{")
                .append(labels)
                .append("} ")
                .append(count)
                .append('\n'));
        head(out, "candor_tokens_total", "counter", "Tokens of prompts, and new ones.");
        out.append("candor_tokens_total{kind=\"prompt\"} ").append(promptTokens).append('\n');
        out.append("candor_tokens_total{kind=\"new\"} ").append(newTokens).append('\n');
        histogram(out, "candor_request_seconds", "From a request's arrival to the end of its answer.", durations);
        histogram(
                out,
                "candor_first_text_seconds",
                "From a request's arrival to the first text of its answer.",
                firstTexts);
        for (Gauge gauge : gauges) {
            head(out, gauge.name, gauge.type, gauge.help);
            out.append(gauge.name)
                    .append(' ')
                    .append(number(gauge.value.getAsDouble()))
                    .append('\n');
        }
        return out.toString();
    }

    private static void histogram(StringBuilder out, String name, String help, Histogram histogram) {
        head(out, name, "histogram", help);
        long below = 0;
        for (int i = 0; i <= BOUNDS.length; i++) {
            below += histogram.counts[i];
            String bound = i < BOUNDS.length ? number(BOUNDS[i]) : "+Inf";
            out.append(name)
                    .append("_bucket{le=\"")
                    .append(bound)
                    .append("\"} ")
                    .append(below)
                    .append('\n');
        }
        out.append(name).append("_sum ").append(number(histogram.sum)).append('\n');
        out.append(name).append("_count ").append(below).append('\n');
    }

    private static void head(StringBuilder out, String name, String type, String help) {
        out.append("# HELP ").append(name).append(' ').append(help).append('\n');
        out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? String.format(Locale.ROOT, "%d", (long) value)
                : Double.toString(value);
    }
}
