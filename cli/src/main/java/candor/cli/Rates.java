package candor.cli;

import candor.study.StudyPlan.BenchmarkPlan;
import candor.train.Plan;
import java.time.Duration;
import java.util.Locale;

/**
 * How long things take here, in seconds, as {@link Probe} measured it.
 *
 * @param train     of a token, forward and backward
 * @param free      of a token, forward alone
 * @param prompt    of a token of a prompt
 * @param decode    of a step of decoding, in which every sequence says a token
 * @param sequences that decode together
 */
record Rates(double train, double free, double prompt, double decode, int sequences) {
    /** Seconds of training, as planned. */
    double training(Plan plan) {
        return training(plan.tokens(), plan.freeTokens());
    }

    double training(double tokens, double freeTokens) {
        return tokens * train + freeTokens * free;
    }

    /** Seconds of answering at most: every reply is taken to be as long as it may be. */
    double answering(BenchmarkPlan benchmark) {
        return benchmark.promptTokens() * prompt + (double) benchmark.newTokens() / sequences * decode;
    }

    /** "1:02:03". */
    static String time(double seconds) {
        Duration time = Duration.ofSeconds(Math.max(1, Math.round(seconds)));
        return String.format(Locale.ROOT, "%d:%02d:%02d", time.toHours(), time.toMinutesPart(), time.toSecondsPart());
    }
}
