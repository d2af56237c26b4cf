package candor.report.html;

/** A part of a page. */
public sealed interface Node permits Element, Text {
    void write(StringBuilder out);
}
