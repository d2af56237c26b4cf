package candor.bench;

import candor.BadInput;
import candor.model.Architecture;
import candor.model.ModelConfig;
import candor.ops.Heads;
import candor.ops.weight.PackedForm;
import candor.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The shapes that benchmarks run at; weights are random, since speed does not depend on them. Frozen weights are float32,
 * or, where {@value #BF16} stands behind a shape's name, bf16 as in most checkpoints, or, with the name of a {@link PackedForm} there
 * ({@code :nf4}), those of linear layers packed and others bf16; what is computed with them on a CPU is float32 either way, unless a backend of another type is asked for.
 */
enum Shapes {
    WORLD("world", Architecture.LLAMA, 128, 384, 5, new Heads(4, 4, 32), 1024, true),
    TINY("tiny", Architecture.LLAMA, 256, 688, 6, new Heads(8, 4, 32), 2048, true),
    SMALL("small", Architecture.LLAMA, 576, 1536, 12, new Heads(9, 3, 64), 8192, true),
    QWEN_HALF_B("qwen2.5-0.5b", Architecture.QWEN2, 896, 4864, 24, new Heads(14, 2, 64), 151936, true),
    LLAMA_8B("llama-3.1-8b", Architecture.LLAMA, 4096, 14336, 32, new Heads(32, 8, 128), 128256, false);

    /** Behind a shape's name: with bf16 weights. */
    private static final String BF16 = ":bf16";

    /** What may stand there. */
    private static final List<String> FORMS = Stream.concat(
                    Stream.of(BF16), Arrays.stream(PackedForm.values()).map(Shapes::behind))
            .toList();

    private final String title;

    /** By the type of frozen weights. */
    private final Function<DType, ModelConfig> config;

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
        config = dtype -> ModelConfig.of(architecture)
                .hiddenSize(hidden)
                .intermediateSize(intermediate)
                .layers(layers)
                .heads(heads)
                .vocabSize(vocabulary)
                .tieWordEmbeddings(tied)
                .maxPositionEmbeddings(4096)
                .dtype(dtype)
                .build();
    }

    String title() {
        return title;
    }

    /** A shape's name without what its weights are of: the peers know it by that. */
    static String bare(String title) {
        return title.substring(0, title.length() - form(title).length());
    }

    /** What stands behind a shape's name; "" where nothing does. */
    private static String form(String title) {
        return FORMS.stream().filter(title::endsWith).findFirst().orElse("");
    }

    private static String behind(PackedForm form) {
        return ":" + form.text();
    }

    /** A shape whose frozen weights, if there are any, are float32. */
    static ModelConfig named(String title) {
        if (!bare(title).equals(title)) {
            throw new BadInput("shape " + title + ": only steps with adapters and decoding take " + form(title));
        }
        return weighted(title);
    }

    /** A shape, with the form of its weights behind its name or without one. */
    static ModelConfig weighted(String title) {
        String form = form(title);
        PackedForm packed = Arrays.stream(PackedForm.values())
                .filter(each -> behind(each).equals(form))
                .findFirst()
                .orElse(null);
        for (Shapes shape : values()) {
            if (shape.title.equals(bare(title))) {
                return shape.config
                        .apply(form.isEmpty() ? DType.F32 : DType.BF16)
                        .packed(packed);
            }
        }
        throw new BadInput("shape " + title + ": not one of "
                + Arrays.stream(values()).map(shape -> shape.title).collect(Collectors.joining(", "))
                + ", alone or with one of " + String.join(", ", FORMS) + " after it");
    }
}
