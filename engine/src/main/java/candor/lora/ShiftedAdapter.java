package candor.lora;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.SafeFolder;
import candor.lora.AdapterShape.Place;
import candor.lora.AdapterShape.Site;
import candor.model.LayerTensor;
import candor.model.ModelConfig;
import candor.model.Projection;
import candor.model.SideFiles;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * An adapter that adds something to the residual stream behind a layer, at every token, beside what another adapter does: a bias
 * behind the factors of the layer's last projection, {@code lora_bias} of PEFT.
 */
public final class ShiftedAdapter {
    private static final Projection LAST = Projection.DOWN;

    private ShiftedAdapter() {}

    /** Whether the layers of such a model have a place for it: no norm behind their last projection. */
    public static boolean fits(ModelConfig model) {
        return !LayerTensor.MLP_OUT_NORM.presentIn(model);
    }

    /**
     * Writes one.
     *
     * @param adapter   the folder of the other adapter, or null for none
     * @param values    what is added, C of them
     * @param texts     the folder with tokenizer and template, which go along
     * @param baseModel what PEFT shall take as the base model
     * @param about     for whoever reads the folder, in Markdown
     * @param folder    to write; it is made where it is missing
     * @throws BadInput for a model or an adapter that this cannot be done with
     */
    public static void write(
            Path adapter,
            ModelConfig model,
            int layer,
            float[] values,
            Path texts,
            String baseModel,
            String about,
            Path folder) {
        if (!fits(model)) {
            throw new BadInput(
                    "models of this family norm what a layer's last projection makes, so that no bias of it is added as it is",
                    "subtract the direction at generation instead: {steer}");
        }
        try (Arena arena = Arena.ofShared()) {
            Memory memory = Memory.of(arena);
            Place place = new Place(layer, LAST);
            Adapter other = adapter == null ? null : read(adapter, model, memory);
            AdapterShape shape = other == null ? alone(model, place) : with(place, other.shape());
            Adapter shifted = Adapter.frozen(memory, new AdapterLayout(shape));
            if (other != null) {
                other.shape().sites().keySet().forEach(each -> {
                    shifted.set(
                            shifted.a(each.layer(), each.projection()),
                            other.values(other.a(each.layer(), each.projection())));
                    shifted.set(
                            shifted.b(each.layer(), each.projection()),
                            other.values(other.b(each.layer(), each.projection())));
                });
            }
            float[] bias = new float[values.length];
            double scale = shape.sites().get(place).scale();
            for (int c = 0; c < bias.length; c++) {
                bias[c] = (float) (values[c] / scale);
            }
            SafeFolder from = SafeFolder.at(texts, "the folder of a tokenizer");
            PeftFiles.makeFolder(folder);
            SideFiles.copyText(from, folder);
            AtomicFile.write(folder.resolve("README.md"), about.getBytes(StandardCharsets.UTF_8));
            PeftFiles.write(folder, shifted, Map.of(place, bias), baseModel, null, 0);
        }
    }

    private static Adapter read(Path folder, ModelConfig model, Memory memory) {
        try {
            return PeftFiles.trained(folder, model, memory);
        } catch (BadInput e) {
            throw new BadInput(
                    folder + ": a direction is folded into an adapter of plain factors alone: " + e.getMessage(), e);
        }
    }

    /** Factors of rank one that stay zero: a bias needs some beside it. */
    private static AdapterShape alone(ModelConfig model, Place place) {
        return new AdapterShape(model, new TreeMap<>(Map.of(place, new Site(1, 1, false))));
    }

    private static AdapterShape with(Place place, AdapterShape shape) {
        SortedMap<Place, Site> sites = new TreeMap<>(shape.sites());
        Site like = sites.get(sites.firstKey());
        sites.putIfAbsent(place, new Site(1, like.alpha(), like.rankStabilised()));
        return new AdapterShape(shape.model(), sites);
    }
}
