package candor.hub;

import candor.BadInput;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A repository on the Hub, at a revision, and maybe a file or folder in it: {@code [hf://][datasets/]ORG/NAME[@REVISION][/PATH]}.
 *
 * @param name ORG/NAME
 * @param revision a branch, a tag or a commit
 * @param path within the repository, with slashes; empty for all of it
 */
public record RepoName(RepoKind kind, String name, String revision, String path) {
    /** The branch of a repository that nobody named a revision of. */
    static final String MAIN = "main";

    private static final String SCHEME = "hf://";

    /** What the Hub allows in a name (huggingface_hub, validate_repo_id). */
    private static final String PART = "[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?";

    /** Of revisions with a slash in them only those that the Hub itself makes are told from a path. */
    private static final Pattern FORM = Pattern.compile("(" + PART + "/" + PART + ")"
            + "(?:@(refs/pr/[0-9]{1,9}|refs/convert/[A-Za-z]{1,20}|[^/@\\s]{1,200}))?(?:/(.*))?");

    private static final Pattern REVISION = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._+/-]{0,199}");

    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

    public RepoName {
        if (name.contains("--") || name.contains("..")) {
            throw new BadInput(name + ": names on the Hub have neither -- nor .. in them; check the name");
        }
        if (!REVISION.matcher(revision).matches()
                || revision.contains("..")
                || revision.contains("//")
                || revision.endsWith("/")
                || revision.endsWith(".lock")) {
            throw new BadInput(name + ": " + shown(revision) + " is not a revision; give a branch, a tag or a commit");
        }
        if (!path.isEmpty()) {
            RepoFile.checkPath(name, path);
        }
    }

    /**
     * What a command line says where nothing but a repository can be meant.
     *
     * @param kind what it is where the text does not say
     */
    public static RepoName of(RepoKind kind, String text) {
        return read(kind, text)
                .orElseThrow(() -> new BadInput(shown(text)
                        + ": is not a name on the Hub; give ORG/NAME, or ORG/NAME@REVISION, such as Qwen/Qwen3-0.6B"));
    }

    /**
     * A repository, where a text that may as well be a local path means one: it has the form of a name, and neither it nor its first
     * part is here. {@code hf://} in front says so in any case.
     */
    public static Optional<RepoName> meant(RepoKind kind, String text) {
        if (text.startsWith(SCHEME)) {
            return Optional.of(of(kind, text));
        }
        Optional<RepoName> read = FORM.matcher(text).matches() ? read(kind, text) : Optional.empty();
        return read.filter(repo -> !here(text) && !here(text.substring(0, text.indexOf('/'))));
    }

    /** Whether a plain text could be a name, though something here has its path. */
    static boolean ambiguous(String text) {
        return FORM.matcher(text).matches() && here(text);
    }

    private static boolean here(String text) {
        try {
            return Files.exists(Path.of(text));
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private static Optional<RepoName> read(RepoKind given, String text) {
        boolean scheme = text.startsWith(SCHEME);
        String rest = scheme ? text.substring(SCHEME.length()) : text;
        RepoKind kind = given;
        for (RepoKind each : RepoKind.values()) {
            String prefix = each.plural() + "/";
            if (rest.startsWith(prefix) && rest.indexOf('/', prefix.length()) > 0) {
                kind = each;
                rest = rest.substring(prefix.length());
                break;
            }
        }
        Matcher form = FORM.matcher(rest);
        if (!form.matches()) {
            return Optional.empty();
        }
        String revision = form.group(2) == null ? MAIN : form.group(2).replace("%2F", "/");
        return Optional.of(new RepoName(kind, form.group(1), revision, form.group(3) == null ? "" : form.group(3)));
    }

    /** The same at another revision. */
    public RepoName at(String other) {
        return new RepoName(kind, name, other, path);
    }

    /** The same as another kind. */
    RepoName as(RepoKind other) {
        return new RepoName(other, name, revision, path);
    }

    /** The whole of it. */
    RepoName whole() {
        return new RepoName(kind, name, revision, "");
    }

    boolean isMain() {
        return revision.equals(MAIN);
    }

    /** Whether the revision is a commit by its whole name, which never means another. */
    boolean isCommit() {
        return isCommit(revision);
    }

    static boolean isCommit(String revision) {
        return COMMIT.matcher(revision).matches();
    }

    /** The folder that the cache calls a repository's. */
    String folder() {
        return kind.plural() + "--" + name.replace("/", "--");
    }

    private static String shown(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }

    /** As a user writes it. */
    @Override
    public String toString() {
        return name + (isMain() ? "" : "@" + revision) + (path.isEmpty() ? "" : "/" + path);
    }
}
