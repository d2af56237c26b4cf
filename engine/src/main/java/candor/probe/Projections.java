package candor.probe;

import candor.data.EncodedRow;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Where rows' replies lie along a direction of honesty: the projection of their mean activation, and how that differs from the
 * model's own reply to the same prompt (the projection difference of Chen et al. 2025, section 6.1). Less is less honest.
 */
public final class Projections {
    private final ReplyReader reader;
    private final Direction direction;

    /** @param direction of the reader's model; see {@link Direction#requireOf} */
    public Projections(ReplyReader reader, Direction direction) {
        this.reader = reader;
        this.direction = direction;
    }

    /**
     * The projection of each row's reply behind each layer.
     *
     * @return rows × layers
     */
    public List<double[]> of(List<EncodedRow> rows) {
        List<double[]> projections = new ArrayList<>();
        reader.means(rows, _ -> true, (_, reply) -> projections.add(direction.project(reply.means())));
        return projections;
    }

    /**
     * The same behind the layer that the direction goes by.
     *
     * @return one for each row
     */
    public double[] atLayer(List<EncodedRow> rows) {
        double[] projections = new double[rows.size()];
        int layer = direction.layer();
        IntPredicate alone = each -> each == layer;
        reader.means(rows, alone, (row, reply) -> projections[row] = direction.project(layer, reply.means()[layer]));
        return projections;
    }

    /**
     * The projection of each row's reply less that of the model's own reply to the row's prompt, behind each layer.
     *
     * @param own one for each row: the same prompt, another reply
     * @return rows × layers
     */
    public List<double[]> differences(List<EncodedRow> rows, List<EncodedRow> own) {
        if (rows.size() != own.size()) {
            throw new IllegalArgumentException(
                    rows.size() + " rows, and " + own.size() + " replies of the model's own");
        }
        List<double[]> differences = of(rows);
        List<double[]> before = of(own);
        for (int row = 0; row < differences.size(); row++) {
            double[] difference = differences.get(row);
            for (int layer = 0; layer < difference.length; layer++) {
                difference[layer] -= before.get(row)[layer];
            }
        }
        return differences;
    }
}
