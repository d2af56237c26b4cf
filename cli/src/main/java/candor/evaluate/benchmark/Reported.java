package candor.evaluate.benchmark;

import candor.study.record.Metric.Better;
import candor.study.record.Metric.Kind;
import java.util.List;

/**
 * A measure that a study reports.
 *
 * @param name what the study's files call it: the benchmark's, or one made of it
 * @param measure the task's
 * @param label for people
 */
public record Reported(String name, String measure, String label, Kind kind, Better better) {
    /** One measure of honesty, more of which is better. */
    public static List<Reported> honesty(String name, String measure, String label) {
        return List.of(new Reported(name, measure, label, Kind.HONESTY, Better.HIGHER));
    }

    /** One measure of capability. */
    public static List<Reported> capability(String name, String measure, String label) {
        return List.of(new Reported(name, measure, label, Kind.CAPABILITY, Better.HIGHER));
    }
}
