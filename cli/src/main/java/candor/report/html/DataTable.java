package candor.report.html;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A table of data with a caption, headers that screen readers announce, and its own scrolling where the screen is narrow. The same
 * table is a CSV file beside the page, which its caption links to.
 */
public final class DataTable implements Node {
    private final String caption;
    private final int textColumns;
    private final List<String> columns;
    private final List<List<Object>> rows = new ArrayList<>();
    private FileLink file;

    /**
     * An empty table.
     *
     * @param textColumns how many columns from the left hold words; the others are aligned as numbers. The first names the row
     */
    public DataTable(String caption, int textColumns, List<String> columns) {
        this.caption = caption;
        this.textColumns = textColumns;
        this.columns = List.copyOf(columns);
    }

    /** Adds a row; cells are {@link Exact} numbers, whole numbers, nodes or texts. */
    public DataTable row(Object... cells) {
        return row(List.of(cells));
    }

    public DataTable row(List<?> cells) {
        if (cells.size() != columns.size()) {
            throw new IllegalArgumentException(cells.size() + " cells in a table of " + columns.size() + " columns");
        }
        rows.add(List.copyOf(cells));
        return this;
    }

    public boolean isEmpty() {
        return rows.isEmpty();
    }

    public String caption() {
        return caption;
    }

    /** Says where the table's CSV is to lie. */
    public void linked(FileLink link) {
        file = link;
    }

    @Override
    public void each(Consumer<Node> visit) {
        visit.accept(this);
    }

    @Override
    public String words() {
        return caption;
    }

    @Override
    public void write(StringBuilder out) {
        Element head = Element.of("tr");
        for (int c = 0; c < columns.size(); c++) {
            head.add(aligned(Element.of("th", columns.get(c)).attr("scope", "col"), c));
        }
        Element body = Element.of("tbody");
        for (List<Object> cells : rows) {
            Element row = Element.of("tr");
            for (int c = 0; c < cells.size(); c++) {
                Object shown = shown(cells.get(c));
                row.add(aligned(c == 0 ? Element.of("th", shown).attr("scope", "row") : Element.of("td", shown), c));
            }
            body.add(row);
        }
        Element title = Element.of("caption", caption);
        if (file != null) {
            title.add(" ", Element.of("span", "CSV: ", file).cls("csv"));
        }
        Element.of("div", Element.of("table", title, Element.of("thead", head), body))
                .cls("scroll")
                .attr("role", "region")
                .attr("tabindex", "0")
                .attr("aria-label", "Table: " + caption)
                .write(out);
    }

    private Element aligned(Element cell, int column) {
        return column < textColumns ? cell : cell.cls("number");
    }

    private static Object shown(Object cell) {
        return cell instanceof Exact exact
                ? exact.clear() ? Element.of("span", exact.shown()).cls("clear") : exact.shown()
                : cell;
    }

    /** The table as CSV, headers first; an interval has two columns, "low" and "high". */
    public String csv() {
        boolean[] twice = new boolean[columns.size()];
        for (List<Object> row : rows) {
            for (int c = 0; c < twice.length; c++) {
                twice[c] |= row.get(c) instanceof Exact exact && exact.csv().size() == 2;
            }
        }
        List<String> head = new ArrayList<>();
        for (int c = 0; c < twice.length; c++) {
            if (twice[c]) {
                head.add(Csv.text(columns.get(c) + ", low"));
                head.add(Csv.text(columns.get(c) + ", high"));
            } else {
                head.add(Csv.text(columns.get(c)));
            }
        }
        StringBuilder out = new StringBuilder(Csv.line(head));
        for (List<Object> row : rows) {
            List<String> cells = new ArrayList<>();
            for (int c = 0; c < twice.length; c++) {
                List<String> cell =
                        switch (row.get(c)) {
                            case Exact exact -> exact.csv();
                            case Number number -> List.of(number.toString());
                            case Node node -> List.of(Csv.text(node.words()));
                            case Object other -> List.of(Csv.text(String.valueOf(other)));
                        };
                cells.addAll(cell);
                if (twice[c] && cell.size() == 1) {
                    cells.add("");
                }
            }
            out.append(Csv.line(cells));
        }
        return out.toString();
    }
}
