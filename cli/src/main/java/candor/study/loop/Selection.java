package candor.study.loop;

import candor.study.user.Scenario;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The trajectories that were liked best and least.
 *
 * @param top highest reward first
 * @param bottom lowest reward first
 */
record Selection(List<Trajectory> top, List<Trajectory> bottom) {
    /** Among whom trajectories are ranked. */
    enum Ranking {
        GLOBAL,
        PER_SCENARIO
    }

    /**
     * How many are taken of each end.
     *
     * @param count so many, but at most half; 0 for the share
     * @param share of those that are ranked, at most a half
     */
    record Size(int count, double share) {
        int of(int ranked) {
            return Math.min(ranked / 2, count > 0 ? count : (int) Math.ceil(share * ranked));
        }
    }

    /**
     * Ranks by reward; equal rewards in an order drawn by the seed. Per scenario, a count is divided among the scenarios in
     * proportion to their trajectories.
     */
    static Selection of(List<Trajectory> trajectories, Size size, Ranking ranking, long seed) {
        Comparator<Trajectory> order = Comparator.comparingDouble(Trajectory::reward)
                .reversed()
                .thenComparing(Comparator.comparingLong(one -> LoopSeeds.of(
                        seed, "tie", one.type().label(), one.state().id())))
                .thenComparing(one -> one.state().id());
        Map<Scenario, List<Trajectory>> groups = new LinkedHashMap<>();
        trajectories.forEach(one -> groups.computeIfAbsent(
                        ranking == Ranking.GLOBAL ? null : one.state().scenario(), any -> new ArrayList<>())
                .add(one));
        List<Trajectory> top = new ArrayList<>();
        List<Trajectory> bottom = new ArrayList<>();
        for (List<Trajectory> group : groups.values()) {
            group.sort(order);
            Size part =
                    new Size((int) Math.ceil((double) size.count() * group.size() / trajectories.size()), size.share());
            int k = part.of(group.size());
            top.addAll(group.subList(0, k));
            bottom.addAll(group.subList(group.size() - k, group.size()).reversed());
        }
        top.sort(order);
        bottom.sort(order.reversed());
        return new Selection(List.copyOf(top), List.copyOf(bottom));
    }
}
