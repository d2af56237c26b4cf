package candor.study;

import java.util.ArrayList;
import java.util.List;

/**
 * Runs that train together over one base. A group is what a process can do alone.
 *
 * @param number from 1
 */
public record TrainGroup(int number, List<TrainRun> runs) {
    public TrainGroup {
        runs = List.copyOf(runs);
    }

    /** All runs of a study in the order of its arms and seeds, so that runs of one length come to lie together. */
    static List<TrainGroup> of(StudyConfig config, List<Treatment> treatments) {
        List<TrainRun> runs = new ArrayList<>();
        for (Treatment treatment : treatments) {
            if (treatment.training().isPresent()) {
                for (long seed : treatment.arm().seeds()) {
                    runs.add(new TrainRun(
                            treatment, seed, config.runFolder(treatment.arm().name(), seed)));
                }
            }
        }
        List<TrainGroup> groups = new ArrayList<>();
        for (int from = 0; from < runs.size(); from += config.slots()) {
            groups.add(new TrainGroup(
                    groups.size() + 1, runs.subList(from, Math.min(from + config.slots(), runs.size()))));
        }
        return groups;
    }
}
