package candor.io;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a path in Hugging Face's download cache is a copy of: {@code CACHE/models--ORG--NAME/snapshots/COMMIT} is the model ORG/NAME as
 * it was at a commit, and {@code datasets--…} a data set.
 *
 * @param repository ORG/NAME, or NAME of one without an organisation
 * @param commit 40 hexadecimal digits
 */
public record HubSnapshot(String repository, String commit) {
    private static final Pattern REPOSITORY = Pattern.compile("(?:models|datasets)--(.+)");
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

    /** Of a snapshot's folder, or of a file or folder in one; empty elsewhere. */
    public static Optional<HubSnapshot> of(Path path) {
        for (Path at = path.toAbsolutePath().normalize(); at != null; at = at.getParent()) {
            Path snapshots = at.getParent();
            if (snapshots != null && snapshots.endsWith("snapshots") && isRepository(snapshots.getParent())) {
                Matcher name =
                        REPOSITORY.matcher(snapshots.getParent().getFileName().toString());
                String commit = at.getFileName().toString();
                return name.matches() && COMMIT.matcher(commit).matches()
                        ? Optional.of(new HubSnapshot(name.group(1).replace("--", "/"), commit))
                        : Optional.empty();
            }
        }
        return Optional.empty();
    }

    /** Whether a folder has the name of a repository in the cache. */
    static boolean isRepository(Path folder) {
        return folder != null
                && folder.getFileName() != null
                && REPOSITORY.matcher(folder.getFileName().toString()).matches();
    }
}
