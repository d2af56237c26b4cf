package candor.io;

import candor.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * A folder that came from somewhere else, and whose files are opened by name: neither a name nor a link behind it may
 * lead out of it. One case is let through: in Hugging Face's download cache, {@code snapshots/REVISION} holds links
 * into {@code blobs} beside {@code snapshots}, and what lies there may be a link into the {@code blobs} that all repositories of
 * the cache share.
 */
public final class SafeFolder {
    private final Path path;
    private final Path real;

    private SafeFolder(Path path, Path real) {
        this.path = path;
        this.real = real;
    }

    /**
     * The folder at a path.
     *
     * @param wanted what folder that should be, for the message where there is none: "the folder of a model"
     */
    public static SafeFolder at(Path path, String wanted) {
        if (!Files.exists(path)) {
            throw new BadInput(path + ": no such folder; give " + wanted);
        }
        if (!Files.isDirectory(path)) {
            throw new BadInput(path + ": is a file, expected a folder; give " + wanted);
        }
        if (!Files.isExecutable(path)) {
            throw new BadInput(path + ": may not be entered; change its permissions");
        }
        try {
            return new SafeFolder(path, path.toRealPath());
        } catch (IOException e) {
            throw InputFile.unreadable(path, e);
        }
    }

    public Path path() {
        return path;
    }

    /** Whether there is something of this name, which must be a plain one. */
    public boolean has(String name) {
        return Files.exists(path.resolve(name));
    }

    /**
     * The path of a file, by its name within this folder; whether it exists is not looked at.
     *
     * @throws BadInput where the name, or a link behind it, leads out of the folder
     */
    public Path file(String name) {
        Path relative;
        try {
            relative = Path.of(name);
        } catch (InvalidPathException e) {
            throw bad(name, "is not a file name");
        }
        if (name.isEmpty() || relative.isAbsolute() || name.startsWith("/") || name.contains("\\")) {
            throw bad(name, "is not a name within the folder");
        }
        for (Path part : relative) {
            if (part.toString().equals("..")) {
                throw bad(name, "points outside the folder");
            }
        }
        Path file = path.resolve(relative);
        try {
            if (Files.exists(file) && !allowed(file.toRealPath())) {
                throw bad(name, "is a link that points outside the folder");
            }
        } catch (IOException e) {
            throw InputFile.unreadable(file, e);
        }
        return file;
    }

    private boolean allowed(Path target) {
        if (target.startsWith(real)) {
            return true;
        }
        Path snapshots = real.getParent();
        if (snapshots == null || !snapshots.endsWith("snapshots")) {
            return false;
        }
        Path repository = snapshots.getParent();
        return target.startsWith(snapshots.resolveSibling("blobs"))
                || (HubSnapshot.isRepository(repository) && target.startsWith(repository.resolveSibling("blobs")));
    }

    private BadInput bad(String name, String what) {
        return new BadInput(
                path + ": the file " + JsonFile.shorten(name) + " " + what + "; use a folder that holds its own files");
    }
}
