package candor.report.html;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HtmlTest {
    @Test
    void textIsOnlyText() {
        assertThat(Element.of("p", "<script>alert(1)</script> & 'x' \"y\"").toString())
                .isEqualTo("<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#39;x&#39; &quot;y&quot;</p>");
        assertThat(Element.of("p", "a").attr("title", "\"><b x='").toString())
                .isEqualTo("<p title=\"&quot;&gt;&lt;b x=&#39;\">a</p>");
        assertThat(Element.of("p", List.of("a", Element.of("b", 3))).toString()).isEqualTo("<p>a<b>3</b></p>");
    }

    @ParameterizedTest
    @ValueSource(strings = {"onclick", "style", "src", "srcset", "onload", "xlink:href", "formaction", "href"})
    void nothingRunsOrFetches(String attribute) {
        assertThatThrownBy(() -> Element.of("p").attr(attribute, "javascript:alert(1)"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"script", "SCRIPT", "style", "iframe", "img", "link", "form", "p onclick", "p>"})
    void norIsAnElement(String name) {
        assertThatThrownBy(() -> Element.of(name)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void linksStayInTheDocument() {
        assertThat(Element.of("a", "x").attr("href", "#here").toString()).isEqualTo("<a href=\"#here\">x</a>");
        assertThatThrownBy(() -> Element.of("a").attr("href", "https://example.org"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(Element.link("x", "a b", "c-1.csv").toString()).isEqualTo("<a href=\"a%20b/c-1.csv\">x</a>");
        assertThat(Element.link("x", "javascript:alert(1)", "c.csv").toString())
                .isEqualTo("<a href=\"javascript%3Aalert%281%29/c.csv\">x</a>");
        for (String file : List.of("../c.csv", "c.html", "C.csv", "a/c.csv")) {
            assertThatThrownBy(() -> Element.link("x", "a", file)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> Element.link("x", "..", "c.csv")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void whatHidesOrTurnsTextIsShown() {
        assertThat(Visible.text("plain\n\tzwölf 😀 ‍")).isEqualTo("plain\n\tzwölf 😀 ‍");
        assertThat(Visible.text("a\u202eb\u2066c\u200b\ufeff")).isEqualTo("a⟨U+202E⟩b⟨U+2066⟩c⟨U+200B⟩⟨U+FEFF⟩");
        assertThat(Visible.text("\u0000\u001b[2J\r\u007f\u0085")).isEqualTo("␀␛[2J␍␡⟨U+0085⟩");
        assertThat(Visible.text("\ud800x\udc00\uffff\ue000")).isEqualTo("\ufffdx\ufffd\ufffd⟨U+E000⟩");
        assertThat(Visible.text(Character.toString(0xe0041))).isEqualTo("⟨U+E0041⟩");
        assertThat(Element.of("p", "\u202e").attr("title", "\u202e").toString()).doesNotContain("\u202e");
    }

    @Test
    void cutsFallBetweenCharacters() {
        assertThat(Visible.cut("😀😀😀", 2)).isEqualTo("😀😀 […1 more characters]");
        assertThat(Visible.cut("abc", 3)).isEqualTo("abc");
        assertThat(Visible.brief("a  long\nlabel", 7)).isEqualTo("a long…");
        assertThat(Visible.brief("short", 7)).isEqualTo("short");
    }

    @Test
    void thePolicyAllowsItsOwnStyleSheetAndNothingElse() throws Exception {
        String page = Page.of("A <title>", ".a{color:red}\n", Element.of("body", Element.of("p", "x")));
        assertThat(page).startsWith("<!doctype html>\n<html lang=\"en\">").contains("<title>A &lt;title&gt;</title>");
        String css = page.substring(page.indexOf("<style>") + 7, page.indexOf("</style>"));
        String hash = Base64.getEncoder()
                .encodeToString(MessageDigest.getInstance("SHA-256").digest(css.getBytes(StandardCharsets.UTF_8)));
        assertThat(page)
                .contains(
                        "default-src &#39;none&#39;; style-src &#39;sha256-" + hash + "&#39;; base-uri &#39;none&#39;");
        assertThat(css).doesNotContain("url(").doesNotContain("@import").endsWith(".a{color:red}\n");
        assertThatThrownBy(() -> Page.of("x", "</style><script>", Element.of("body")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void tablesHaveHeaders() {
        DataTable scores = new DataTable("Scores", 1, List.of("arm", "value")).row("severe", 41.5);
        String table = Element.of("div", scores).toString();
        assertThat(table)
                .contains("<caption>Scores</caption>")
                .contains("<th scope=\"col\">arm</th>")
                .contains("<th scope=\"col\" class=\"number\">value</th>")
                .contains("<th scope=\"row\">severe</th>")
                .contains("<td class=\"number\">41.5</td>")
                .contains("tabindex=\"0\"");
    }
}
