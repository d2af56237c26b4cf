package candor.serve;

import candor.serve.http.Reply;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;

/** An answer that is an error, in OpenAI's shape. */
final class ApiError extends Exception {
    private static final long serialVersionUID = 1L;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final int status;
    private final String type;
    private final String code;
    private final String param;
    private final transient Map<String, String> headers = new LinkedHashMap<>();

    private ApiError(int status, String type, String code, String param, String message) {
        super(message, null, false, false);
        this.status = status;
        this.type = type;
        this.code = code;
        this.param = param;
    }

    /** Whatever the caller can change in the request. */
    static ApiError bad(String param, String message) {
        return new ApiError(400, "invalid_request_error", null, param, message);
    }

    static ApiError tooLong(String param, String message) {
        return new ApiError(400, "invalid_request_error", "context_length_exceeded", param, message);
    }

    static ApiError unknownModel(String message) {
        return new ApiError(404, "invalid_request_error", "model_not_found", "model", message);
    }

    /** Any other request that is not answered. */
    static ApiError refused(int status, String message) {
        return new ApiError(status, "invalid_request_error", null, null, message);
    }

    static ApiError wrongKey(String message) {
        return new ApiError(401, "invalid_request_error", "invalid_api_key", null, message)
                .with("WWW-Authenticate", "Bearer");
    }

    /** Nothing is wrong with the request, but not now. */
    static ApiError notNow(int status, String code, String message, int retryAfterSeconds) {
        return new ApiError(status, status == 429 ? "rate_limit_error" : "server_error", code, null, message)
                .with("Retry-After", Integer.toString(retryAfterSeconds));
    }

    /** Something went wrong here. */
    static ApiError ours(String message) {
        return new ApiError(500, "server_error", null, null, message);
    }

    ApiError with(String header, String value) {
        headers.put(header, value);
        return this;
    }

    /** For a line of the log: nothing that clients made up. */
    String label() {
        return code == null ? type : code;
    }

    int status() {
        return status;
    }

    ObjectNode body() {
        ObjectNode body = JSON.createObjectNode();
        body.putObject("error")
                .put("message", getMessage())
                .put("type", type)
                .put("param", param)
                .put("code", code);
        return body;
    }

    Reply reply() {
        Reply reply = Reply.json(status, body().toString());
        for (Map.Entry<String, String> header : headers.entrySet()) {
            reply = reply.with(header.getKey(), header.getValue());
        }
        return reply;
    }
}
