package candor.serve;

import candor.io.ConstantTime;
import candor.serve.http.Exchange;
import candor.serve.http.OwnSite;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/** Who may ask. */
final class Guard {
    private static final String BEARER = "Bearer ";

    private final Optional<byte[]> key;
    private final boolean localHostsOnly;

    Guard(Optional<String> key, boolean localHostsOnly) {
        this.key = key.map(text -> text.getBytes(StandardCharsets.UTF_8));
        this.localHostsOnly = localHostsOnly;
    }

    /** See {@link OwnSite}. */
    void requireHost(Exchange exchange) throws ApiError {
        Optional<String> refusal = OwnSite.refusal(exchange, localHostsOnly);
        if (refusal.isPresent()) {
            throw ApiError.refused(403, refusal.get());
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
