package candor.model;

import candor.BadInput;
import candor.io.JsonFile;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The tensors of a checkpoint, wherever they lie: in one file, or in the shards that an index lists. */
final class TensorFiles {
    private static final int MOST_SHARDS = 4096;
    private static final String SUFFIX = ".safetensors";
    private static final String AGAIN = "; download the model again";

    private final Map<String, Safetensors> fileOf;

    private TensorFiles(Map<String, Safetensors> fileOf) {
        this.fileOf = Collections.unmodifiableMap(fileOf);
    }

    /** Maps every file of the checkpoint; where both are there, the single file wins over the index, as elsewhere. */
    static TensorFiles open(ModelFolder folder, Arena arena) {
        if (folder.has(ModelFolder.WEIGHTS)) {
            Safetensors file = Safetensors.open(folder.file(ModelFolder.WEIGHTS), arena);
            Map<String, Safetensors> fileOf = new TreeMap<>();
            file.names().forEach(name -> fileOf.put(name, file));
            return new TensorFiles(fileOf);
        }
        if (folder.has(ModelFolder.INDEX)) {
            return new TensorFiles(shards(folder, arena));
        }
        throw new BadInput(folder.path() + ": has neither " + ModelFolder.WEIGHTS + " nor " + ModelFolder.INDEX
                + "; give the folder of a model whose weights are in safetensors format");
    }

    private static Map<String, Safetensors> shards(ModelFolder folder, Arena arena) {
        JsonFile index = JsonFile.read(folder.file(ModelFolder.INDEX));
        Map<String, String> shardOf = index.object("weight_map").allTexts();
        Set<String> shards = new TreeSet<>(shardOf.values());
        if (shards.isEmpty() || shards.size() > MOST_SHARDS) {
            throw new BadInput(
                    index.file() + ": lists " + shards.size() + " shards, expected 1 to " + MOST_SHARDS + AGAIN);
        }
        Map<String, Safetensors> files = new TreeMap<>();
        Map<String, Safetensors> fileOf = new TreeMap<>();
        for (String shard : shards) {
            Safetensors file = Safetensors.open(shardFile(folder, index, shard), arena);
            files.put(shard, file);
            for (String name : file.names()) {
                Safetensors other = fileOf.put(name, file);
                if (other != null) {
                    throw new BadInput(file.file() + ": tensor " + name + " is also in "
                            + other.file().getFileName() + AGAIN);
                }
                if (!shardOf.containsKey(name)) {
                    throw new BadInput(
                            file.file() + ": tensor " + name + " is not listed in " + ModelFolder.INDEX + AGAIN);
                }
            }
        }
        shardOf.forEach((name, shard) -> {
            Safetensors file = fileOf.get(name);
            if (file != files.get(shard)) {
                throw new BadInput(index.file() + ": puts tensor " + JsonFile.shorten(name) + " into " + shard
                        + ", but it is "
                        + (file == null ? "not there" : "in " + file.file().getFileName()) + AGAIN);
            }
        });
        return fileOf;
    }

    private static Path shardFile(ModelFolder folder, JsonFile index, String shard) {
        if (!shard.endsWith(SUFFIX)) {
            throw new BadInput(index.file() + ": lists the shard " + JsonFile.shorten(shard)
                    + ", expected a name that ends in " + SUFFIX + AGAIN);
        }
        Path file = folder.file(shard);
        if (!Files.exists(file)) {
            throw new BadInput(
                    index.file() + ": the shard " + JsonFile.shorten(shard) + " is missing; download it too");
        }
        return file;
    }

    Set<String> names() {
        return fileOf.keySet();
    }

    boolean has(String name) {
        return fileOf.containsKey(name);
    }

    /** The file that holds a tensor which {@link #has} says is there. */
    Safetensors fileOf(String name) {
        return fileOf.get(name);
    }
}
