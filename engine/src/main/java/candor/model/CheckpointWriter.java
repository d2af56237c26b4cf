package candor.model;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.model.Architecture.Stored;
import candor.model.SafetensorsWriter.Item;
import candor.model.SafetensorsWriter.Spec;
import candor.ops.weight.PackedForm;
import candor.ops.weight.StoredWeight;
import candor.tensor.Tensor;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
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

    /** Where tensors of any type come from. */
    interface Bytes {
        /** The same as bytes, dense. A file's tensors are asked for by falling width of their types, then by name. */
        MemorySegment of(Item item, Arena arena);
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
        writeItems(folder, specs, shardBytes, (item, arena) -> {
            Spec spec = (Spec) item;
            return dense(spec, source.tensor(spec, arena), arena);
        });
    }

    private static MemorySegment dense(Spec spec, Tensor tensor, Arena arena) {
        if (tensor.dtype() != spec.dtype() || tensor.rows() != spec.rows() || tensor.cols() != spec.cols()) {
            throw new IllegalArgumentException(tensor.shape() + " for " + spec);
        }
        long row = (long) tensor.cols() * tensor.dtype().bytes();
        if (tensor.dense()) {
            return tensor.data().asSlice(0, tensor.rows() * row);
        }
        MemorySegment dense = arena.allocate(tensor.rows() * row);
        for (int r = 0; r < tensor.rows(); r++) {
            MemorySegment.copy(tensor.data(), tensor.offset(r, 0), dense, r * row, row);
        }
        return dense;
    }

    /**
     * The same with the weights of linear layers packed. A weight is packed when its first tensor is to be written, and once more for those
     * of another type, so that one is in memory at a time.
     *
     * @param config says which, and how
     */
    public static void writePacked(Path folder, ModelConfig config, List<Spec> specs, long shardBytes, Source source) {
        PackedLayout layout = PackedLayout.of(config.packing().form());
        Map<String, Spec> packed = new HashMap<>();
        List<Item> items = new ArrayList<>();
        for (Spec spec : specs) {
            if (!config.packing().packs(spec)) {
                items.add(spec);
                continue;
            }
            for (Item item : layout.items(Stored.matrix(spec.name(), spec.rows(), spec.cols()))) {
                items.add(item);
                packed.put(item.name(), spec);
            }
        }
        try (PackedParts parts = new PackedParts(layout, config.packing().form(), source)) {
            writeItems(folder, items, shardBytes, (item, arena) -> {
                Spec of = packed.get(item.name());
                if (of != null) {
                    return parts.bytes(of, item.name());
                }
                Spec spec = (Spec) item;
                return dense(spec, source.tensor(spec, arena), arena);
            });
        }
    }

    /** The tensors of the weight that was packed last. */
    private static final class PackedParts implements AutoCloseable {
        private final PackedLayout layout;
        private final PackedForm form;
        private final Source source;
        private final Map<String, MemorySegment> bytes = new HashMap<>();
        private Arena arena;
        private Spec last;

        PackedParts(PackedLayout layout, PackedForm form, Source source) {
            this.layout = layout;
            this.form = form;
            this.source = source;
        }

        MemorySegment bytes(Spec spec, String name) {
            if (!spec.equals(last)) {
                close();
                arena = Arena.ofShared();
                pack(spec);
                last = spec;
            }
            return bytes.get(name);
        }

        private void pack(Spec spec) {
            try (Arena plain = Arena.ofShared()) {
                StoredWeight w = StoredWeight.of(source.tensor(spec, plain));
                for (PackedLayout.Part part : layout.parts(spec.name(), form.pack(w, arena))) {
                    bytes.put(part.name(), part.bytes());
                }
            } catch (BadInput e) {
                throw e.at("tensor " + spec.name());
            }
        }

        @Override
        public void close() {
            bytes.clear();
            last = null;
            if (arena != null) {
                arena.close();
                arena = null;
            }
        }
    }

    /** The same with tensors of any type. */
    static void writeItems(Path folder, List<? extends Item> items, long shardBytes, Bytes source) {
        List<List<Item>> shards = shards(items, shardBytes);
        if (shards.size() == 1) {
            write(folder.resolve(ModelFolder.WEIGHTS), items, source);
            return;
        }
        Map<String, String> shardOf = new TreeMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String name = String.format("model-%05d-of-%05d.safetensors", i + 1, shards.size());
            write(folder.resolve(name), shards.get(i), source);
            shards.get(i).forEach(item -> shardOf.put(item.name(), name));
        }
        long bytes = items.stream().mapToLong(Item::bytes).sum();
        AtomicFile.write(folder.resolve(ModelFolder.INDEX), index(shardOf, bytes));
    }

    private static List<List<Item>> shards(List<? extends Item> items, long shardBytes) {
        List<List<Item>> shards = new ArrayList<>();
        long left = 0;
        for (Item item : items) {
            if (shards.isEmpty() || item.bytes() > left) {
                shards.add(new ArrayList<>());
                left = shardBytes;
            }
            shards.getLast().add(item);
            left -= item.bytes();
        }
        return shards;
    }

    private static void write(Path file, List<? extends Item> items, Bytes source) {
        try (SafetensorsWriter writer = new SafetensorsWriter(file, items)) {
            for (Item item : writer.order()) {
                try (Arena arena = Arena.ofShared()) {
                    writer.writeBytes(source.of(item, arena));
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
