package candor.generate;

import candor.lora.Adapter;
import candor.lora.AdapterLayout;
import candor.lora.LoraConfig;
import candor.lora.Memory;
import candor.model.Architecture;
import candor.model.ModelConfig;
import candor.model.Rope;
import candor.ops.Backend;
import java.util.List;
import java.util.SplittableRandom;

/** A model with random weights, so small that a pass takes no time. */
final class Models {
    static final ModelConfig TINY = ModelConfig.of(Architecture.LLAMA)
            .hiddenSize(32)
            .intermediateSize(48)
            .layers(2)
            .heads(4, 2, 8)
            .vocabSize(97)
            .rmsNormEps(1e-5f)
            .rope(new Rope.Default(1e4))
            .maxPositionEmbeddings(256)
            .build();

    private Models() {}

    /** An adapter that changes a lot: without one, weights of 0.02 say nearly nothing. */
    static Adapter adapter(Backend backend, long seed) {
        LoraConfig config = new LoraConfig(3, 6, false, LoraConfig.projections(List.of("all-linear")));
        Adapter adapter = Adapter.frozen(Memory.of(backend), new AdapterLayout(TINY, config));
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[adapter.layout().length()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.3 * random.nextGaussian());
        }
        backend.upload(adapter.parameters(), values);
        return adapter;
    }

    static int[] prompt(SplittableRandom random, int length) {
        return random.ints(length, 0, TINY.vocabSize()).toArray();
    }
}
