package candor.lora;

import candor.model.ModelConfig;
import candor.model.Projection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;

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
        TreeMap<Place, Site> sites = new TreeMap<>();
        for (int layer = 0; layer < model.layers(); layer++) {
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
        Site first = sites.get(sites.firstKey());
        TreeMap<Projection, Integer> layers = new TreeMap<>();
        for (Map.Entry<Place, Site> entry : sites.entrySet()) {
            if (!entry.getValue().equals(first)) {
                return null;
            }
            layers.merge(entry.getKey().projection(), 1, Integer::sum);
        }
        return layers.values().stream().allMatch(count -> count == model.layers())
                ? new LoraConfig(first.rank(), first.alpha(), first.rankStabilised(), layers.keySet())
                : null;
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
