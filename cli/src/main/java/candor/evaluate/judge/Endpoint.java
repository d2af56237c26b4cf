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
 * @param tokenField how the endpoint calls the bound on new tokens
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
        String tokenField,
        int concurrency,
        int retries,
        Duration firstDelay,
        Duration timeout) {
    private static final String PATH = "/chat/completions";

    public Endpoint {
        if (concurrency < 1 || concurrency > 256) {
            throw new BadInput("--judge-concurrency " + concurrency + ": must be from 1 to 256");
        }
        if (retries < 0) {
            throw new BadInput("--judge-retries " + retries + ": must not be negative");
        }
        if (model.isBlank()) {
            throw new BadInput("--judge-model is empty: name the model that the endpoint shall judge with");
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
            throw new BadInput("--judge-url is no URL; give one such as https://api.example.com/v1", e);
        }
        String scheme = Optional.ofNullable(uri.getScheme()).orElse("").toLowerCase(Locale.ROOT);
        if (!(scheme.equals("http") || scheme.equals("https")) || uri.getHost() == null) {
            throw new BadInput("--judge-url is no http or https URL; give one such as https://api.example.com/v1");
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
