package candor.model;

import candor.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** The linear layers of a decoder layer that have the same input: their weights are one weight with parts. */
enum LinearGroup {
    QUERY_KEY_VALUE(Projection.QUERY, Projection.KEY, Projection.VALUE),
    OUTPUT(Projection.OUTPUT),
    GATE_UP(Projection.GATE, Projection.UP),
    DOWN(Projection.DOWN);

    private final List<Projection> projections;

    LinearGroup(Projection... projections) {
        this.projections = List.of(projections);
    }

    /** The one that a layer is in. */
    static LinearGroup of(Projection projection) {
        return switch (projection) {
            case QUERY, KEY, VALUE -> QUERY_KEY_VALUE;
            case OUTPUT -> OUTPUT;
            case GATE, UP -> GATE_UP;
            case DOWN -> DOWN;
        };
    }

    /** Columns of the adapters' intermediate products of all its layers together, each of which begins where the last one ends. */
    int paddedRank(Adapters bank) {
        return projections.stream().mapToInt(bank::paddedRank).sum();
    }

    /** Gives each layer that has adapters its columns of a matrix (N, {@link #paddedRank} or more). */
    void cut(Tensor all, Adapters bank, Map<Projection, Tensor> columns) {
        int end = 0;
        for (Projection projection : projections) {
            int start = end;
            end += bank.paddedRank(projection);
            if (end > start) {
                columns.put(projection, all.columns(start, end));
            }
        }
    }

    /** In the order of the parts. */
    List<Projection> projections() {
        return projections;
    }
}
