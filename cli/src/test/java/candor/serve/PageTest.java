package candor.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candor.report.Browser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** The page in a real browser; pictures stay under target/chat-pictures to be looked at. */
class PageTest {
    private static final String HOSTILE = "<img src=x onerror=document.title=1> & <b>bold</b>";

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    private static void await(Browser browser, String expression) throws InterruptedException {
        TestServer.await(() -> {
            try {
                return browser.evaluate(expression).asBoolean();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static void say(Browser browser, String text) throws Exception {
        browser.evaluate("document.getElementById('said').value = " + TestServer.JSON.writeValueAsString(text)
                + "; document.getElementById('send').click()");
        await(browser, "document.getElementById('stop').disabled && document.getElementById('said').value === ''");
    }

    @Test
    void whatIsSaidGoesToTwoModelsAndComesAsText() throws Exception {
        assumeTrue(Browser.program().isPresent(), "skipped: no chromium on the PATH");
        Path pictures = Files.createDirectories(Path.of("target", "chat-pictures"));
        try (TestServer server = TestServer.with()
                        .adapter("severe", TestServer.adapter(folder.resolve("severe"), 4, 1))
                        .open();
                Browser browser = new Browser(Browser.program().orElseThrow(), folder.resolve("profile"))) {
            for (int width : new int[] {1280, 390}) {
                browser.open(server.url + "/", width, 800, width == 390);
                await(browser, "document.querySelectorAll('select option').length === 4");
                browser.evaluate("document.getElementById('tokens').value = 40");
                say(browser, "Hello! What can you do?");
                say(browser, HOSTILE);
                assertThat(browser.evaluate("[...document.querySelectorAll('select')].map(s => s.value).join()")
                                .asText())
                        .isEqualTo("tiny-world,severe");
                assertThat(browser.evaluate("document.querySelector('.assistant').textContent")
                                .asText())
                        .startsWith("I answer questions");
                assertThat(browser.evaluate("document.querySelectorAll('.talk .assistant').length")
                                .asInt())
                        .isEqualTo(4);
                assertThat(browser.evaluate("document.querySelectorAll('.talk .user')[1].textContent")
                                .asText())
                        .isEqualTo(HOSTILE);
                assertThat(browser.evaluate("document.images.length + document.querySelectorAll('b').length")
                                .asInt())
                        .isZero();
                assertThat(browser.evaluate("document.documentElement.scrollWidth")
                                .asInt())
                        .isEqualTo(width);
                assertThat(browser.evaluate(
                                        "[...document.querySelectorAll('body *')].filter(e => !e.closest('.talk') &&"
                                                + " e.getBoundingClientRect().right > innerWidth + 1).map(e => e.id ||"
                                                + " e.tagName).join()")
                                .asText())
                        .isEmpty();
                // What is written and sent is on the screen, without scrolling.
                assertThat(browser.evaluate(
                                        "document.getElementById('send').getBoundingClientRect().bottom <= innerHeight")
                                .asBoolean())
                        .isTrue();
                browser.screenshot(pictures.resolve("width-" + width + ".png"), 0, 800, width);
            }
            browser.evaluate("document.getElementById('settings').open = true");
            browser.screenshot(pictures.resolve("settings.png"), 0, 800, 390);
            assertThat(browser.evaluate("document.getElementById('key').offsetHeight")
                            .asInt())
                    .isZero();
            browser.evaluate("document.getElementById('clear').click()");
            assertThat(browser.evaluate("document.querySelectorAll('.talk p').length")
                            .asInt())
                    .isZero();
            assertThat(browser.complaints()).isEmpty();
            assertThat(browser.requests()).allMatch(url -> url.startsWith(server.url + "/"));
        }
    }

    @Test
    void aKeyIsAskedFor() throws Exception {
        assumeTrue(Browser.program().isPresent(), "skipped: no chromium on the PATH");
        try (TestServer server = TestServer.with().key("sesame").open();
                Browser browser = new Browser(Browser.program().orElseThrow(), folder.resolve("profile"))) {
            browser.open(server.url + "/", 1280, 800, false);
            await(browser, "!document.getElementById('notice').hidden");
            assertThat(browser.evaluate("document.getElementById('key').offsetHeight > 0")
                            .asBoolean())
                    .isTrue();
            for (String key : List.of("wrong", "sesame")) {
                browser.evaluate("document.getElementById('key').value = '" + key
                        + "'; document.getElementById('key').dispatchEvent(new Event('change'))");
                await(
                        browser,
                        key.equals("wrong")
                                ? "document.getElementById('notice').textContent.includes('does not know')"
                                : "document.getElementById('notice').hidden &&"
                                        + " document.querySelectorAll('option').length === 2");
            }
            say(browser, "Hello!");
            assertThat(browser.evaluate("document.querySelectorAll('.assistant').length")
                            .asInt())
                    .isEqualTo(2);
        }
    }
}
