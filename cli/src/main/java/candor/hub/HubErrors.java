package candor.hub;

import candor.BadInput;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;

/** What the Hub's refusals mean, and what there is to do: by their status and the header X-Error-Code. */
final class HubErrors {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern UNSEEN = Pattern.compile("[\\s\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+");
    private static final int MOST_SHOWN = 200;
    private static final String TOKENS = "https://huggingface.co/settings/tokens";

    /** There is no such repository, or it is hidden: the Hub does not tell the two apart. */
    static final class NoRepository extends BadInput {
        private static final long serialVersionUID = 1L;

        NoRepository(String message) {
            super(message);
        }
    }

    /** There is no such revision of a repository. */
    static final class NoRevision extends BadInput {
        private static final long serialVersionUID = 1L;

        NoRevision(String message) {
            super(message);
        }
    }

    private final HubSettings settings;

    HubErrors(HubSettings settings) {
        this.settings = settings;
    }

    /**
     * A refusal that will not pass.
     *
     * @param path of the file that was asked for, or null
     * @param body of the answer, as far as it was read
     */
    BadInput of(RepoName repo, String path, int status, HttpHeaders headers, byte[] body) {
        String code = headers.firstValue("X-Error-Code").orElse("");
        String said = said(headers, body);
        Optional<Token> token = settings.token();
        boolean invalid = status == 401 && token.isPresent() && (said.startsWith("Invalid") || code.isEmpty());
        if (code.equals("GatedRepo")) {
            return gated(repo, token);
        }
        if (invalid) {
            return new BadInput(repo.name() + ": " + settings.endpoint() + " does not know " + token.get()
                    + "; make one at " + TOKENS + " that may read, or leave it out if the repository is public");
        }
        if (code.equals("RevisionNotFound")) {
            return new NoRevision(repo.name() + ": has no revision " + repo.revision() + "; choose one of "
                    + settings.page(repo) + "/commits/main");
        }
        if (code.equals("EntryNotFound") || (status == 404 && path != null && code.isEmpty())) {
            return new BadInput(repo.whole() + ": has no file " + path + "; choose one of " + settings.page(repo)
                    + "/tree/" + repo.revision());
        }
        if (code.equals("RepoNotFound") || status == 401 || status == 404) {
            return new NoRepository(repo.name() + ": there is no such "
                    + repo.kind().said() + " on "
                    + settings.endpoint() + ", or it is private; check the name, "
                    + token.map(known -> "or ask its owner for access: the account of " + known + " may not read it")
                            .orElse("or set HF_TOKEN to a token of an account that may read it (" + TOKENS + ")"));
        }
        if (status == 403) {
            return new BadInput(repo.name() + ": " + settings.endpoint() + " refuses access" + told(said) + "; "
                    + token.map(known -> "check what " + known + " may do, at " + TOKENS)
                            .orElse("set HF_TOKEN to a token that may do this (" + TOKENS + ")"));
        }
        return new BadInput(repo.name() + ": " + settings.endpoint() + " answers with status " + status + told(said));
    }

    private BadInput gated(RepoName repo, Optional<Token> token) {
        String page = settings.page(repo);
        return new BadInput(
                token.isEmpty()
                        ? repo.name() + ": is gated; sign in and accept its terms at " + page
                                + ", make a token of that account at " + TOKENS + ", and set HF_TOKEN to it"
                        : repo.name() + ": is gated, and the account of " + token.get()
                                + " has no access yet; accept its terms at " + page
                                + " (its owner may have to agree), and see that the token may read gated repositories");
    }

    /** Whether a status is one that may be another in a while. */
    static boolean passes(int status) {
        return status == 408 || status == 425 || status == 429 || status >= 500;
    }

    /** What the server says in words, as they may be shown. */
    String said(HttpHeaders headers, byte[] body) {
        return shown(headers.firstValue("X-Error-Message").orElseGet(() -> message(body)));
    }

    /** A server's words in one line, without the token, shortened, and without what a terminal would obey. */
    String shown(String words) {
        String text = UNSEEN.matcher(words).replaceAll(" ").strip();
        String hidden = settings.token().map(token -> token.hide(text)).orElse(text);
        return hidden.length() <= MOST_SHOWN ? hidden : hidden.substring(0, MOST_SHOWN) + "…";
    }

    private static String message(byte[] body) {
        try {
            JsonNode json = JSON.readTree(body);
            return json == null
                    ? ""
                    : json.path("error").asText(json.path("message").asText());
        } catch (IOException e) {
            String text = new String(body, StandardCharsets.UTF_8).strip();
            return text.startsWith("<") ? "" : text; // a page for people says nothing in a line
        }
    }

    private static String told(String said) {
        return said.isEmpty() ? "" : " (" + said + ")";
    }
}
