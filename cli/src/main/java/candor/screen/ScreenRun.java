package candor.screen;

import candor.foresee.Calibration;
import candor.foresee.RowGradients;
import candor.foresee.ScreenMethod;
import candor.foresee.Screening;
import candor.foresee.SignProjection;
import candor.foresee.WarmUp;
import candor.generate.Generator;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.AdapterLayout;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.model.CausalLm;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Backend;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Screens what was read. */
public final class ScreenRun {
    /** Tokens that a pass of decoding sees. */
    private static final int STEP_TOKENS = 512;

    private static final int SEQUENCES = 64;

    /** The share of the rows that a part of the calibration has. */
    static final double SHARE = 0.5;

    private ScreenRun() {}

    /**
     * What was found.
     *
     * @param calibrated null where nobody asked
     */
    public record Found(Map<ScreenMethod, double[]> scores, Calibrated calibrated) {}

    /**
     * Computes.
     *
     * @param opened  a backend, closed here
     * @param stop    asked between passes
     * @return null where it was stopped
     */
    public static Found run(
            ScreenSettings settings,
            ScreenInputs inputs,
            Backend opened,
            Screening.Listener listener,
            BooleanSupplier stop) {
        ScreenSettings.Tuning tuning = settings.tuning();
        ScreenSettings.Work work = settings.work();
        int positions = Screening.positions(
                inputs.data(), inputs.encodedProbes(), inputs.model().maxPositionEmbeddings());
        try (RowGradients backend = new RowGradients(opened, work.threadCount());
                Weights weights = Weights.load(settings.model(), settings.weights());
                CausalLm model = new CausalLm(backend, weights, Recompute.SELECTIVE, positions)) {
            AdapterBank bank = new AdapterBank(inputs.model(), 1);
            bank.set(0, adapter(settings, inputs, backend));
            WarmUp warmUp = new WarmUp(
                    tuning.steps(), tuning.rows(), tuning.adapter() == null ? tuning.learningRate() : 0, tuning.seed());
            Screening.Settings size = new Screening.Settings(
                    warmUp,
                    work.tokens(),
                    new Generator.Settings(SEQUENCES, STEP_TOKENS, work.cacheBytes()),
                    work.projection() == 0 ? null : new SignProjection(work.projection(), tuning.seed()));
            Map<ScreenMethod, double[]> scores = new Screening(backend, model, bank, size, listener, stop)
                    .run(
                            inputs.data(),
                            inputs.encodedProbes(),
                            inputs.direction(),
                            inputs.tokenizer().special().endIds());
            if (scores == null) {
                return null;
            }
            if (settings.parts() == 0) {
                return new Found(scores, null);
            }
            AdapterBank parts = new AdapterBank(inputs.model(), settings.parts());
            for (int slot = 0; slot < settings.parts(); slot++) {
                parts.set(slot, adapter(settings, inputs, backend));
            }
            Calibration.Found found = new Calibration(SHARE, tuning.rows(), tuning.learningRate(), tuning.seed())
                    .run(backend, model, parts, inputs.data(), inputs.encodedProbes(), work.tokens(), listener, stop);
            return found == null ? null : new Found(scores, Calibrated.of(found, SHARE));
        }
    }

    private static Adapter adapter(ScreenSettings settings, ScreenInputs inputs, Backend backend) {
        Memory memory = Memory.of(backend);
        return settings.tuning().adapter() != null
                ? PeftFiles.trained(settings.tuning().adapter(), inputs.model(), memory)
                : Adapter.trained(memory, new AdapterLayout(inputs.shape()))
                        .initialise(settings.tuning().seed());
    }
}
