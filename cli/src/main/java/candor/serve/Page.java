package candor.serve;

import candor.serve.http.Reply;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;

/** The page to chat on: three files of ours, and a policy under which it can load and ask nothing else. */
final class Page {
    /** By path: the file, and its type. */
    private static final Map<String, Map.Entry<String, String>> FILES = Map.of(
            "/", Map.entry("chat.html", "text/html; charset=utf-8"),
            "/chat.css", Map.entry("chat.css", "text/css; charset=utf-8"),
            "/chat.js", Map.entry("chat.js", "text/javascript; charset=utf-8"));

    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
            + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private Page() {}

    static boolean has(String path) {
        return FILES.containsKey(path);
    }

    static Reply reply(String path) {
        Map.Entry<String, String> file = FILES.get(path);
        return new Reply(200, file.getValue(), read(file.getKey()), Map.of())
                .with("Content-Security-Policy", POLICY)
                .with("Referrer-Policy", "no-referrer")
                .with("Cross-Origin-Opener-Policy", "same-origin");
    }

    private static byte[] read(String name) {
        try (InputStream in = Page.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
