package candor.text.template;

import static org.assertj.core.api.Assertions.assertThat;

import candor.BadInput;
import candor.text.JsonValues;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Thousands of small templates against what python3-jinja2 makes of them; see templates/make_cases.py. */
class JinjaExpressionsTest {
    private static final LocalDateTime NOW = LocalDateTime.of(2026, 3, 5, 14, 7, 9);

    /** What Jinja can do and this engine refuses by name. A case that starts or stops to be refused changes the list. */
    private static final List<String> REFUSED = List.of(
            "a complex number is not supported by Candor's template engine",
            "the test 'sameas' on a int is not supported by Candor's template engine");

    @Test
    @SuppressWarnings("unchecked")
    void everyCaseRendersOrFailsAsInJinja() throws IOException {
        JsonNode file;
        try (InputStream in = JinjaExpressionsTest.class.getResourceAsStream("/templates/expressions.json")) {
            file = new ObjectMapper().readTree(in);
        }
        Map<String, Object> variables = (Map<String, Object>) JsonValues.of(file.path("variables"));
        List<String> wrong = new ArrayList<>();
        TreeSet<String> refused = new TreeSet<>();
        for (JsonNode c : file.path("cases")) {
            String source = c.path("source").textValue();
            String expected = c.path("output").textValue();
            String got;
            try {
                got = Template.parse("t", source)
                        .render(variables, NOW, Limits.DEFAULT)
                        .text();
            } catch (BadInput e) {
                got = null;
                if (expected != null && e.getMessage().contains("is not supported")
                        || expected != null && e.getMessage().contains("are not supported")) {
                    refused.add(e.getMessage().replaceFirst(".*line \\d+: ", ""));
                    continue;
                }
                if (expected != null) {
                    wrong.add(source + "\n    wants " + expected + "\n    error " + e.getMessage());
                }
            }
            if (got != null && !got.equals(expected)) {
                wrong.add(source + "\n    wants " + (expected == null ? c.path("error") : expected) + "\n    gives "
                        + got);
            }
        }
        assertThat(file.path("cases").size()).isGreaterThan(7000);
        assertThat(wrong).as(String.join("\n", wrong)).isEmpty();
        assertThat(refused).containsExactlyElementsOf(REFUSED);
    }
}
