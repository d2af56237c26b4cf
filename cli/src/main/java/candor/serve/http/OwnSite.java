package candor.serve.http;

import java.net.URI;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * That a request is meant for this server. A page of another site cannot ask for its reader: one whose name was made to mean this
 * machine (DNS rebinding) sends that name, and any other sends where it is from.
 */
public final class OwnSite {
    /** A name that others gave out is none of these, whatever address it has. */
    private static final Pattern LOCAL =
            Pattern.compile("(localhost|127(\\.[0-9]{1,3}){3}|\\[(::|(0:){7})1\\])(:[0-9]*)?");

    private OwnSite() {}

    /**
     * Why a request is refused; empty where it is not.
     *
     * @param localHostsOnly whether it must ask for this machine by a name of its own
     */
    public static Optional<String> refusal(Exchange exchange, boolean localHostsOnly) {
        String host = exchange.header("Host").orElse("").toLowerCase(Locale.ROOT);
        if (localHostsOnly && !LOCAL.matcher(host).matches()) {
            return Optional.of("the header Host names another machine: ask for localhost, 127.0.0.1 or [::1]");
        }
        Optional<String> origin = exchange.header("Origin");
        return origin.isPresent() && !host.equals(authority(origin.get()))
                ? Optional.of("pages of other sites may not ask here")
                : Optional.empty();
    }

    private static String authority(String origin) {
        try {
            return String.valueOf(URI.create(origin).getAuthority()).toLowerCase(Locale.ROOT);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }
}
