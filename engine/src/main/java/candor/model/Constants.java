package candor.model;

import candor.model.Architecture.Trait;
import candor.ops.Backend;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * What the passes over a model read beside its weights, on its backend.
 *
 * @param ropes          one (P, D) per layer, see {@link RopeTable}; layers with the same frequencies share theirs
 * @param queryScale     (1, H·D), what queries are multiplied by; null for one
 * @param embeddingScale (1, C), what embeddings are multiplied by; null for one
 */
record Constants(List<Tensor> ropes, Tensor queryScale, Tensor embeddingScale) {
    /**
     * @param stored      the type of the embedding: transformers rounds √C to it
     * @param frequencies of a rotary embedding, as {@link RopeTable#frequencies} has them
     * @param positions   the longest sequence that will come
     */
    static Constants of(
            Backend backend,
            Arena arena,
            ModelConfig config,
            DType stored,
            Function<Rope, float[]> frequencies,
            int positions) {
        Map<Rope, Tensor> tables = new HashMap<>();
        List<Tensor> ropes = IntStream.range(0, config.layers())
                .mapToObj(layer -> tables.computeIfAbsent(
                        config.rope(layer),
                        rope -> backend.constant(RopeTable.build(arena, frequencies.apply(rope), positions))))
                .toList();
        return new Constants(
                ropes,
                config.queryScale() == 1
                        ? null
                        : row(backend, arena, config.heads().queryCols(), config.queryScale()),
                config.architecture().has(Trait.SCALED_EMBEDDING)
                        ? row(backend, arena, config.hiddenSize(), rounded(Math.sqrt(config.hiddenSize()), stored))
                        : null);
    }

    private static Tensor row(Backend backend, Arena arena, int cols, double value) {
        Tensor row = Tensor.allocate(arena, DType.F32, 1, cols);
        for (int c = 0; c < cols; c++) {
            row.set(0, c, value);
        }
        return backend.constant(row);
    }

    private static float rounded(double value, DType type) {
        return switch (type) {
            case BF16 -> DType.bf16ToFloat(DType.floatToBf16((float) value));
            case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
            default -> (float) value;
        };
    }
}
