package candor.export;

import candor.BadInput;
import candor.export.gguf.GgmlType;
import candor.export.gguf.GgufTensor;
import candor.export.gguf.GgufValue;
import candor.export.gguf.GgufWriter;
import candor.lora.Adapter;
import candor.lora.AdapterShape.Place;
import candor.lora.AdapterShape.Site;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.model.Weights;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/**
 * Writes an adapter alone as a GGUF file, which llama.cpp adds to the file of its base.
 *
 * <p>The file has one α for all, and llama.cpp multiplies each product by α / rank. Where all places have the same scale and rank it
 * is the adapter's own; elsewhere, and for rank-stabilised scales that differ, it is 1, and B takes in what is left.
 */
public final class GgufLora {
    /**
     * What to do.
     *
     * @param base    the folder of the adapter's base
     * @param adapter its folder
     * @param output  the file to make
     * @param type    of its factors, one that does not quantise
     * @param name    {@code general.name}, which programs show; null for none
     * @param force   whether to write over a file that is there
     */
    public record Settings(Path base, Path adapter, Path output, ExportType type, String name, boolean force) {}

    private final Adapter adapter;
    private final GgufFamily family;
    private final float alpha;
    private final Map<String, GgufWriter.Rows> rows = new HashMap<>();
    private final List<GgufTensor> tensors = new ArrayList<>();

    private GgufLora(Adapter adapter, GgmlType type) {
        this.adapter = adapter;
        family = new GgufFamily(adapter.model());
        List<Double> alphas = adapter.shape().sites().values().stream()
                .map(GgufLora::alpha)
                .distinct()
                .toList();
        alpha = alphas.size() == 1 && alphas.getFirst() != 0 ? alphas.getFirst().floatValue() : 1;
        adapter.shape().sites().forEach((place, site) -> add(place, site, type));
    }

    /** What the scale is as llama.cpp computes it, α / rank, whatever kind it is. */
    private static double alpha(Site site) {
        return site.scale() * site.rank();
    }

    private void add(Place place, Site site, GgmlType type) {
        Tensor a = adapter.a(place.layer(), place.projection());
        Tensor b = adapter.b(place.layer(), place.projection());
        String name = family.name(place.layer(), place.projection());
        String stored = place.module() + ".weight";
        double left = alpha(site) / alpha;
        add(new GgufTensor(name + ".lora_a", type, a.rows(), a.cols(), false), row -> row(a, row, 1));
        add(
                new GgufTensor(name + ".lora_b", type, b.rows(), b.cols(), false),
                row -> row(b, family.row(stored, row), left));
    }

    private void add(GgufTensor tensor, GgufWriter.Rows source) {
        tensors.add(tensor);
        rows.put(tensor.name(), source);
    }

    private static float[] row(Tensor tensor, int row, double scale) {
        float[] values = new float[tensor.cols()];
        for (int c = 0; c < values.length; c++) {
            values[c] = (float) (tensor.get(row, c) * scale);
        }
        return values;
    }

    /**
     * Exports.
     *
     * @param stop asked before every tensor
     * @throws CancellationException where it said so; nothing is left then
     * @throws BadInput for whatever the user can fix, and for an adapter with more than factors
     */
    public static ExportReport run(Settings settings, BooleanSupplier stop) {
        GgufSink.check(settings.output(), settings.force());
        if (settings.type().quantised()) {
            throw new BadInput(
                    "an adapter alone is not quantised", "choose f32, f16 or bf16 as its {type}, or leave out {lora}");
        }
        try (Arena arena = Arena.ofShared();
                Weights weights = Weights.load(settings.base())) {
            Adapter adapter = PeftFiles.frozen(settings.adapter(), weights, Memory.of(arena));
            if (!adapter.extras().isNone()) {
                throw new BadInput(
                        settings.adapter()
                                + ": changes more than two factors can say (DoRA, biases, or tables of its own)",
                        "leave out {lora}, and it is merged");
            }
            GgufLora lora = new GgufLora(adapter, settings.type().of(1, false));
            return GgufSink.write(
                    settings.output(),
                    lora.metadata(settings),
                    lora.tensors,
                    (tensor, memory) -> lora.rows.get(tensor.name()),
                    stop);
        }
    }

    private Map<String, GgufValue> metadata(Settings settings) {
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        metadata.put("general.architecture", GgufValue.of(family.architecture()));
        metadata.put("general.type", GgufValue.of("adapter"));
        if (settings.name() != null) {
            metadata.put("general.name", GgufValue.of(settings.name()));
        }
        metadata.put("general.file_type", GgufValue.of(settings.type().fileType()));
        metadata.put("adapter.type", GgufValue.of("lora"));
        metadata.put("adapter.lora.alpha", GgufValue.of(alpha));
        return metadata;
    }
}
