package candor.report.html;

import candor.io.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * A whole document: one file that fetches nothing and runs nothing, and says so to the browser by a content security policy
 * that allows its own style sheet, by hash, and nothing else.
 */
public final class Page {
    private Page() {}

    /**
     * The document.
     *
     * @param rules of the style sheet that this page alone has, behind those of all; never a stranger's words
     * @param body a {@code body} element
     */
    public static String of(String title, String rules, Element body) {
        String css = css() + rules;
        if (css.contains("<")) {
            throw new IllegalArgumentException("markup in a style sheet");
        }
        Element policy = Element.of("meta")
                .attr("http-equiv", "Content-Security-Policy")
                .attr(
                        "content",
                        "default-src 'none'; style-src 'sha256-" + sha256(css)
                                + "'; base-uri 'none'; form-action 'none'");
        StringBuilder out = new StringBuilder("<!doctype html>\n<html lang=\"en\">\n<head>\n");
        Element.of("meta").attr("charset", "utf-8").write(out);
        out.append('\n');
        policy.write(out);
        out.append('\n');
        Element.of("meta")
                .attr("name", "viewport")
                .attr("content", "width=device-width, initial-scale=1")
                .write(out);
        out.append('\n');
        Element.of("meta")
                .attr("name", "color-scheme")
                .attr("content", "light dark")
                .write(out);
        out.append('\n');
        Element.of("title", title).write(out);
        out.append("\n<style>").append(css).append("</style>\n</head>\n");
        body.write(out);
        return out.append("\n</html>\n").toString();
    }

    private static String css() {
        try (InputStream in = Page.class.getResourceAsStream("/candor/report/report.css")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sha256(String text) {
        return Base64.getEncoder().encodeToString(new Sha256().add(text).sum());
    }
}
