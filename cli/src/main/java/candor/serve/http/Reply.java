package candor.serve.http;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An answer that is whole.
 *
 * @param type    its content type
 * @param headers more header lines
 */
public record Reply(int status, String type, byte[] body, Map<String, String> headers) {
    public static Reply json(int status, String body) {
        return new Reply(status, "application/json", body.getBytes(StandardCharsets.UTF_8), Map.of());
    }

    /** The same with one more header line. */
    public Reply with(String header, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, value);
        return new Reply(status, type, body, more);
    }
}
