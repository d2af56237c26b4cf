package candor.evaluate.choice;

import candor.evaluate.data.DataRow;
import candor.evaluate.data.Table;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** GPQA: a right answer and three wrong ones, put in an order that goes around row by row (OpenCompass). */
final class GpqaData {
    /** Option i of row n, counted from 1, is answer {@code ORDERS[n % 4][i]}, where answer A is the right one. */
    private static final List<String> ORDERS = List.of("ABCD", "BCDA", "CDAB", "DABC");

    private GpqaData() {}

    static List<ChoiceRow> read(List<Path> files) {
        List<ChoiceRow> rows = new ArrayList<>();
        List<String> required = List.of(
                "Question|question",
                "Correct Answer|correct_answer",
                "Incorrect Answer 1|incorrect_answer_1",
                "Incorrect Answer 2|incorrect_answer_2",
                "Incorrect Answer 3|incorrect_answer_3");
        for (DataRow row : Table.read(files, required)) {
            List<String> answers = required.stream()
                    .skip(1)
                    .map(names -> row.text(names.split("\\|")))
                    .toList();
            String order = ORDERS.get((rows.size() + 1) % ORDERS.size());
            List<String> options =
                    order.chars().mapToObj(c -> answers.get(c - 'A')).toList();
            rows.add(new ChoiceRow(
                    Integer.toString(rows.size() + 1),
                    row.optional("High-level domain", "domain").orElse("all"),
                    row.text("Question", "question"),
                    options,
                    order.indexOf('A'),
                    row));
        }
        return rows;
    }
}
