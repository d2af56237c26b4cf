package candor.evaluate.judge;

import candor.BadInput;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * What judging may cost in all, in time and in money. A request is allowed only if the most that it can cost still fits, so
 * the bound holds however many are under way. One that broke off counts in full: whether it is billed is not known.
 */
public final class Budget {
    private final Optional<Duration> time;
    private final Optional<Double> money;
    private final double inputPrice;
    private final double outputPrice;
    private final LongSupplier nanoTime;
    /** Who asks at present, since when, and how long it took before. */
    private int asking;

    private long since;
    private long used;
    private double spent;
    private double reserved;

    /**
     * A budget.
     *
     * @param money in the currency of the prices
     * @param inputPrice per million tokens
     * @param outputPrice per million tokens
     * @param nanoTime the clock
     */
    public Budget(
            Optional<Duration> time,
            Optional<Double> money,
            double inputPrice,
            double outputPrice,
            LongSupplier nanoTime) {
        this.time = time;
        this.money = money;
        this.inputPrice = inputPrice;
        this.outputPrice = outputPrice;
        this.nanoTime = nanoTime;
        if (money.isPresent() && !(inputPrice > 0 && outputPrice > 0)) {
            throw new BadInput(
                    "--judge-max-cost needs --judge-input-price and --judge-output-price, per million tokens");
        }
        if (money.isPresent() && !(money.get() > 0)
                || time.isPresent() && !time.get().isPositive()) {
            throw new BadInput("the judge's bounds on time and cost must be positive");
        }
    }

    public static Budget unlimited() {
        return new Budget(Optional.empty(), Optional.empty(), 0, 0, System::nanoTime);
    }

    private double price(long inputTokens, long outputTokens) {
        return (inputTokens * inputPrice + outputTokens * outputPrice) / 1e6;
    }

    /**
     * Sets aside what a request may cost at most, and gives that.
     *
     * @throws BadInput where time is over, or the money that is left is not enough
     */
    synchronized double reserve(long inputTokens, long outputTokens) {
        remaining();
        double most = price(inputTokens, outputTokens);
        if (money.isPresent() && spent + reserved + most > money.get()) {
            throw new BadInput(String.format(
                    Locale.ROOT,
                    "the judge's bound on cost is reached: %.4f of --judge-max-cost %s are spent; what was answered is"
                            + " kept, a higher bound continues from there",
                    spent,
                    money.get()));
        }
        reserved += most;
        return most;
    }

    /** Books what a request did cost; negative counts stand for unknown: then what was reserved is taken for spent. */
    synchronized void settle(double reservation, long inputTokens, long outputTokens) {
        reserved -= reservation;
        spent += inputTokens < 0 || outputTokens < 0 ? reservation : price(inputTokens, outputTokens);
    }

    /** Takes a reservation back: the request was refused, and cost nothing. */
    synchronized void release(double reservation) {
        reserved -= reservation;
    }

    /** From here on time counts: only what judging takes does, not what happens between. */
    synchronized void begin() {
        if (asking++ == 0) {
            since = nanoTime.getAsLong();
        }
    }

    /** No more time counts, unless another still asks. */
    synchronized void end() {
        if (--asking == 0) {
            used += nanoTime.getAsLong() - since;
        }
    }

    /**
     * The time that is left.
     *
     * @throws BadInput where none is
     */
    synchronized Duration remaining() {
        if (time.isEmpty()) {
            return Duration.ofDays(365);
        }
        long now = asking == 0 ? 0 : nanoTime.getAsLong() - since;
        Duration left = time.get().minusNanos(used + now);
        if (!left.isPositive()) {
            throw timeIsOver();
        }
        return left;
    }

    /** The time bound, as the one line that ends judging. */
    BadInput timeIsOver() {
        return new BadInput("the judge's bound on time is reached: --judge-max-seconds "
                + time.map(Duration::toSeconds).orElse(0L)
                + "; what was answered is kept, another run continues from there");
    }

    /** What was spent so far. */
    public synchronized double spent() {
        return spent;
    }
}
