package candor.watch;

import candor.report.html.Element;
import candor.serve.http.Reply;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The page as bytes: a document that is whole without its script and then comes anew every few seconds, and with the script fetches the
 * parts that have changed. A policy lets it load and ask nothing but its own four paths.
 */
final class WatchPage {
    /** The header by which the script says which parts it has: {@code id=hash}, with commas between. */
    static final String HAVE = "x-candor-have";

    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
            + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static final String HTML = "text/html; charset=utf-8";

    private final Board board;

    WatchPage(Board board) {
        this.board = board;
    }

    Reply whole() {
        StringBuilder out = new StringBuilder("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                + "<meta name=\"color-scheme\" content=\"light dark\">\n"
                + "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n"
                + "<link rel=\"stylesheet\" href=\"/watch.css\">\n<script src=\"/watch.js\" defer></script>\n");
        Element.of("title", "Candor: " + board.title()).write(out);
        out.append("\n</head>\n<body>\n");
        Element.of(
                        "header",
                        Element.of("h1", "Candor at work"),
                        Element.of("p", board.title()).cls("soft"),
                        Element.of("p", "")
                                .attr("id", "state")
                                .attr("role", "status")
                                .cls("soft"))
                .cls("top")
                .write(out);
        out.append("\n<main id=\"parts\">\n");
        board.parts().forEach(part -> out.append(part.html()).append('\n'));
        out.append("</main>\n</body>\n</html>\n");
        return guarded(reply(HTML, out.toString()));
    }

    /** All parts in their order, and those whole that the reader has not as they are. */
    Reply changed(String have) {
        Map<String, String> known = new HashMap<>();
        for (String each : have.split(",")) {
            String[] pair = each.strip().split("=", 2);
            if (pair.length == 2) {
                known.put(pair[0], pair[1]);
            }
        }
        List<Part> parts = board.parts();
        ArrayNode list = JsonNodeFactory.instance.arrayNode();
        for (Part part : parts) {
            ObjectNode one = list.addObject().put("id", part.id()).put("hash", part.hash());
            if (!part.hash().equals(known.get(part.id()))) {
                one.put("html", part.html());
            }
        }
        return guarded(Reply.json(200, list.toString()));
    }

    Reply style() {
        return guarded(
                reply("text/css; charset=utf-8", text("/candor/report/report.css") + text("/candor/watch/watch.css")));
    }

    Reply script() {
        return guarded(reply("text/javascript; charset=utf-8", text("/candor/watch/watch.js")));
    }

    private static Reply guarded(Reply reply) {
        return reply.with("Content-Security-Policy", POLICY)
                .with("Referrer-Policy", "no-referrer")
                .with("Cross-Origin-Opener-Policy", "same-origin")
                .with("Cross-Origin-Resource-Policy", "same-origin");
    }

    private static Reply reply(String type, String text) {
        return new Reply(200, type, text.getBytes(StandardCharsets.UTF_8), Map.of());
    }

    private static String text(String resource) {
        try (InputStream in = WatchPage.class.getResourceAsStream(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
