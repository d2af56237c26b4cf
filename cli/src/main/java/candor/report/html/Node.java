package candor.report.html;

import java.util.function.Consumer;

/** A part of a page. */
public sealed interface Node permits Element, Text, DataTable, FileLink {
    void write(StringBuilder out);

    /** Hands over this part, then the parts in it, in the order in which they stand. */
    void each(Consumer<Node> visit);

    /** What it says, without markup. */
    String words();
}
