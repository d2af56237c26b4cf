package candor.bench;

import candor.BadInput;
import candor.model.Architecture;
import candor.model.ModelConfig;
import candor.model.Rope;
import candor.ops.Heads;
import candor.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The shapes that benchmarks run at; weights are random, since speed does not depend on them. */
enum Shapes {
    WORLD("world", Architecture.LLAMA, 128, 384, 5, new Heads(4, 4, 32), 1024, true),
    TINY("tiny", Architecture.LLAMA, 256, 688, 6, new Heads(8, 4, 32), 2048, true),
    SMALL("small", Architecture.LLAMA, 576, 1536, 12, new Heads(9, 3, 64), 8192, true),
    QWEN_HALF_B("qwen2.5-0.5b", Architecture.QWEN2, 896, 4864, 24, new Heads(14, 2, 64), 151936, true),
    LLAMA_8B("llama-3.1-8b", Architecture.LLAMA, 4096, 14336, 32, new Heads(32, 8, 128), 128256, false);

    private final String title;
    private final ModelConfig config;

    Shapes(
            String title,
            Architecture architecture,
            int hidden,
            int intermediate,
            int layers,
            Heads heads,
            int vocabulary,
            boolean tied) {
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
                tied,
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
        throw new BadInput("shape " + title + ": not one of "
                + Arrays.stream(values()).map(shape -> shape.title).collect(Collectors.joining(", ")));
    }
}
