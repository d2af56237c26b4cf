package candor.screen;

import candor.foresee.ScreenMethod;
import candor.ops.weight.PackedForm;
import candor.text.SpecialTextPolicy;
import candor.text.TemplateChoice;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;

/**
 * What a screening is asked for.
 *
 * @param model     a folder
 * @param weights   how linear layers are packed as they are loaded, or null
 * @param data      files or folders
 * @param probes    a file, or null for {@code ownProbes}
 * @param direction a file, or null, which leaves out what goes by a direction
 * @param reading   how rows become tokens
 * @param tuning    the adapter whose gradients are compared, and how it is warmed up
 * @param work      how much is done at once
 * @param rankBy    the method that ranks
 * @param parts     random halves of the data that the answer is calibrated on; 0 for none
 */
public record ScreenSettings(
        Path model,
        PackedForm weights,
        List<Path> data,
        Path probes,
        Path direction,
        Reading reading,
        Tuning tuning,
        Work work,
        ScreenMethod rankBy,
        int parts) {
    /** @param maxLength to which longer rows are cut; 0 to refuse what is longer than the model's context */
    public record Reading(
            TemplateChoice template,
            LocalDate date,
            SpecialTextPolicy specialText,
            int maxLength,
            boolean skipBadRows) {}

    /**
     * How the adapter is made.
     *
     * @param adapter an adapter's folder, or null for a fresh one
     * @param steps   of warm-up
     * @param rows    of a step
     */
    public record Tuning(Path adapter, int rank, double alpha, int steps, int rows, double learningRate, long seed) {}

    /**
     * How much at once.
     *
     * @param tokens     of a pass
     * @param projection cells that gradients are projected to; 0 to compare them whole
     * @param threads    0 for one per processor
     * @param cacheBytes for keys and values
     */
    public record Work(int tokens, int projection, int threads, long cacheBytes) {
        /** Threads, as many as there are. */
        int threadCount() {
            return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
        }
    }
}
