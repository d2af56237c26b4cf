package candor.evaluate.choice;

import candor.data.read.DataFiles;
import candor.evaluate.data.DataRow;
import candor.evaluate.data.Table;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * MMLU in its three layouts: {@code question, subject, choices, answer} (Parquet, JSONL: a list and an index); {@code
 * Question, A, B, C, D, Answer, Subject} (CSV with a header); and the first release, a CSV without a header per subject.
 */
final class MmluData {
    private static final List<String> HEADERLESS = List.of("question", "A", "B", "C", "D", "answer");

    private MmluData() {}

    static List<ChoiceRow> read(List<Path> files) {
        List<ChoiceRow> rows = new ArrayList<>();
        for (Path file : DataFiles.of(files)) {
            for (DataRow row : table(file)) {
                rows.add(row(row, rows.size() + 1));
            }
        }
        return rows;
    }

    private static List<DataRow> table(Path file) {
        if (DataFiles.bareName(file).toLowerCase(Locale.ROOT).matches(".*_(test|dev|val)\\.csv")) {
            return Table.readHeaderless(file, HEADERLESS);
        }
        return Table.read(List.of(file), List.of("question|Question", "answer|Answer", "choices|A"));
    }

    private static ChoiceRow row(DataRow row, int number) {
        List<String> options = options(row);
        String subject =
                row.optional("subject", "Subject").or(() -> subjectOf(row)).orElse("all");
        return new ChoiceRow(
                subject + "/" + number, subject, row.text("question", "Question"), options, answer(row), row);
    }

    private static List<String> options(DataRow row) {
        JsonNode choices = row.columns().path("choices");
        if (choices.isMissingNode()) {
            return ChoiceRow.LETTERS.stream().map(row::text).toList();
        }
        List<String> options = new ArrayList<>();
        choices.forEach(choice -> options.add(choice.asText()));
        if (!choices.isArray() || options.size() != ChoiceRow.LETTERS.size()) {
            throw row.bad("choices is not a list of four options");
        }
        return options;
    }

    private static int answer(DataRow row) {
        String answer = row.text("answer", "Answer").strip();
        int index = "ABCD".indexOf(answer.toUpperCase(Locale.ROOT));
        if (answer.length() == 1 && index >= 0) {
            return index;
        }
        if (answer.matches("[0-3]")) {
            return answer.charAt(0) - '0';
        }
        throw row.bad("the answer is neither A to D nor 0 to 3: " + (answer.length() > 40 ? "a text" : answer));
    }

    private static Optional<String> subjectOf(DataRow row) {
        String name = DataFiles.bareName(row.origin().file());
        String subject = name.replaceFirst("(?i)_(test|dev|val)\\.csv$", "");
        return subject.equals(name) ? Optional.empty() : Optional.of(subject);
    }
}
