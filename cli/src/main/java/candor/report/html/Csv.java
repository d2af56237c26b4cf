package candor.report.html;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import de.siegmar.fastcsv.writer.QuoteStrategy;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * Lines of CSV as RFC 4180 has them: commas, CRLF, quotes where a cell has any of those, doubled within.
 *
 * <p>What a stranger wrote must not become a formula of a spreadsheet: a text whose first character, blanks aside, is one that a
 * formula begins with has an apostrophe put before it, as OWASP's "CSV Injection" page advises. Characters that hide are shown as
 * on the page ({@link Visible}). Numbers of ours are no texts, and keep their sign.
 */
public final class Csv {
    private static final String FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20";

    /** Some readers drop blanks at the ends of a cell unless it is quoted. There are no comments. */
    private static final CsvWriter.CsvWriterBuilder WRITER = CsvWriter.builder()
            .lineDelimiter(LineDelimiter.CRLF)
            .commentCharacter('\0')
            .bufferSize(0)
            .quoteStrategy(new QuoteStrategy() {
                @Override
                public boolean quoteValue(int line, int field, String value) {
                    return !value.equals(value.strip());
                }
            });

    private Csv() {}

    /** A cell of text. */
    public static String text(String text) {
        String visible = Visible.text(text);
        int first = 0;
        while (first < visible.length()
                && (Character.isWhitespace(visible.charAt(first)) || visible.charAt(first) == '\u00a0')) {
            first++;
        }
        boolean blanks = !visible.isEmpty() && "\t\n".indexOf(visible.charAt(0)) >= 0;
        boolean formula = first < visible.length() && FORMULA.indexOf(visible.charAt(first)) >= 0;
        return blanks || formula ? "'" + visible : visible;
    }

    /** A line with its end; cells are taken as they are. */
    public static String line(List<String> cells) {
        StringWriter line = new StringWriter();
        try (CsvWriter writer = WRITER.build(line)) {
            writer.writeRecord(cells);
        } catch (IOException e) {
            throw new UncheckedIOException("no write to memory fails", e);
        }
        return line.toString();
    }
}
