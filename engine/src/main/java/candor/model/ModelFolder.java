package candor.model;

import candor.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/**
 * A folder with a checkpoint in Hugging Face's layout: {@code config.json}, and {@code model.safetensors} or an index with
 * its shards. No file outside it is opened, but for one case: in Hugging Face's download cache, {@code
 * snapshots/REVISION} holds links into {@code blobs} beside {@code snapshots}.
 */
public final class ModelFolder {
    static final String CONFIG = "config.json";
    static final String WEIGHTS = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    private final Path path;
    private final Path real;

    private ModelFolder(Path path, Path real) {
        this.path = path;
        this.real = real;
    }

    /** The folder at a path; a {@link BadInput} where there is no folder with a {@code config.json}. */
    public static ModelFolder at(Path path) {
        ModelFolder folder = existing(path);
        if (!folder.has(CONFIG)) {
            throw new BadInput(path + ": is not a checkpoint: it has no " + CONFIG
                    + "; give the folder of a model in Hugging Face's layout");
        }
        return folder;
    }

    private static ModelFolder existing(Path path) {
        try {
            if (!Files.exists(path)) {
                throw new BadInput(path + ": no such folder; give the folder of a model, with " + CONFIG);
            }
            if (!Files.isDirectory(path)) {
                throw new BadInput(path + ": is a file; give the folder of a model, with " + CONFIG);
            }
            return new ModelFolder(path, path.toRealPath());
        } catch (NotDirectoryException e) {
            throw new BadInput(path + ": is not a folder; give the folder of a model, with " + CONFIG, e);
        } catch (IOException e) {
            throw InputFile.unreadable(path, e);
        }
    }

    public Path path() {
        return path;
    }

    /** Whether there is a file of this name. */
    public boolean has(String name) {
        return Files.exists(path.resolve(name));
    }

    /** Reads {@code config.json}. */
    public ModelConfig config() {
        return ModelConfig.read(file(CONFIG));
    }

    /**
     * A file of this folder, by its name within it.
     *
     * @throws BadInput where the name, or a link behind it, leads out of the folder
     */
    public Path file(String name) {
        Path relative;
        try {
            relative = Path.of(name);
        } catch (InvalidPathException e) {
            throw outside(name, "is no file name");
        }
        if (name.isEmpty() || relative.isAbsolute() || name.contains("\\") || name.startsWith("/")) {
            throw outside(name, "is not a name within the folder");
        }
        for (Path part : relative) {
            if (part.toString().equals("..")) {
                throw outside(name, "points outside the folder");
            }
        }
        Path file = path.resolve(relative);
        try {
            if (Files.exists(file) && !allowed(file.toRealPath())) {
                throw outside(name, "is a link that points outside the folder");
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
        return snapshots != null
                && snapshots.endsWith("snapshots")
                && target.startsWith(snapshots.resolveSibling("blobs"));
    }

    private BadInput outside(String name, String what) {
        return new BadInput(path + ": the file " + JsonFile.shorten(name) + " " + what
                + "; use a folder that holds its own files");
    }
}
