package candor.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The colours of the page, by WCAG 2.2: 4.5 to 1 for words, 3 to 1 for the marks and lines of figures. */
class ContrastTest {
    private static final Pattern COLOUR = Pattern.compile("--([a-z0-9]+): #([0-9a-f]{6}|[0-9a-f]{3});");

    private static Map<String, String> colours(String css) {
        Map<String, String> colours = new LinkedHashMap<>();
        COLOUR.matcher(css).results().forEach(found -> colours.put(found.group(1), found.group(2)));
        return colours;
    }

    private static double luminance(String hex) {
        String full = hex.length() == 6 ? hex : hex.replaceAll("(.)", "$1$1");
        double[] share = {0.2126, 0.7152, 0.0722};
        double sum = 0;
        for (int i = 0; i < 3; i++) {
            double c = Integer.parseInt(full, 2 * i, 2 * i + 2, 16) / 255.0;
            sum += share[i] * (c <= 0.04045 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4));
        }
        return sum;
    }

    private static double contrast(String a, String b) {
        double high = Math.max(luminance(a), luminance(b));
        double low = Math.min(luminance(a), luminance(b));
        return (high + 0.05) / (low + 0.05);
    }

    @Test
    void wordsAndMarksStandOutInLightDarkAndPrint() throws IOException {
        // By the W3C's definition: black on white is 21, #777 on white 4.48.
        assertThat(contrast("000", "fff")).isEqualTo(21.0);
        assertThat(contrast("777777", "ffffff")).isBetween(4.47, 4.49);
        String css;
        try (InputStream in = Report.class.getResourceAsStream("report.css")) {
            css = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        int dark = css.indexOf("@media (prefers-color-scheme: dark)");
        int print = css.indexOf("@media print");
        List<Map<String, String>> themes = Stream.of(
                        css.substring(0, dark), css.substring(dark, css.indexOf("* {", dark)), css.substring(print))
                .map(ContrastTest::colours)
                .toList();
        for (Map<String, String> theme : themes) {
            assertThat(theme).containsKeys("paper", "tint", "ink", "soft", "link", "c0", "c6");
            for (String ground : List.of("paper", "tint")) {
                for (String words : List.of("ink", "soft", "link")) {
                    assertThat(contrast(theme.get(words), theme.get(ground)))
                            .as(words + " on " + ground + " in " + theme)
                            .isGreaterThanOrEqualTo(4.5);
                }
            }
            for (int i = 0; i <= 6; i++) {
                assertThat(contrast(theme.get("c" + i), theme.get("paper")))
                        .as("c" + i + " in " + theme)
                        .isGreaterThanOrEqualTo(3);
            }
        }
    }
}
