package candor.report.html;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CsvTest {
    @Test
    void linesAreThoseOfRfc4180() {
        assertThat(Csv.line(List.of("a", "b,c", "say \"hi\"", "two\nlines", "", " x")))
                .isEqualTo("a,\"b,c\",\"say \"\"hi\"\"\",\"two\nlines\",,\" x\"\r\n");
        assertThat(Csv.line(List.of("#1", "x\u2003", "a\rb", "it's"))).isEqualTo("#1,\"x\u2003\",\"a\rb\",it's\r\n");
        assertThat(Csv.line(List.of(""))).isEqualTo("\r\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "=1+1",
                "+1",
                "-1",
                "@SUM(A1)",
                "  =HYPERLINK(\"https://example.org\")",
                "\t=1",
                "\n@x",
                "\u00a0-2+3",
                "＝1"
            })
    void noTextIsAFormula(String hostile) {
        assertThat(Csv.text(hostile)).startsWith("'").endsWith(hostile.substring(hostile.length() - 1));
    }

    @Test
    void plainTextStaysAsItIs() {
        assertThat(Csv.text("2 - 1 = 1")).isEqualTo("2 - 1 = 1");
        assertThat(Csv.text("")).isEmpty();
        // Shown as on the page, it is no blank any more that a reader would pass over.
        assertThat(Csv.text("\r=1")).isEqualTo("␍=1");
        assertThat(Csv.text("a\u0000\u202eb")).isEqualTo("a␀⟨U+202E⟩b");
    }

    @Test
    void numbersHaveAllTheirDigitsAndIntervalsTwoColumns() {
        DataTable table = new DataTable("x", 1, List.of("Arm", "Value", "95 % interval", "By seed", "Rows"))
                .row("a", Exact.of("−0.3", -1 / 3.0), Exact.between("–", Double.NaN, Double.NaN), "–", 3)
                .row(
                        Element.of("code", "=b"),
                        Exact.of("1e-7", 1e-7).clear(true),
                        Exact.between("1 to 2", 1, 2.5),
                        Exact.each("1, 2", 1, 2.25),
                        1L << 40);
        assertThat(table.csv())
                .isEqualTo("Arm,Value,\"95 % interval, low\",\"95 % interval, high\",By seed,Rows\r\n"
                        + "a,-0.3333333333333333,,,–,3\r\n"
                        + "'=b,1.0E-7,1,2.5,1; 2.25,1099511627776\r\n");
        assertThat(Element.of("div", table).toString()).contains("<span class=\"clear\">1e-7</span>");
    }
}
