package candor.data.read;

import candor.BadInput;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** What a reader finds where a row should be. */
public sealed interface Entry {
    Origin origin();

    /** A row: named columns of JSON values. Cells of a CSV file are texts. */
    record Row(Origin origin, ObjectNode columns) implements Entry {}

    /** Something that is no row, and what is wrong with it; the reader goes on behind it. */
    record Bad(Origin origin, String problem) implements Entry {
        public BadInput toBadInput() {
            return new BadInput(origin + ": " + problem);
        }
    }
}
