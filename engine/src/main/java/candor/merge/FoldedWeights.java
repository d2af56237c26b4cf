package candor.merge;

import candor.lora.Adapter;
import candor.model.Projection;
import candor.model.SafetensorsWriter.Spec;
import candor.model.StoredTensors;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;

/** The weights of a checkpoint with W + s·B·A where an adapter sits; summed in double precision, rounded once. */
final class FoldedWeights {
    private record Place(int layer, Projection projection) {}

    private final StoredTensors base;
    private final Adapter adapter;
    private final Map<String, Place> places = new HashMap<>();

    /** @param adapter in memory that Java can read */
    FoldedWeights(StoredTensors base, Adapter adapter) {
        this.base = base;
        this.adapter = adapter;
        for (int layer = 0; layer < adapter.model().layers(); layer++) {
            for (Projection projection : adapter.config().projections()) {
                String name =
                        "model.layers." + layer + "." + projection.block() + "." + projection.peftName() + ".weight";
                places.put(name, new Place(layer, projection));
            }
        }
    }

    /** A tensor, in the type of the spec; made in the arena, or the base's own where nothing changes. */
    Tensor tensor(Spec spec, Arena arena) {
        Tensor w = base.tensor(spec.name());
        Place place = places.get(spec.name());
        if (place == null && w.dtype() == spec.dtype()) {
            return w;
        }
        Tensor folded = Tensor.allocate(arena, spec.dtype(), spec.rows(), spec.cols());
        float[][] a = new float[place == null ? 0 : adapter.config().rank()][];
        Tensor b = place == null ? null : adapter.b(place.layer(), place.projection());
        for (int r = 0; r < a.length; r++) {
            a[r] = adapter.a(place.layer(), place.projection()).rows(r, r + 1).toFloats();
        }
        double scale = adapter.config().scale();
        IntStream.range(0, w.rows()).parallel().forEach(row -> fold(folded, w, row, a, b, scale));
        return folded;
    }

    private static void fold(Tensor to, Tensor w, int row, float[][] a, Tensor b, double scale) {
        double[] sum = new double[w.cols()];
        for (int r = 0; r < a.length; r++) {
            double factor = b.get(row, r);
            for (int c = 0; c < sum.length; c++) {
                sum[c] += factor * a[r][c];
            }
        }
        for (int c = 0; c < sum.length; c++) {
            to.set(row, c, w.get(row, c) + scale * sum[c]);
        }
    }
}
