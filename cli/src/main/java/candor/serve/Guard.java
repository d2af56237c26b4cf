package candor.serve;

import candor.io.ConstantTime;
import candor.serve.http.Exchange;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Who may ask. */
final class Guard {
    private static final String BEARER = "Bearer ";

    /** A name that others gave out is none of these, whatever address it has. */
    private static final Pattern LOCAL =
            Pattern.compile("(localhost|127(\\.[0-9]{1,3}){3}|\\[(::|(0:){7})1\\])(:[0-9]*)?");

    private final Optional<byte[]> key;
    private final boolean localHostsOnly;

    Guard(Optional<String> key, boolean localHostsOnly) {
        this.key = key.map(text -> text.getBytes(StandardCharsets.UTF_8));
        this.localHostsOnly = localHostsOnly;
    }

    /**
     * A page of another site cannot ask for its reader: one whose name was made to mean this machine sends that name, and any other
     * sends where it is from.
     */
    void requireHost(Exchange exchange) throws ApiError {
        String host = exchange.header("Host").orElse("").toLowerCase(Locale.ROOT);
        if (localHostsOnly && !LOCAL.matcher(host).matches()) {
            throw ApiError.refused(403, "the header Host names another machine: ask for localhost, 127.0.0.1 or [::1]");
        }
        Optional<String> origin = exchange.header("Origin");
        if (origin.isPresent() && !host.equals(authority(origin.get()))) {
            throw ApiError.refused(403, "pages of other sites may not ask here");
        }
    }

    private static String authority(String origin) {
        try {
            return String.valueOf(URI.create(origin).getAuthority()).toLowerCase(Locale.ROOT);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    void requireKey(Exchange exchange) throws ApiError {
        if (key.isEmpty()) {
            return;
        }
        String given = exchange.header("Authorization").orElse("");
        if (!given.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            throw ApiError.wrongKey("an API key is needed: send it as 'Authorization: Bearer KEY'");
        }
        if (!ConstantTime.equal(given.substring(BEARER.length()).getBytes(StandardCharsets.UTF_8), key.get())) {
            throw ApiError.wrongKey("the API key is wrong");
        }
    }

    /** Browsers ask before they send JSON to another site, and are not answered. */
    void requireJson(Exchange exchange) throws ApiError {
        String type = exchange.header("Content-Type").orElse("").toLowerCase(Locale.ROOT);
        if (!type.split(";", 2)[0].strip().equals("application/json")) {
            throw ApiError.refused(415, "the request must be JSON: send it with 'Content-Type: application/json'");
        }
        if (exchange.header("Content-Encoding").isPresent()) {
            throw ApiError.refused(415, "the request must not be compressed");
        }
    }
}
