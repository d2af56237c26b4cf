package candor.report.figure;

import candor.report.html.DataTable;
import candor.report.html.Element;

/** A figure with its title, what it shows, and its numbers as a table. */
public final class Figure {
    private Figure() {}

    public static Element of(String title, Element svg, String caption, DataTable numbers) {
        return Element.of(
                "figure",
                Element.of("p", title).cls("title"),
                svg,
                Element.of("figcaption", caption),
                Element.of("details", Element.of("summary", "The numbers of this figure"), numbers));
    }
}
