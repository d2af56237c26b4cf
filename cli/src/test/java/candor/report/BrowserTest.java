package candor.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candor.study.record.StudyKind;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** The page in a real browser; pictures and the print stay under target/report-pictures to be looked at. */
class BrowserTest {
    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path dir;

    @Test
    void thePageIsQuietFitsAndPrints() throws Exception {
        assumeTrue(Browser.program().isPresent(), "skipped: no chromium on the PATH");
        MadeUp.write(dir.resolve("mixture"), StudyKind.MIXTURE, MadeUp.mixture());
        Path page = dir.resolve("report.html");
        Report.of(dir).write(page, false);
        Path pictures = Files.createDirectories(Path.of("target", "report-pictures"));
        try (Browser browser = new Browser(Browser.program().orElseThrow(), dir.resolve("profile"))) {
            for (int width : new int[] {1280, 390}) {
                browser.open(page, width, false);
                assertThat(browser.evaluate("document.documentElement.scrollWidth")
                                .asInt())
                        .isEqualTo(width);
                // Nothing sticks out of its place, but for what scrolls by itself.
                assertThat(browser.evaluate("[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll')"
                                        + " && !e.closest('svg') && e.getBoundingClientRect().right > innerWidth + 1)"
                                        + ".map(e => e.outerHTML.slice(0, 99)).join()")
                                .asText())
                        .isEmpty();
                // Letters of figures stay within their figure, and can be read.
                assertThat(browser.evaluate(
                                        "[...document.querySelectorAll('svg text')].filter(t => {"
                                                + "const a = t.getBoundingClientRect(), b = t.closest('svg').getBoundingClientRect();"
                                                + "return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1"
                                                + " || a.bottom > b.bottom + 1 || a.height < 10 }).map(t => t.textContent).join()")
                                .asText())
                        .isEmpty();
                browser.screenshot(pictures.resolve("width-" + width + ".png"), 0, 6000, width);
            }
            assertThat(browser.evaluate("document.title").asText()).isEqualTo("Mixed data: made-up world");
            assertThat(browser.evaluate("document.scripts.length + document.images.length")
                            .asInt())
                    .isZero();
            assertThat(browser.evaluate("document.body.innerText").asText())
                    .contains("What was found", "How to run it again", "<script>document.title='owned'</script>");
            assertThat(browser.evaluate("document.querySelectorAll('svg[role=img][aria-label]').length")
                            .asInt())
                    .isEqualTo(browser.evaluate("document.querySelectorAll('svg').length")
                            .asInt())
                    .isGreaterThan(8);
            browser.open(page, 1280, true);
            String background = "getComputedStyle(document.body).backgroundColor";
            assertThat(browser.evaluate(background).asText()).isEqualTo("rgb(20, 24, 29)");
            browser.screenshot(pictures.resolve("dark.png"), 0, 3000, 1280);
            // A4 between its margins is 688 pixels wide; on paper nothing can be scrolled to.
            browser.open(page, 688, false);
            browser.asPrinted();
            assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                    .isEqualTo(688);
            assertThat(browser.evaluate("[...document.querySelectorAll('table')].filter(t =>"
                                    + " t.getBoundingClientRect().right > innerWidth + 1).length")
                            .asInt())
                    .isZero();
            browser.screenshot(pictures.resolve("print.png"), 0, 6000, 688);
            byte[] pdf = browser.pdf();
            Files.write(pictures.resolve("print.pdf"), pdf);
            assertThat(new String(pdf, 0, 5, StandardCharsets.ISO_8859_1)).isEqualTo("%PDF-");
            assertThat(browser.requests()).isEqualTo(Collections.nCopies(4, url(page)));
            assertThat(browser.complaints()).isEmpty();
        }
    }

    private static String url(Path page) {
        return page.toUri().toString();
    }
}
