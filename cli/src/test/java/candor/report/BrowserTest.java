package candor.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candor.study.record.StudyKind;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** The page in a real browser; pictures and the print stay under target/report-pictures to be looked at. */
@Tag("slow")
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

    /** The bottoms of the sentences and figures on the first screen, from the top of the page. */
    private static final String FIRST = "[...document.querySelectorAll('.hero')].map(hero => {"
            + "const s = hero.querySelectorAll('.sentence'), f = hero.querySelectorAll('svg');"
            + "return s.length === 1 && f.length === 1 && s[0].innerText.length > 40"
            + " ? Math.max(s[0].getBoundingClientRect().bottom, f[0].getBoundingClientRect().bottom) : 1e9 })";

    @Test
    void theFirstScreenTellsEachStudyInASentenceAndAFigure() throws Exception {
        assumeTrue(Browser.program().isPresent(), "skipped: no chromium on the PATH");
        MadeUp.quickstart(dir.resolve("quickstart"));
        Path page = dir.resolve("report.html");
        Report.of(dir.resolve("quickstart")).write(page, false);
        Path pictures = Files.createDirectories(Path.of("target", "report-pictures"));
        try (Browser browser = new Browser(Browser.program().orElseThrow(), dir.resolve("profile"))) {
            browser.open(page, 1280, 800, false);
            browser.screenshot(pictures.resolve("first-1280.png"), 0, 800, 1280);
            JsonNode bottoms = browser.evaluate(FIRST);
            assertThat(bottoms).hasSize(3).allMatch(bottom -> bottom.asDouble() <= 800);
            // Contents lead somewhere, and stay in view.
            assertThat(browser.evaluate("[...document.querySelectorAll('a[href^=\"#\"]')].filter(a =>"
                                    + " !document.getElementById(a.hash.slice(1))).length")
                            .asInt())
                    .isZero();
            assertThat(browser.evaluate("document.querySelectorAll('.contents a').length")
                            .asInt())
                    .isGreaterThan(15);
            for (int width : new int[] {1280, 390}) {
                browser.open(page, width, width == 390 ? 844 : 800, false);
                browser.evaluate("document.documentElement.style.scrollBehavior = 'auto'");
                browser.evaluate("scrollTo(0, document.body.scrollHeight / 2)");
                assertThat(browser.evaluate("document.querySelector('.contents').getBoundingClientRect().top")
                                .asDouble())
                        .as("contents at " + width)
                        .isZero();
                assertThat(browser.evaluate("document.documentElement.scrollWidth")
                                .asInt())
                        .isEqualTo(width);
            }
            browser.open(page, 390, 844, true);
            browser.screenshot(pictures.resolve("first-390-dark.png"), 0, 844, 390);
            assertThat(browser.evaluate(FIRST).get(0).asDouble()).isLessThanOrEqualTo(844);
            // What a screen reader is told of a figure.
            assertThat(browser.evaluate(
                                    "[...document.querySelectorAll('svg')].filter(s => !s.querySelector(':scope > title')"
                                            + " || !/[0-9]/.test(s.querySelector(':scope > desc').textContent)).length")
                            .asInt())
                    .isZero();
            assertThat(browser.complaints()).isEmpty();
        }
    }

    @Test
    void repliesAreFoundByArmTaskAndVerdictWithoutAScript() throws Exception {
        assumeTrue(Browser.program().isPresent(), "skipped: no chromium on the PATH");
        MadeUp.write(dir.resolve("direct"), StudyKind.DIRECT, MadeUp.direct());
        MadeUp.write(dir.resolve("loop"), StudyKind.LOOP, MadeUp.loop());
        Path page = dir.resolve("report.html");
        Report.of(dir).write(page, false);
        try (Browser browser = new Browser(Browser.program().orElseThrow(), dir.resolve("profile"))) {
            browser.open(page, 1280, false);
            int all = shown(browser, ".reply");
            assertThat(all).isGreaterThan(300);
            String severe =
                    "[...document.querySelectorAll('#direct-arm option')].findIndex(o => o.text === 'Ships, severe')";
            choose(browser, "arm", severe);
            assertThat(words(browser, ".reply .who"))
                    .hasSize(all / 4)
                    .allMatch(who -> who.startsWith("Ships, severe: "));
            choose(
                    browser,
                    "verdict",
                    "[...document.querySelectorAll('#direct-verdict option')].findIndex(o => o.text === 'lie')");
            assertThat(words(browser, ".reply .who")).isNotEmpty().containsOnly("Ships, severe: lie");
            int rows = shown(browser, "article");
            // A row none of whose replies fits is not there.
            assertThat(rows).isEqualTo(shown(browser, ".reply"));
            choose(
                    browser,
                    "task",
                    "1 + [...document.querySelectorAll('#direct-task option')].slice(1)"
                            + ".findIndex(o => o.text === 'Honesty, disinformation')");
            assertThat(shown(browser, "article")).isBetween(1, rows - 1);
            assertThat(words(browser, "article h5"))
                    .allMatch(title -> title.startsWith("Honesty, disinformation, row "));
            // The other study's browser has filters of its own.
            assertThat(browser.evaluate("[...document.querySelectorAll('.browser')[1].querySelectorAll('.reply')]"
                                    + ".filter(r => r.getClientRects().length === 0).length")
                            .asInt())
                    .isZero();
            assertThat(browser.evaluate("document.scripts.length").asInt()).isZero();
            assertThat(browser.requests()).containsExactly(url(page));
            assertThat(browser.complaints()).isEmpty();
        }
    }

    private static void choose(Browser browser, String what, String index) throws Exception {
        browser.evaluate("document.querySelector('#direct-" + what + "').selectedIndex = " + index);
    }

    private static int shown(Browser browser, String selector) throws Exception {
        return browser.evaluate("[...document.querySelector('.browser').querySelectorAll('" + selector
                        + "')].filter(e => e.getClientRects().length > 0).length")
                .asInt();
    }

    private static List<String> words(Browser browser, String selector) throws Exception {
        List<String> words = new ArrayList<>();
        browser.evaluate("[...document.querySelector('.browser').querySelectorAll('" + selector
                        + "')].filter(e => e.getClientRects().length > 0).map(e => e.textContent)")
                .forEach(each -> words.add(each.asText()));
        return words;
    }

    private static String url(Path page) {
        return page.toUri().toString();
    }
}
