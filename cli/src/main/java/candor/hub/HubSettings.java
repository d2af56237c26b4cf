package candor.hub;

import candor.BadInput;
import candor.io.IoReason;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where the Hub is, where its files are kept, and who asks: by the variables that Hugging Face's own tools go by
 * (huggingface.co/docs/huggingface_hub/package_reference/environment_variables), so that both find the same.
 *
 * @param endpoint without a slash at its end
 * @param cache the folder of repositories
 * @param token of the user, where there is one
 * @param offline whether nothing may be asked of a network
 * @param symlinks whether files of a snapshot are links
 * @param patience how long a server may say nothing
 */
public record HubSettings(
        URI endpoint, Path cache, Optional<Token> token, boolean offline, boolean symlinks, Duration patience) {
    private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
    private static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(30);
    private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");
    private static final Pattern VARIABLE = Pattern.compile("\\$(?:\\{(\\w+)}|(\\w+))");
    private static final long MOST_TOKEN_BYTES = 8192;

    /**
     * As a process has them.
     *
     * @param environment its variables
     * @param home the user's folder
     */
    public static HubSettings of(Map<String, String> environment, Path home) {
        Variables variables = new Variables(environment, home);
        Path caches = variables.folder("XDG_CACHE_HOME", home.resolve(".cache"));
        Path ours = variables.folder("HF_HOME", caches.resolve("huggingface"));
        Path cache = variables.folder("HF_HUB_CACHE", variables.folder("HUGGINGFACE_HUB_CACHE", ours.resolve("hub")));
        return new HubSettings(
                endpoint(variables.text("HF_ENDPOINT").orElse(DEFAULT_ENDPOINT)),
                cache,
                token(variables, ours),
                variables.yes("HF_HUB_OFFLINE") || variables.yes("TRANSFORMERS_OFFLINE"),
                !variables.yes("HF_HUB_DISABLE_SYMLINKS"),
                variables.seconds("HF_HUB_DOWNLOAD_TIMEOUT").orElse(DEFAULT_PATIENCE));
    }

    /** The page of a repository, for people. */
    String page(RepoName repo) {
        return endpoint + "/" + repo.kind().prefix() + repo.name();
    }

    private static URI endpoint(String given) {
        try {
            URI uri = new URI(given.replaceAll("/+$", ""));
            if (!HubClient.isWeb(uri)
                    || uri.getUserInfo() != null
                    || uri.getQuery() != null
                    || uri.getFragment() != null) {
                throw noEndpoint(null);
            }
            return uri;
        } catch (URISyntaxException e) {
            throw noEndpoint(e);
        }
    }

    /** Without the value, in which some people put a password. */
    private static BadInput noEndpoint(Throwable cause) {
        return new BadInput(
                "HF_ENDPOINT: must be an address of the form https://HOST, without a name, password, question mark"
                        + " or number sign in it; correct it, or unset it for " + DEFAULT_ENDPOINT,
                cause);
    }

    private static Optional<Token> token(Variables variables, Path home) {
        if (variables.yes("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
            return Optional.empty();
        }
        for (String name : new String[] {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
            Optional<String> given = variables.text(name);
            if (given.isPresent()) {
                return Optional.of(new Token(given.get(), name));
            }
        }
        Path file = variables.folder("HF_TOKEN_PATH", home.resolve("token"));
        try {
            if (!Files.isRegularFile(file)) {
                return Optional.empty();
            }
            if (Files.size(file) > MOST_TOKEN_BYTES) {
                throw new BadInput(file + ": is too large for a token; write the token alone into it");
            }
            String text = Files.readString(file).strip();
            return text.isEmpty() ? Optional.empty() : Optional.of(new Token(text, file.toString()));
        } catch (IOException e) {
            throw new BadInput(
                    file + ": the token cannot be read (" + IoReason.of(e) + "); correct that, or set HF_TOKEN", e);
        }
    }

    private record Variables(Map<String, String> environment, Path home) {
        Optional<String> text(String name) {
            return Optional.ofNullable(environment.get(name)).map(String::strip).filter(text -> !text.isEmpty());
        }

        boolean yes(String name) {
            return text(name)
                    .filter(text -> TRUE.contains(text.toUpperCase(Locale.ROOT)))
                    .isPresent();
        }

        Optional<Duration> seconds(String name) {
            return text(name).map(text -> {
                if (!text.matches("[1-9][0-9]{0,5}")) {
                    throw new BadInput(name + ": must be a whole number of seconds, not " + text);
                }
                return Duration.ofSeconds(Long.parseLong(text));
            });
        }

        /** A folder's or file's path; "~" and variables in it count as a shell has them. */
        Path folder(String name, Path otherwise) {
            Optional<String> given = text(name);
            if (given.isEmpty()) {
                return otherwise;
            }
            Matcher variable = VARIABLE.matcher(given.get());
            String path = variable.replaceAll(found -> {
                String inner = found.group(1) == null ? found.group(2) : found.group(1);
                return Matcher.quoteReplacement(environment.getOrDefault(inner, found.group()));
            });
            try {
                return path.equals("~") || path.startsWith("~/")
                        ? home.resolve(path.substring(Math.min(2, path.length())))
                        : Path.of(path);
            } catch (InvalidPathException e) {
                throw new BadInput(name + ": is not a path; correct it", e);
            }
        }
    }
}
