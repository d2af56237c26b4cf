package candor.report.html;

import java.util.List;

/** A table of data with a caption, headers that screen readers announce, and its own scrolling where the screen is narrow. */
public final class DataTable {
    private final Element head = Element.of("tr");
    private final Element body = Element.of("tbody");
    private final String caption;
    private final int textColumns;
    private int rows;

    /**
     * An empty table.
     *
     * @param textColumns how many columns from the left hold words; the others are aligned as numbers. The first names the row
     */
    public DataTable(String caption, int textColumns, List<String> columns) {
        this.caption = caption;
        this.textColumns = textColumns;
        for (int c = 0; c < columns.size(); c++) {
            head.add(cell(Element.of("th", columns.get(c)).attr("scope", "col"), c));
        }
    }

    private Element cell(Element cell, int column) {
        return column < textColumns ? cell : cell.cls("number");
    }

    /** Adds a row; cells are nodes or texts. */
    public DataTable row(Object... cells) {
        return row(List.of(cells));
    }

    public DataTable row(List<?> cells) {
        Element row = Element.of("tr");
        for (int c = 0; c < cells.size(); c++) {
            Element cell =
                    c == 0 ? Element.of("th", cells.get(c)).attr("scope", "row") : Element.of("td", cells.get(c));
            row.add(cell(cell, c));
        }
        body.add(row);
        rows++;
        return this;
    }

    public boolean isEmpty() {
        return rows == 0;
    }

    /** The table in its place. */
    public Element element() {
        return Element.of("div", Element.of("table", Element.of("caption", caption), Element.of("thead", head), body))
                .cls("scroll")
                .attr("role", "region")
                .attr("tabindex", "0")
                .attr("aria-label", "Table: " + caption);
    }
}
