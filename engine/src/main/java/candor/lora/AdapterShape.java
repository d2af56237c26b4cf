package candor.lora;

import candor.BadInput;
import candor.model.ModelConfig;
import candor.model.Projection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Where in a model an adapter has factors, and of which rank and scale: from place to place they may differ, as PEFT's
 * patterns have it.
 *
 * @param sites by place, in the order of layers and within a layer of {@link Projection}; at least one
 */
public record AdapterShape(ModelConfig model, SortedMap<Place, Site> sites) {
    /** A linear layer of a decoder layer. */
    public record Place(int layer, Projection projection) implements Comparable<Place> {
        private static final Comparator<Place> ORDER =
                Comparator.comparingInt(Place::layer).thenComparing(Place::projection);

        /** Its module's name: {@code model.layers.0.self_attn.q_proj}. */
        public String module() {
            return "model.layers." + layer + "." + projection.block() + "." + projection.peftName();
        }

        @Override
        public int compareTo(Place other) {
            return ORDER.compare(this, other);
        }
    }

    /**
     * The factors of one linear layer.
     *
     * @param rank           R
     * @param alpha          α
     * @param rankStabilised whether the scale is α/√R instead of α/R
     */
    public record Site(int rank, double alpha, boolean rankStabilised) {
        /** What the product of the two factors is multiplied with. */
        public double scale() {
            return alpha / (rankStabilised ? Math.sqrt(rank) : rank);
        }
    }

    public AdapterShape {
        if (sites.isEmpty()) {
            throw new IllegalArgumentException("an adapter without factors");
        }
        NavigableMap<Place, Site> copy = new TreeMap<>(sites);
        sites = Collections.unmodifiableSortedMap(copy);
    }

    /** The same everywhere, in every layer. */
    public static AdapterShape of(ModelConfig model, LoraConfig config) {
        return of(model, config, IntStream.range(0, model.layers()).boxed().toList());
    }

    /**
     * The same in some layers, and nothing in the others.
     *
     * @param layers counted from 0; in any order, and more than once is as good as once
     * @throws BadInput for a layer that the model does not have
     */
    public static AdapterShape of(ModelConfig model, LoraConfig config, List<Integer> layers) {
        TreeMap<Place, Site> sites = new TreeMap<>();
        for (int layer : layers) {
            if (layer < 0 || layer >= model.layers()) {
                throw new BadInput(
                        "LoRA: there is no layer " + layer + ", the model's are 0 to " + (model.layers() - 1),
                        "name some of these with {layers_to_transform}");
            }
            for (Projection projection : config.projections()) {
                sites.put(new Place(layer, projection), config.site());
            }
        }
        return new AdapterShape(model, sites);
    }

    /** The factors of a linear layer, or null where there are none. */
    public Site at(int layer, Projection projection) {
        return sites.get(new Place(layer, projection));
    }

    /** The configuration that has this shape, or null where places differ. */
    public LoraConfig uniform() {
        LoraConfig alike = alike();
        return alike != null && layers().size() == model.layers() ? alike : null;
    }

    /** The configuration of every layer that has factors at all, or null where these differ. */
    LoraConfig alike() {
        Site first = sites.get(sites.firstKey());
        Set<Projection> projections = EnumSet.noneOf(Projection.class);
        sites.keySet().forEach(place -> projections.add(place.projection()));
        boolean alike =
                sites.values().stream().allMatch(first::equals) && sites.size() == projections.size() * layers().size();
        return alike ? new LoraConfig(first.rank(), first.alpha(), first.rankStabilised(), projections) : null;
    }

    /** The layers that have factors, in order. */
    List<Integer> layers() {
        return sites.keySet().stream().map(Place::layer).distinct().toList();
    }

    /** The largest rank. */
    public int rank() {
        return sites.values().stream().mapToInt(Site::rank).max().orElseThrow();
    }

    /** The largest rank on a projection; 0 where there are no factors. */
    int rank(Projection projection) {
        return sites.entrySet().stream()
                .filter(entry -> entry.getKey().projection() == projection)
                .mapToInt(entry -> entry.getValue().rank())
                .max()
                .orElse(0);
    }
}
