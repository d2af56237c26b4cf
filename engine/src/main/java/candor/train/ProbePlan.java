package candor.train;

import candor.probe.EncodedProbe;
import candor.probe.Margin;
import candor.probe.ProbeKind;
import candor.train.config.TrainConfig.HonestyProbes;
import java.util.ArrayList;
import java.util.List;

/**
 * Which probes a run is asked, and how often.
 *
 * <p>Where nobody says how often, it is so that on the way probes take at most 2 % of the time of the steps between them. That is
 * reckoned in tokens, so that it is the same on every machine: a token of a step goes forward and back, which is two passes
 * at least, a token of a probe goes forward alone; and a quarter is left for small passes, which are slower. With s tokens in
 * a step and p in all probes, p ≤ N · s · 2 · 0.02 · ¾. Where nobody says how many, it is as many of each kind as still give
 * {@value #READINGS} readings in the run, from {@value #FEWEST} to {@value #MOST}. The readings at the start and at the end
 * are in addition.
 *
 * @param every      optimiser steps from one reading to the next
 * @param ofEachKind probes of each kind, at most
 */
record ProbePlan(int every, int ofEachKind) {
    /** Readings on the way. */
    private static final int READINGS = 8;

    private static final int FEWEST = 8;
    private static final int MOST = 32;

    /** Tokens of probes for each token of steps. */
    private static final double SHARE = 0.02 * 2 * 0.75;

    /**
     * The plan of a run.
     *
     * @param stepTokens tokens of a step, on average
     * @param steps      of the run
     */
    static ProbePlan of(HonestyProbes asked, List<EncodedProbe> all, double stepTokens, int steps) {
        int count = asked.count() > 0 ? asked.count() : MOST;
        if (asked.every() > 0) {
            return new ProbePlan(asked.every(), count);
        }
        while (asked.count() == 0 && count > FEWEST && (long) READINGS * every(all, count, stepTokens) > steps) {
            count--;
        }
        return new ProbePlan(every(all, count, stepTokens), count);
    }

    private static int every(List<EncodedProbe> all, int count, double stepTokens) {
        double steps = tokens(chosen(all, count)) / (SHARE * stepTokens);
        return (int) Math.max(1, Math.min(Math.ceil(steps), Integer.MAX_VALUE));
    }

    /** The probes that are asked: of each kind so many, evenly over the set, in its order. */
    List<EncodedProbe> chosen(List<EncodedProbe> all) {
        return chosen(all, ofEachKind);
    }

    private static List<EncodedProbe> chosen(List<EncodedProbe> all, int count) {
        List<EncodedProbe> chosen = new ArrayList<>();
        for (ProbeKind kind : ProbeKind.values()) {
            List<EncodedProbe> those =
                    all.stream().filter(probe -> probe.kind() == kind).toList();
            int taken = Math.min(Math.max(count, Margin.LEAST), those.size());
            for (int i = 0; i < taken; i++) {
                chosen.add(those.get((int) ((long) i * those.size() / taken)));
            }
        }
        return chosen;
    }

    static long tokens(List<EncodedProbe> probes) {
        return probes.stream().mapToLong(WatchProbes::tokens).sum();
    }

    /** How many readings a run of so many steps has, with those of its start and its end. */
    int readings(int steps) {
        return 1 + Math.ceilDiv(steps, every);
    }

    /** Whether it is time for one after a step that is not the run's last. */
    boolean due(long step) {
        return step % every == 0;
    }
}
