package candor.merge;

import candor.BadInput;
import candor.lora.Adapter;
import candor.lora.AdapterShape.Place;
import candor.lora.AdapterShape.Site;
import candor.lora.FoldedRows;
import candor.model.Affine;
import candor.model.ModelConfig;
import candor.model.Projection;
import candor.model.SafetensorsWriter.Spec;
import candor.model.StoredTensors;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.PlainWeight;
import candor.ops.weight.StoredWeight;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The weights of a checkpoint with W + s·B·A where an adapter sits, times its scales where it has some, and with its biases and
 * tables in place of the base's; summed in double precision, rounded once.
 */
public final class FoldedWeights {
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";
    private static final String BIAS = ".bias";

    private final StoredTensors base;
    private final Adapter adapter;
    private final Map<String, Place> places = new HashMap<>();
    /** What stands in for tensors of the base. */
    private final Map<String, Tensor> own = new HashMap<>();

    /**
     * @param adapter in memory that Java can read
     * @throws BadInput where it has a bias that the checkpoint has no place for
     */
    public FoldedWeights(StoredTensors base, Adapter adapter) {
        this.base = base;
        this.adapter = adapter;
        List<String> stored = base.specs().stream().map(Spec::name).toList();
        for (int layer = 0; layer < adapter.model().layers(); layer++) {
            for (Projection projection : Projection.values()) {
                Place place = new Place(layer, projection);
                Affine affine = affine(place);
                if (adapter.shape().sites().containsKey(place)) {
                    places.put(place.module() + ".weight", place);
                }
                if (affine != null && affine.bias() != null) {
                    String bias = place.module() + BIAS;
                    if (!stored.contains(bias)) {
                        throw new BadInput(
                                "the adapter has a bias for " + place.module()
                                        + ", and a checkpoint of this family has no place for one",
                                "use the adapter unmerged");
                    }
                    own.put(bias, affine.bias());
                }
            }
        }
        if (adapter.extras().embedding() != null) {
            own.put(EMBEDDING, table(adapter.extras().embedding()));
        }
        if (adapter.extras().head() != null) {
            own.put(HEAD, table(adapter.extras().head()));
        }
    }

    /** Adapters of PEFT's have plain tables. */
    private static Tensor table(FrozenWeight own) {
        if (own instanceof PlainWeight plain) {
            return plain.tensor();
        }
        throw new IllegalArgumentException("not a table in memory that Java can read: " + own.shape());
    }

    private Affine affine(Place place) {
        return adapter.extras().affines().get(place);
    }

    /** Whether embedding and head are no longer one table, as they are in the base. */
    public boolean untied() {
        return adapter.model().tieWordEmbeddings()
                && adapter.extras().head() != adapter.extras().embedding();
    }

    /** The base's tensors, and a head where that is no longer the embedding. */
    public List<Spec> specs() {
        List<Spec> specs = new ArrayList<>(base.specs());
        if (untied()) {
            ModelConfig model = adapter.model();
            Spec embedding = specs.stream()
                    .filter(spec -> spec.name().equals(EMBEDDING))
                    .findFirst()
                    .orElseThrow();
            specs.add(new Spec(HEAD, embedding.dtype(), model.vocabSize(), model.hiddenSize(), false));
        }
        return specs;
    }

    /** Whether a tensor is another than the base's, by its name. */
    public boolean changes(String name) {
        return places.containsKey(name) || own.containsKey(name);
    }

    /** A tensor, in the type of the spec; made in the arena, or the base's own where nothing changes. */
    public Tensor tensor(Spec spec, Arena arena) {
        Place place = places.get(spec.name());
        StoredWeight w = weight(spec, arena);
        if (place == null && w instanceof PlainWeight plain && plain.tensor().dtype() == spec.dtype()) {
            return plain.tensor();
        }
        Tensor folded = Tensor.allocate(arena, spec.dtype(), spec.rows(), spec.cols());
        FoldedRows rows = rows(place, w);
        Affine affine = place == null ? null : affine(place);
        Tensor scale = affine == null ? null : affine.scale();
        IntStream.range(0, w.rows()).parallel().forEach(row -> {
            double[] values = rows.row(row);
            for (int c = 0; c < values.length; c++) {
                folded.set(row, c, scale == null ? values[c] : scale.get(0, row) * values[c]);
            }
        });
        return folded;
    }

    private StoredWeight weight(Spec spec, Arena arena) {
        Tensor instead = own.get(spec.name());
        return instead != null
                ? StoredWeight.of(instead)
                : base.weight(untied() && spec.name().equals(HEAD) ? EMBEDDING : spec.name(), arena);
    }

    private FoldedRows rows(Place place, StoredWeight w) {
        if (place == null) {
            return new FoldedRows(w, null, null, 0, 0);
        }
        Site site = adapter.shape().sites().get(place);
        return new FoldedRows(
                w,
                adapter.a(place.layer(), place.projection()).toFloats(),
                adapter.b(place.layer(), place.projection()).toFloats(),
                site.rank(),
                site.scale());
    }
}
