package candor.evaluate.judge;

import candor.BadInput;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * An OpenAI-compatible endpoint and how to ask it.
 *
 * @param uri where requests are posted: …/chat/completions
 * @param key the bearer token, from an environment variable; it goes into one request header and nowhere else
 * @param temperature empty leaves it out, for models that allow none
 * @param reasoningEffort as the API has it, such as "low"; empty leaves it out
 * @param tokenField how the endpoint calls the bound on new tokens; where its error says that it calls it otherwise, that is
 *     taken
 * @param bounded whether the user has said how many tokens an answer may have; else a model that shows by that error
 *     that it reasons is given room for it
 * @param concurrency requests under way at once
 * @param retries how often a request is repeated that was refused for now, broken off, or not understood
 * @param firstDelay before the first repetition; it doubles with each
 * @param timeout of one request, from its start to the last byte of the answer
 */
public record Endpoint(
        URI uri,
        String model,
        Optional<String> key,
        Optional<Double> temperature,
        Optional<String> reasoningEffort,
        String tokenField,
        boolean bounded,
        int concurrency,
        int retries,
        Duration firstDelay,
        Duration timeout) {
    /** The older name of the bound on new tokens, which most servers know. */
    public static final String MAX_TOKENS = "max_tokens";

    /** The newer one, of models that reason: what they think counts. */
    public static final String MAX_COMPLETION_TOKENS = "max_completion_tokens";

    private static final String PATH = "/chat/completions";

    public Endpoint {
        if (concurrency < 1 || concurrency > 256) {
            throw new BadInput("--judge-concurrency " + concurrency + ": must be from 1 to 256");
        }
        if (retries < 0) {
            throw new BadInput("--judge-retries " + retries + ": must not be negative");
        }
        if (model.isBlank()) {
            throw new BadInput("--judge-model is empty: name the model that the endpoint is to judge with");
        }
        reasoningEffort.ifPresent(effort -> {
            if (!effort.matches("[a-z]{1,16}")) {
                throw new BadInput(
                        "--judge-reasoning-effort " + effort + ": must be a word such as minimal, low, medium or high");
            }
        });
        if (!tokenField.equals(MAX_TOKENS) && !tokenField.equals(MAX_COMPLETION_TOKENS)) {
            throw new BadInput(
                    "--judge-token-field " + tokenField + ": must be " + MAX_TOKENS + " or " + MAX_COMPLETION_TOKENS);
        }
        key.ifPresent(secret -> {
            if (secret.chars().anyMatch(c -> c <= ' ' || c > '~')) {
                throw new BadInput("the judge's key holds blanks or characters that no key has; check its variable");
            }
        });
        if (key.isPresent() && uri.getScheme().equals("http") && !isLoopback(uri.getHost())) {
            throw new BadInput(
                    "--judge-url " + uri + ": a key is never sent unencrypted to another machine; use https, or"
                            + " --judge-key-env with a variable that is not set");
        }
    }

    /** The address that requests go to: the URL as users know it ends in /v1. */
    public static URI address(String url) {
        URI uri;
        try {
            uri = new URI(url.strip());
        } catch (URISyntaxException e) {
            throw new BadInput("--judge-url is not a URL; give one such as https://api.example.com/v1", e);
        }
        String scheme = Optional.ofNullable(uri.getScheme()).orElse("").toLowerCase(Locale.ROOT);
        if (!(scheme.equals("http") || scheme.equals("https")) || uri.getHost() == null) {
            throw new BadInput("--judge-url is not an http or https URL; give one such as https://api.example.com/v1");
        }
        if (uri.getRawUserInfo() != null || uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw new BadInput(
                    "--judge-url holds more than scheme, host, port and path: a key belongs into the environment"
                            + " variable of --judge-key-env");
        }
        String path = uri.getRawPath() == null ? "" : uri.getRawPath().replaceAll("/+$", "");
        String full = path.endsWith(PATH) ? path : path + PATH;
        return URI.create(scheme + "://" + uri.getRawAuthority() + full);
    }

    private static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /** A text that came from outside, without the key should it hold it. */
    String redact(String text) {
        return key.map(secret -> text.replace(secret, "***")).orElse(text);
    }

    @Override
    public String toString() {
        return "Endpoint[" + uri + ", " + model + "]"; // a record's own would print the key
    }
}
