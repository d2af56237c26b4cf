package candor.model;

import candor.BadInput;
import candor.io.SafeFolder;
import java.nio.file.Path;

/**
 * A folder with a checkpoint in Hugging Face's layout: {@code config.json}, and {@code model.safetensors} or {@code
 * model.safetensors.index.json} with its shards.
 */
public final class ModelFolder {
    /** The file that makes a folder a model. */
    public static final String CONFIG = "config.json";

    static final String WEIGHTS = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    private final SafeFolder folder;

    private ModelFolder(SafeFolder folder) {
        this.folder = folder;
    }

    /** The checkpoint in a folder; a {@link BadInput} where there is no folder, or none with a {@code config.json}. */
    public static ModelFolder at(Path path) {
        SafeFolder folder = SafeFolder.at(path, "the folder of a model, with " + CONFIG + " and " + WEIGHTS);
        if (!folder.has(CONFIG)) {
            throw new BadInput(path + ": is not a checkpoint: it has no " + CONFIG
                    + "; give the folder of a model in Hugging Face's layout");
        }
        return new ModelFolder(folder);
    }

    public Path path() {
        return folder.path();
    }

    /** Its files, by name. */
    public SafeFolder files() {
        return folder;
    }

    /** Whether there is a file of this name. */
    public boolean has(String name) {
        return folder.has(name);
    }

    /** The path of a file by its name within the folder; see {@link SafeFolder#file}. */
    public Path file(String name) {
        return folder.file(name);
    }

    /** Reads {@code config.json}. */
    public ModelConfig config() {
        return ModelConfig.read(configFile());
    }

    /** The path of its {@code config.json}. */
    public Path configFile() {
        return file(CONFIG);
    }
}
