package candor.hub;

import candor.BadInput;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A file of a repository at a commit, as the Hub lists it.
 *
 * @param path with slashes
 * @param size in bytes
 * @param blob git's name of it, or, of a large file, of the pointer to it
 * @param sha256 of a large file, which git-lfs keeps; null for one that git itself keeps
 * @param xet another name of a large file, which Hugging Face's own tools want to find in the cache; or null
 */
record RepoFile(String path, long size, String blob, String sha256, String xet) {
    private static final Pattern GIT = Pattern.compile("[0-9a-f]{40}");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    private static final int LONGEST_PATH = 500;
    private static final int LONGEST_NAME = 200;

    /** Larger than any file on the Hub: sums of sizes stay far from overflow. */
    private static final long MOST_BYTES = 1L << 44;

    /** Names that are devices somewhere, whatever stands behind a dot. */
    private static final Set<String> RESERVED = Set.of("con", "prn", "aux", "nul");

    RepoFile {
        if (size < 0 || size > MOST_BYTES) {
            throw new BadInput(shown(path) + ": the server says that it is " + size + " bytes long, which cannot be");
        }
        if (!GIT.matcher(blob).matches()
                || (sha256 != null && !SHA256.matcher(sha256).matches())
                || (xet != null && !SHA256.matcher(xet).matches())) {
            throw new BadInput(shown(path) + ": the server gives a hash of it that is none");
        }
    }

    /** What the cache names its content by. */
    String etag() {
        return sha256 == null ? blob : sha256;
    }

    boolean isLarge() {
        return sha256 != null;
    }

    /** The name without its folders. */
    String fileName() {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /** Refuses a path from a server or a user that could lead anywhere but below the folder of its repository. */
    static void checkInside(String repo, String path) {
        if (path.isEmpty() || path.startsWith("/") || path.contains("\\")) {
            throw bad(repo, path, "could lead out of the folder");
        }
        if (path.codePoints().anyMatch(RepoFile::isUnseen)) {
            throw bad(repo, path, "has characters that cannot be seen");
        }
        for (String part : path.split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                throw bad(repo, path, "could lead out of the folder");
            }
        }
    }

    /** Half a surrogate pair is no character at all: no file can have it in its name. */
    private static boolean isUnseen(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        };
    }

    /** Refuses a path of a file that is wanted here, where it leads out, or where not every system could have it. */
    static void checkPath(String repo, String path) {
        checkInside(repo, path);
        if (path.length() > LONGEST_PATH) {
            throw bad(repo, path, "is longer than " + LONGEST_PATH + " characters");
        }
        for (String part : path.split("/")) {
            String bare = part.toLowerCase(Locale.ROOT).replaceFirst("\\..*", "");
            if (RESERVED.contains(bare) || bare.matches("(com|lpt)[0-9]")) {
                throw bad(repo, path, "is reserved on some systems");
            }
            if (part.length() > LONGEST_NAME || part.contains(":") || part.endsWith(".") || part.endsWith(" ")) {
                throw bad(repo, path, "not every system can have");
            }
        }
        try {
            Path.of(path);
        } catch (InvalidPathException e) {
            throw bad(repo, path, "this system cannot have (set LC_ALL to a locale with UTF-8)");
        }
    }

    private static BadInput bad(String repo, String path, String what) {
        return new BadInput(repo + ": has a file with the name " + shown(path) + ", which " + what
                + "; nothing of it is downloaded");
    }

    private static String shown(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }
}
