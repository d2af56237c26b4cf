package candor.model;

import candor.io.AtomicFile;
import candor.model.SafetensorsWriter.Spec;
import candor.tensor.Tensor;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes the weights of a checkpoint in Hugging Face's layout: one {@code model.safetensors}, or shards {@code
 * model-00001-of-0000N.safetensors} with an index. One tensor is in memory at a time.
 */
public final class CheckpointWriter {
    /** Where the tensors come from. */
    public interface Source {
        /** A tensor of the type and shape that was said; it may be made in the arena, which is closed once it is written. */
        Tensor tensor(Spec spec, Arena arena);
    }

    private CheckpointWriter() {}

    /**
     * Writes the tensors.
     *
     * @param folder     an existing folder
     * @param specs      what there is, in the order of the shards
     * @param shardBytes a shard holds no more, but for a tensor that is larger by itself
     * @throws candor.BadInput where it cannot be written
     */
    public static void write(Path folder, List<Spec> specs, long shardBytes, Source source) {
        List<List<Spec>> shards = shards(specs, shardBytes);
        if (shards.size() == 1) {
            write(folder.resolve(ModelFolder.WEIGHTS), specs, source);
            return;
        }
        Map<String, String> shardOf = new TreeMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String name = String.format("model-%05d-of-%05d.safetensors", i + 1, shards.size());
            write(folder.resolve(name), shards.get(i), source);
            shards.get(i).forEach(spec -> shardOf.put(spec.name(), name));
        }
        long bytes = specs.stream().mapToLong(Spec::bytes).sum();
        AtomicFile.write(folder.resolve(ModelFolder.INDEX), index(shardOf, bytes));
    }

    private static List<List<Spec>> shards(List<Spec> specs, long shardBytes) {
        List<List<Spec>> shards = new ArrayList<>();
        long left = 0;
        for (Spec spec : specs) {
            if (shards.isEmpty() || spec.bytes() > left) {
                shards.add(new ArrayList<>());
                left = shardBytes;
            }
            shards.getLast().add(spec);
            left -= spec.bytes();
        }
        return shards;
    }

    private static void write(Path file, List<Spec> specs, Source source) {
        try (SafetensorsWriter writer = new SafetensorsWriter(file, specs)) {
            for (Spec spec : writer.order()) {
                try (Arena arena = Arena.ofShared()) {
                    writer.write(source.tensor(spec, arena));
                }
            }
            writer.commit();
        }
    }

    private static byte[] index(Map<String, String> shardOf, long bytes) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeObjectFieldStart("metadata");
            json.writeNumberField("total_size", bytes);
            json.writeEndObject();
            json.writeObjectFieldStart("weight_map");
            for (Map.Entry<String, String> entry : shardOf.entrySet()) {
                json.writeStringField(entry.getKey(), entry.getValue());
            }
            json.writeEndObject();
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toByteArray();
    }
}
