package candor.bench;

import candor.model.Architecture;
import candor.model.ModelConfig;
import candor.model.Rope;
import candor.ops.Heads;
import candor.tensor.DType;
import java.util.List;

/** The shapes that benchmarks run at; weights are random, since speed does not depend on them. */
enum Shapes {
    WORLD("world", Architecture.LLAMA, 128, 384, 5, new Heads(4, 4, 32), 1024),
    TINY("tiny", Architecture.LLAMA, 256, 688, 6, new Heads(8, 4, 32), 2048),
    SMALL("small", Architecture.LLAMA, 576, 1536, 12, new Heads(9, 3, 64), 8192),
    QWEN_HALF_B("qwen2.5-0.5b", Architecture.QWEN2, 896, 4864, 24, new Heads(14, 2, 64), 151936);

    private final String title;
    private final ModelConfig config;

    Shapes(
            String title,
            Architecture architecture,
            int hidden,
            int intermediate,
            int layers,
            Heads heads,
            int vocabulary) {
        this.title = title;
        config = new ModelConfig(
                architecture,
                hidden,
                intermediate,
                layers,
                heads,
                vocabulary,
                1e-6f,
                new Rope.Default(10_000),
                true,
                4096,
                DType.F32,
                null,
                List.of(),
                null);
    }

    static ModelConfig named(String title) {
        for (Shapes shape : values()) {
            if (shape.title.equals(title)) {
                return shape.config;
            }
        }
        throw new IllegalArgumentException("no shape " + title);
    }
}
