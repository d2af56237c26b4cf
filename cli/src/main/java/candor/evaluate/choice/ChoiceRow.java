package candor.evaluate.choice;

import candor.evaluate.Task;
import candor.evaluate.data.DataRow;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

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
        return question.strip() + "\n" + options(". ");
    }

    /** The options, each on a line, its letter parted from it by a mark. */
    String options(String mark) {
        return IntStream.range(0, options.size())
                .mapToObj(i -> LETTERS.get(i) + mark + options.get(i).strip())
                .collect(Collectors.joining("\n"));
    }
}
