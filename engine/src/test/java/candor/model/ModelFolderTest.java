package candor.model;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints that are not whole, not sound, or not what they say. */
class ModelFolderTest {
    private static final String SHARD = "model-00005-of-00005.safetensors";
    private static final String AGAIN = "; download the model again";
    private static final String BELONG = "; check that config.json and the weights belong together";

    @TempDir
    Path temporary;

    private Path single;
    private Path sharded;
    private Path weights;
    private Path index;

    @BeforeEach
    void copy() {
        single = CheckpointFiles.copy("llama3/model", temporary.resolve("single"));
        sharded = CheckpointFiles.copy("qwen2/model", temporary.resolve("sharded"));
        weights = single.resolve("model.safetensors");
        index = sharded.resolve("model.safetensors.index.json");
    }

    @Test
    void theCopiesLoad() {
        Weights.load(single).close();
        Weights.load(sharded).close();
    }

    @Test
    void refusesWhatIsNoCheckpoint() throws IOException {
        Path missing = temporary.resolve("missing");
        assertRefused(
                missing,
                missing + ": no such folder; give the folder of a model, with config.json and model.safetensors");
        assertRefused(
                weights,
                weights + ": is a file, expected a folder; give the folder of a model, with config.json and"
                        + " model.safetensors");
        Path empty = Files.createDirectory(temporary.resolve("empty"));
        assertRefused(
                empty,
                empty + ": is not a checkpoint: it has no config.json; give the folder of a model in Hugging Face's"
                        + " layout");
        Files.copy(single.resolve("config.json"), empty.resolve("config.json"));
        assertRefused(
                empty,
                empty + ": has neither model.safetensors nor model.safetensors.index.json; give the folder of a model"
                        + " whose weights are in safetensors format");
        Files.createDirectory(empty.resolve("model.safetensors"));
        assertRefused(
                empty, empty.resolve("model.safetensors") + ": is a folder, expected a file; give the file itself");
    }

    @Test
    void refusesAFileThatIsEmptyOrTruncated() throws IOException {
        byte[] whole = Files.readAllBytes(weights);
        Files.write(weights, new byte[0]);
        assertRefused(single, weights + ": is 0 bytes long, too short for a safetensors file; download the file again");
        Files.write(weights, Arrays.copyOf(whole, whole.length - 1));
        assertRefused(
                single,
                weights + ": tensor model.norm.weight ends at 607488, beyond the 607487 bytes of data: the file is"
                        + " truncated; download the file again");
    }

    @Test
    void namesAMissingTensor() {
        rewrite((arena, tensors) -> tensors.remove("model.layers.1.mlp.up_proj.weight"));
        assertRefused(
                single,
                single + ": tensor model.layers.1.mlp.up_proj.weight is missing, expected with the shape [160, 64]"
                        + BELONG);
        rewrite((arena, tensors) -> tensors.remove("lm_head.weight"));
        assertRefused(
                single,
                single + ": tensor model.layers.1.mlp.up_proj.weight is missing (and 1 more), expected with the"
                        + " shape [160, 64]" + BELONG);
    }

    @Test
    void namesATensorTooMany() {
        rewrite((arena, tensors) -> tensors.put("model.layers.0.mlp.extra.weight", Tensor.of(arena, 1, 1, 1)));
        assertRefused(
                single,
                weights + ": tensor model.layers.0.mlp.extra.weight has no place in a LlamaForCausalLM of 2 layers"
                        + BELONG);
    }

