package candor.model;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.SafeFolder;
import candor.tensor.DType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** What a checkpoint has beside its weights: copied from one folder to another. */
public final class SideFiles {
    /** The chat template where it is a file of its own. */
    public static final String TEMPLATE = "chat_template.jinja";

    private static final List<String> TEXT = List.of(
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "tokenizer.model",
            TEMPLATE);

    private static final List<String> OTHERS =
            List.of("config.json", "generation_config.json", "LICENSE", "LICENSE.txt");

    private static final String TEMPLATES = "additional_chat_templates";

    private static final Map<DType, String> TYPES =
            Map.of(DType.F32, "float32", DType.BF16, "bfloat16", DType.F16, "float16");

    private SideFiles() {}

    /**
     * Copies what there is of the known names. A file that is there already is written over.
     *
     * @param to an existing folder
     */
    public static void copy(SafeFolder from, Path to) {
        copy(from, OTHERS, to);
        copyText(from, to);
    }

    /** The same for what turns conversations into tokens: the tokenizer's files and chat templates. */
    public static void copyText(SafeFolder from, Path to) {
        copy(from, TEXT, to);
        if (from.has(TEMPLATES)) {
            try (Stream<Path> files = Files.list(from.file(TEMPLATES))) {
                Files.createDirectories(to.resolve(TEMPLATES));
                for (Path file : files.filter(f -> f.toString().endsWith(".jinja"))
                        .sorted()
                        .toList()) {
                    copy(from, TEMPLATES + "/" + file.getFileName(), to);
                }
            } catch (IOException e) {
                throw new BadInput(from.path().resolve(TEMPLATES) + ": cannot be copied: " + e.getMessage(), e);
            }
        }
    }

    private static void copy(SafeFolder from, List<String> names, Path to) {
        for (String name : names) {
            if (from.has(name)) {
                copy(from, name, to);
            }
        }
    }

    /** Through {@link SafeFolder#file}: a link that leads out of the folder is not followed. */
    private static void copy(SafeFolder from, String name, Path to) {
        Path source = from.file(name);
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(source);
        } catch (IOException e) {
            throw new BadInput(source + ": cannot be read: " + e.getMessage(), e);
        }
        AtomicFile.write(to.resolve(name), bytes);
    }

    /** Makes a config.json say this of the weights' type. */
    public static void say(Path config, DType dtype) {
        edit(config, node -> node.put(node.has("torch_dtype") ? "torch_dtype" : "dtype", TYPES.get(dtype)));
    }

    /** Makes a config.json say how linear layers are packed; that nothing is, where that is null. */
    public static void say(Path config, Packing packing) {
        edit(config, node -> {
            node.remove(Packing.KEY);
            if (packing != null) {
                node.set(Packing.KEY, packing.json());
            }
        });
    }

    /** Makes a config.json say that the head is a table of its own. */
    public static void untie(Path config) {
        edit(config, node -> node.put("tie_word_embeddings", false));
    }

    private static void edit(Path config, Consumer<ObjectNode> change) {
        JsonMapper json = JsonMapper.builder().build();
        try {
            JsonNode node = json.readTree(config.toFile());
            change.accept((ObjectNode) node);
            AtomicFile.write(config, json.writerWithDefaultPrettyPrinter().writeValueAsBytes(node));
        } catch (IOException e) {
            throw new BadInput(config + ": cannot be read again: " + e.getMessage(), e);
        }
    }
}
