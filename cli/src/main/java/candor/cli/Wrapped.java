package candor.cli;

import java.util.ArrayList;
import java.util.List;

/** Text in lines of a width. Words stay whole: one that is wider than the line has a line to itself, and sticks out. */
final class Wrapped {
    private Wrapped() {}

    /** The lines of a text, without blanks at their ends. Line breaks of the text are kept. */
    static List<String> lines(String text, int width) {
        List<String> lines = new ArrayList<>();
        text.lines().forEach(paragraph -> {
            StringBuilder line = new StringBuilder();
            for (String word : paragraph.strip().split(" +")) {
                if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
                    lines.add(line.toString());
                    line.setLength(0);
                }
                line.append(line.isEmpty() ? "" : " ").append(word);
            }
            lines.add(line.toString());
        });
        return lines;
    }
}