    @Test
    void namesALayerTooMany() {
        CheckpointFiles.edit(
                single.resolve("config.json"),
                text -> text.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1"));
        assertRefused(
                single,
                weights + ": tensor model.layers.1.input_layernorm.weight has no place in a LlamaForCausalLM of 1"
                        + " layers" + BELONG);
    }

    @Test
    void namesAShapeThatDoesNotFit() {
        CheckpointFiles.edit(
                single.resolve("config.json"),
                text -> text.replace("\"intermediate_size\": 160", "\"intermediate_size\": 161"));
        assertRefused(
                single,
                weights + ": tensor model.layers.0.mlp.gate_proj.weight has the shape [160, 64], expected [161, 64]"
                        + BELONG);
        CheckpointFiles.edit(
                single.resolve("config.json"),
                text -> text.replace("\"intermediate_size\": 161", "\"intermediate_size\": 160"));
        rewrite((arena, tensors) -> tensors.put("model.norm.weight", Tensor.allocate(arena, DType.F32, 2, 32)));
        assertRefused(single, weights + ": tensor model.norm.weight has the shape [2, 32], expected [64]" + BELONG);
    }

    @Test
    void namesATypeThatDoesNotFit() throws IOException {
        byte[] bytes = Files.readAllBytes(weights);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int at = text.indexOf("F32", text.indexOf("model.norm.weight"));
        bytes[at] = 'I';
        Files.write(weights, bytes);
        assertRefused(
                single,
                weights
                        + ": tensor model.norm.weight is I32, expected F32, BF16 or F16; take the model in one of these");
    }

    /** To tie a head that differs from the embedding would be silently wrong. */
    @Test
    void refusesATiedHeadThatDiffers() {
        CheckpointFiles.edit(
                single.resolve("config.json"),
                text -> text.replace("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true"));
        assertRefused(
                single,
                weights + ": lm_head.weight differs from the embedding, but config.json ties them; set"
                        + " tie_word_embeddings to false to use both");
    }

    @Test
    void namesAMissingShard() throws IOException {
        Files.delete(sharded.resolve(SHARD));
        assertRefused(sharded, index + ": the shard " + SHARD + " is missing; download it too");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "../single/model.safetensors | points outside the folder",
                "x/../../single/model.safetensors | points outside the folder",
                "/etc/passwd.safetensors | is not a name within the folder",
                "..\\\\\\\\single.safetensors | is not a name within the folder",
                "a\\\\u0000.safetensors | is not a file name",
            })
    void refusesAShardOutsideTheFolder(String shard, String why) {
        CheckpointFiles.edit(index, text -> text.replace(SHARD, shard.replace("\\\\", "\\")));
        assertThatThrownBy(() -> Weights.load(sharded))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(sharded + ": the file ")
                .hasMessageEndingWith(" " + why + "; use a folder that holds its own files");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "config.json", "model.bin"})
    void refusesAShardThatIsNoSafetensorsFile(String shard) {
        CheckpointFiles.edit(index, text -> text.replace(SHARD, shard));
        assertRefused(
                sharded, index + ": lists the shard " + shard + ", expected a name that ends in .safetensors" + AGAIN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "model.safetensors"})
    void refusesALinkOutOfTheFolder(String name) throws IOException {
        Path elsewhere = Files.move(single.resolve(name), temporary.resolve("elsewhere"));
        Files.createSymbolicLink(single.resolve(name), elsewhere);
        assertRefused(
                single,
                single + ": the file " + name + " is a link that points outside the folder; use a folder that holds its"
                        + " own files");
    }

    @Test
    void refusesAShardBehindALink() throws IOException {
        Path elsewhere = Files.move(sharded.resolve(SHARD), temporary.resolve(SHARD));
        Files.createSymbolicLink(sharded.resolve(SHARD), elsewhere);
        assertRefused(
                sharded,
                sharded + ": the file " + SHARD + " is a link that points outside the folder; use a folder that holds"
                        + " its own files");
    }

    /** The download cache of Hugging Face: snapshots/REVISION/NAME is a link to ../../blobs/HASH. */
    @Test
    void followsLinksWithinTheFolderAndWithinTheDownloadCache() throws IOException {
        Files.move(weights, single.resolve("inside"));
        Files.createSymbolicLink(weights, Path.of("inside"));
        Weights.load(single).close();

        Path blobs = Files.createDirectories(temporary.resolve("cache/blobs"));
        Path snapshot = Files.createDirectories(temporary.resolve("cache/snapshots/0123abcd"));
        try (Stream<Path> files = Files.list(sharded)) {
            for (Path file : files.toList()) {
                Files.move(file, blobs.resolve(file.getFileName()));
                Files.createSymbolicLink(
                        snapshot.resolve(file.getFileName()),
                        Path.of("../../blobs", file.getFileName().toString()));
            }
        }
        Weights.load(snapshot).close();
        Path link = Files.createSymbolicLink(temporary.resolve("link"), snapshot);
        Weights.load(link).close();
    }

    @Test
    void refusesAnIndexThatDoesNotMatchItsShards() {
        String name = "model.norm.weight";
        String entry = "\"" + name + "\": \"" + SHARD + "\"";
        CheckpointFiles.edit(index, text -> text.replace(entry, "\"" + name + "\": \"" + SHARD.replace('5', '1') + "\"")
                .replace("model-00001-of-00001", "model-00001-of-00005"));
        assertRefused(
                sharded,
                index + ": puts tensor " + name + " into model-00001-of-00005.safetensors, but it is in " + SHARD
                        + AGAIN);
        CheckpointFiles.edit(index, text -> text.replace("\"" + name + "\"", "\"model.other.weight\""));
        assertRefused(
                sharded,
                sharded.resolve(SHARD) + ": tensor " + name + " is not listed in model.safetensors.index.json" + AGAIN);
    }

    @Test
    void refusesATensorThatItsShardLacks() {
        CheckpointFiles.edit(
                index, text -> text.replace("\"weight_map\": {", "\"weight_map\": {\"a\": \"" + SHARD + "\","));
        assertRefused(sharded, index + ": puts tensor a into " + SHARD + ", but it is not there" + AGAIN);
    }

    @Test
    void refusesATensorInTwoShards() {
        Path shard = sharded.resolve(SHARD);
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = CheckpointFiles.read(shard, arena);
            tensors.put("model.embed_tokens.weight", Tensor.allocate(arena, DType.BF16, 512, 48));
            CheckpointFiles.write(shard, tensors);
        }
        assertRefused(
                sharded,
                shard + ": tensor model.embed_tokens.weight is also in model-00001-of-00005.safetensors" + AGAIN);
    }

    @Test
    void refusesABadIndex() throws IOException {
        Files.writeString(index, "{\"weight_map\": {}}");
        assertRefused(sharded, index + ": lists 0 shards, expected 1 to 4096" + AGAIN);
        Files.writeString(index, "{\"weight_map\": {\"a\": 1}}");
        assertRefused(sharded, index + ": weight_map.a is 1, expected a text; correct it, or take another file");
        Files.writeString(index, "{\"weight_map\": []}");
        assertRefused(sharded, index + ": weight_map is [], expected an object; correct it, or take another file");
        Files.writeString(index, "{}");
        assertRefused(sharded, index + ": has no weight_map; check that it is the right file");
    }

    private void rewrite(BiConsumer<Arena, Map<String, Tensor>> change) {
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = CheckpointFiles.read(weights, arena);
            change.accept(arena, tensors);
            CheckpointFiles.write(weights, tensors);
        }
    }

    private static void assertRefused(Path folder, String message) {
        assertThatThrownBy(() -> Weights.load(folder))
                .isInstanceOf(BadInput.class)
                .hasMessage(message);
    }
}
