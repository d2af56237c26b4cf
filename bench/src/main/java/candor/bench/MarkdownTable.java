package candor.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * A table that also reads well as plain text: columns are as wide as their widest cell, numbers stand to the right, and a column
 * without anything in it is left out.
 */
final class MarkdownTable {
    private static final String NUMBER = "-?[0-9][0-9,.]*( %)?|";

    private final List<String> heads;
    private final List<List<String>> rows = new ArrayList<>();

    MarkdownTable(String... heads) {
        this.heads = List.of(heads);
    }

    void add(String... cells) {
        if (cells.length != heads.size()) {
            throw new IllegalArgumentException(cells.length + " cells under " + heads.size() + " heads");
        }
        rows.add(List.of(cells));
    }

    @Override
    public String toString() {
        int columns = heads.size();
        int[] widths = new int[columns];
        boolean[] numbers = new boolean[columns];
        for (int column = 0; column < columns; column++) {
            int at = column;
            widths[at] = Math.max(
                    Math.max(heads.get(at).length(), 3),
                    rows.stream().mapToInt(row -> row.get(at).length()).max().orElse(0));
            numbers[at] =
                    !rows.isEmpty() && rows.stream().allMatch(row -> row.get(at).matches(NUMBER));
        }
        for (int column = 0; column < columns; column++) {
            int at = column;
            if (!rows.isEmpty() && rows.stream().allMatch(row -> row.get(at).isEmpty())) {
                widths[at] = 0;
            }
        }
        StringBuilder text = new StringBuilder();
        line(text, heads, widths, numbers);
        for (int column = 0; column < columns; column++) {
            if (widths[column] == 0) {
                continue;
            }
            text.append('|').append("-".repeat(widths[column] + 1)).append(numbers[column] ? ':' : '-');
        }
        text.append("|\n");
        rows.forEach(row -> line(text, row, widths, numbers));
        return text.toString();
    }

    private static void line(StringBuilder text, List<String> cells, int[] widths, boolean[] numbers) {
        for (int column = 0; column < widths.length; column++) {
            if (widths[column] == 0) {
                continue;
            }
            String cell = cells.get(column);
            String blanks = " ".repeat(widths[column] - cell.length());
            text.append("| ")
                    .append(numbers[column] ? blanks + cell : cell + blanks)
                    .append(' ');
        }
        text.append("|\n");
    }
}
