package candor.evaluate.choice;

import candor.evaluate.Task;
import candor.evaluate.data.DataRow;
import java.util.List;

/**
 * A question with four options.
 *
 * @param answer index of the right option
 */
record ChoiceRow(String id, String subset, String question, List<String> options, int answer, DataRow data)
        implements Task.Row {
    static final List<String> LETTERS = List.of("A", "B", "C", "D");

    ChoiceRow {
        options = List.copyOf(options);
    }

    String letter() {
        return LETTERS.get(answer);
    }

    /** The question with its options, each on a line. */
    String text() {
        StringBuilder text = new StringBuilder(question.strip());
        for (int i = 0; i < options.size(); i++) {
            text.append('\n')
                    .append(LETTERS.get(i))
                    .append(". ")
                    .append(options.get(i).strip());
        }
        return text.toString();
    }
}
