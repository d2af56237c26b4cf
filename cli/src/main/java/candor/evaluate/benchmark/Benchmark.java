package candor.evaluate.benchmark;

import candor.evaluate.Task;
import candor.train.config.Setting;
import candor.train.config.Settings;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A benchmark: what can be set about it, how its data is read by that, and what a study reports of it. The settings are the one table
 * behind flags of {@code eval}, keys of a study, {@code --help} and the record of a run.
 *
 * <p>A new one is a class that implements this (its {@link Task} may be a part of it) and has a constructor without parameters, and a
 * text in the resources, {@code tasks/NAME.md}, that tells people what it measures and names that class ({@link Benchmarks}).
 */
public interface Benchmark {
    /** Its name, which is that of its task, of its text, of the command, and of the study's section: {@code lower_case}. */
    String name();

    /** In a line, for the help. */
    String description();

    /** What can be set, beside data and limit. Lists say what is read; everything else, how. */
    List<Setting<?>> settings();

    /**
     * Reads the data.
     *
     * @param given values of {@link #settings}
     * @throws candor.BadInput for data or settings that will not do
     */
    Task<?> open(List<Path> data, Settings given);

    /** Whether a judge is asked. */
    default boolean judged() {
        return false;
    }

    /** What else a study's section may say, such as what reports call its measures. */
    default List<Setting<?>> ofStudies() {
        return List.of();
    }

    /**
     * What a study reports of it; the first is what counts stand beside.
     *
     * @param given values of {@link #settings}, {@link #ofStudies} and {@link BenchmarkSettings#LABEL}
     */
    List<Reported> reported(Settings given);

    /** Measures whose rows a study counts beside the first that it reports. */
    List<Counted> counted();

    /** The key of the reply that a study's readers are shown. */
    String shown();

    /**
     * The settings with what nobody gave and follows from the model.
     *
     * @param embedded whether it is the embedded model, which has learnt less than others
     */
    default Settings forModel(boolean embedded, Settings given) {
        return given;
    }

    /**
     * Something that the user should hear before a model is asked.
     *
     * @param text a setting in it stands in braces, as in advice of a {@link candor.BadInput}
     * @param warning whether it may spoil the result
     */
    record Remark(String text, boolean warning) {}

    /** A remark on what was given; empty where all is as usual. */
    default Optional<Remark> remark(boolean embedded, Settings given) {
        return Optional.empty();
    }

    /** How it was set, for the record of a run; what was read, the record says by its files. */
    default ObjectNode chosen(Settings given) {
        return given.json(settings().stream()
                .filter(setting -> !(setting.kind() instanceof Setting.Texts))
                .toList());
    }
}
