package candor.model;

import java.util.List;

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

    /** In the order of the parts. */
    List<Projection> projections() {
        return projections;
    }
}
