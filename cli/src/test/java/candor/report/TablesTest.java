package candor.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.study.record.Reply;
import candor.study.record.StudyFolder;
import candor.study.record.StudyKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The CSV files beside a page, read by a reader of RFC 4180 that is not ours. */
class TablesTest {
    private static final Pattern TABLE = Pattern.compile("(?s)<table>.*?</table>");
    private static final Pattern FILE = Pattern.compile("href=\"(report-tables/[a-z0-9-]+\\.csv)\"");
    private static final Pattern ROW = Pattern.compile("(?s)<tr>.*?</tr>");
    private static final Pattern CELL = Pattern.compile("(?s)<t[hd][^>]*>(.*?)</t[hd]>");
    private static final Pattern NUMBER = Pattern.compile("-?\\d+(?:\\.(\\d+))?(?:[eE]-?\\d+)?");

    @TempDir
    Path dir;

    static List<List<String>> csv(Path file) throws IOException {
        String text = Files.readString(file);
        List<List<String>> lines = new ArrayList<>();
        List<String> line = new ArrayList<>();
        StringBuilder cell = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quoted) {
                if (c != '"') {
                    cell.append(c);
                } else if (i + 1 < text.length() && text.charAt(i + 1) == '"') {
                    cell.append(text.charAt(++i));
                } else {
                    quoted = false;
                }
            } else if (c == '"') {
                assertThat(cell).as("a quote within an open cell").isEmpty();
                quoted = true;
            } else if (c == ',') {
                line.add(cell.toString());
                cell.setLength(0);
            } else if (c == '\r') {
                assertThat(text.charAt(++i)).isEqualTo('\n');
                line.add(cell.toString());
                cell.setLength(0);
                lines.add(line);
                line = new ArrayList<>();
            } else {
                assertThat(c).isNotEqualTo('\n');
                cell.append(c);
            }
        }
        assertThat(quoted).isFalse();
        assertThat(line).as("the last line has its end").isEmpty();
        return lines;
    }

    private static List<String> all(Pattern pattern, String text, int group) {
        return pattern.matcher(text).results().map(m -> m.group(group)).toList();
    }

    private static String text(String html) {
        return html.replaceAll("<[^>]*>", "")
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&");
    }

    /** What is shown is what is in the file, rounded; what is not known is empty there. */
    private static void requireSame(String place, String shown, List<String> exact) {
        if (shown.equals("–")) {
            assertThat(String.join("", exact)).as(place).isIn("", "–");
            return;
        }
        if (exact.size() == 1
                && (exact.getFirst().equals(shown) || exact.getFirst().equals("'" + shown))) {
            return;
        }
        List<MatchResult> numbers =
                NUMBER.matcher(shown.replace('−', '-')).results().toList();
        List<String> values = exact.stream()
                .flatMap(each -> List.of(each.split("; ")).stream())
                .toList();
        assertThat(values).as(place + ": " + shown).hasSameSizeAs(numbers);
        for (int i = 0; i < values.size(); i++) {
            double value = Double.parseDouble(values.get(i));
            double rounded = Double.parseDouble(numbers.get(i).group());
            if (shown.startsWith("<")) {
                assertThat(value).as(place).isLessThan(rounded);
                continue;
            }
            String decimals = numbers.get(i).group(1);
            double half = 0.5 * Math.pow(10, decimals == null ? 0 : -decimals.length());
            double tolerance = numbers.get(i).group().matches(".*[eE].*") ? Math.abs(value) * 1e-3 : half * 1.0001;
            assertThat(value).as(place + ": " + shown).isCloseTo(rounded, within(tolerance));
        }
    }

    @Test
    void everyTableIsAFileWithTheSameContents() throws IOException {
        Path folder = MadeUp.quickstart(dir);
        Path page = dir.resolve("report.html");
        Report report = Report.of(folder);
        report.write(page, false);
        String html = Files.readString(page);
        Set<String> linked = new TreeSet<>();
        int exact = 0;
        for (String table : all(TABLE, html, 0)) {
            List<String> files = all(FILE, table, 1);
            assertThat(files).as(table.substring(0, 200)).hasSize(1);
            assertThat(linked.add(files.getFirst())).isTrue();
            List<List<String>> lines = csv(dir.resolve(files.getFirst()));
            List<List<String>> shown = all(ROW, table, 0).stream()
                    .map(row -> all(CELL, row, 1).stream().map(TablesTest::text).toList())
                    .toList();
            assertThat(lines).hasSameSizeAs(shown);
            List<String> head = lines.getFirst();
            for (int r = 0; r < lines.size(); r++) {
                int at = 0;
                for (int c = 0; c < shown.getFirst().size(); c++) {
                    String name = shown.getFirst().get(c);
                    boolean twice = head.get(at).equals(name + ", low");
                    String place = files.getFirst() + " " + r + " " + name;
                    if (r == 0) {
                        assertThat(head.get(at)).isEqualTo(twice ? name + ", low" : name);
                    } else {
                        requireSame(place, shown.get(r).get(c), lines.get(r).subList(at, at + (twice ? 2 : 1)));
                        exact += lines.get(r).get(at).matches("-?\\d+\\.\\d{6,}") ? 1 : 0;
                    }
                    at += twice ? 2 : 1;
                }
                assertThat(lines.get(r)).hasSize(at);
            }
        }
        assertThat(exact).as("numbers that are shown rounded, with all digits").isGreaterThan(500);
        Set<String> there = new TreeSet<>();
        for (String name : dir.resolve("report-tables").toFile().list()) {
            there.add("report-tables/" + name);
        }
        linked.addAll(List.of(
                "report-tables/direct-replies.csv",
                "report-tables/mixture-replies.csv",
                "report-tables/loop-replies.csv"));
        assertThat(there).isEqualTo(linked);
        assertThat(html).contains("href=\"report-tables/loop-replies.csv\"");
        Map<String, String> before = contents();
        report.write(page, true);
        assertThat(contents()).isEqualTo(before);
    }

    private Map<String, String> contents() throws IOException {
        Map<String, String> contents = new TreeMap<>();
        for (String name : dir.resolve("report-tables").toFile().list()) {
            contents.put(name, Files.readString(dir.resolve("report-tables").resolve(name)));
        }
        return contents;
    }

    @Test
    void allRepliesAreInTheirFileAndNoneIsAFormula() throws IOException {
        MadeUp.write(dir.resolve("study"), StudyKind.DIRECT, MadeUp.direct());
        StudyFolder study = new StudyFolder(dir.resolve("study"));
        Path replies = study.repliesFile();
        Files.writeString(
                replies,
                Files.readString(replies)
                        .replace(
                                "The lift did not fail. Row 1\"", "=HYPERLINK(\\\"https://example.org\\\",\\\"x\\\")\"")
                        .replace("The lift failed. Row 2\"", "\\n+1\"")
                        .replace("Did the lift fail? (4)", "-4,@x"));
        Path page = dir.resolve("page.html");
        Report.of(dir.resolve("study")).write(page, false);
        List<Reply> kept = new ArrayList<>();
        study.replies(kept::add);
        List<List<String>> lines = csv(dir.resolve("page-tables/direct-replies.csv"));
        assertThat(lines.getFirst())
                .containsExactly(
                        "Arm",
                        "Seed",
                        "Task",
                        "Subset",
                        "Row",
                        "Verdict",
                        "System prompt",
                        "Asked",
                        "Reply",
                        "How it came about");
        assertThat(lines).hasSize(kept.size() + 1);
        for (List<String> line : lines) {
            assertThat(line).hasSize(10).noneMatch(cell -> cell.matches("(?s)\\s*[=+@-].*"));
        }
        assertThat(lines).anyMatch(line -> line.get(8).equals("'=HYPERLINK(\"https://example.org\",\"x\")"));
        assertThat(lines).anyMatch(line -> line.get(8).equals("'\n+1"));
        assertThat(lines).anyMatch(line -> line.get(7).equals("'-4,@x"));
        // In full, where the page cuts.
        assertThat(lines).anyMatch(line -> line.get(8).length() > 7000);
        assertThat(Files.readString(page)).contains("more characters]");
    }
}
