package candor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.data.read.Fingerprint;
import candor.lora.AdapterShape;
import candor.lora.PeftFiles;
import candor.model.ModelConfig;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an adapter's folder has beside its weights, and runs that continue an adapter of another shape. */
class ModelCardTest {
    @TempDir
    Path temp;

    private Settings settings(String model, Path output) {
        Path golden = GoldenRuns.golden(model);
        return Settings.NONE
                .with(TrainSettings.MODEL, golden.resolve("model").toString())
                .with(TrainSettings.DATA, golden.resolve("sft/train.jsonl").toString())
                .with(TrainSettings.OUTPUT, output.toString())
                .with(TrainSettings.LEARNING_RATE, "0.01")
                .with(TrainSettings.THREADS, "1")
                .with(TrainSettings.MAX_STEPS, "4");
    }

    private static void train(Settings settings) {
        GoldenRuns.train(TrainListener.NONE, GoldenRuns.NEVER, TrainConfig.of(Method.SFT, settings));
    }

    @Test
    void theFolderSaysWhatItIsAndHasTheTokenizer() throws IOException {
        Path model = GoldenRuns.golden("qwen3").resolve("model");
        Path run = temp.resolve("run");
        train(settings("qwen3", run).with(TrainSettings.LORA_RANK, "2"));
        Path adapter = run.resolve("adapter");
        String card = Files.readString(adapter.resolve("README.md"));
        assertThat(card)
                .startsWith("---\nbase_model: " + model + "\nlibrary_name: peft\npipeline_tag: text-generation\ntags:\n"
                        + "- base_model:adapter:" + model + "\n- lora\n- sft\n---\n\n# LoRA adapter of `" + model
                        + "`\n")
                .contains("by SFT: rank 2 on 14 linear layers")
                .contains("| `learning_rate` | `0.01` |")
                .contains("| `train.jsonl` | `"
                        + Fingerprint.of(GoldenRuns.golden("qwen3").resolve("sft/train.jsonl"))
                                .sha256()
                        + "` |")
                .contains("## Licence");
        List<String> metrics = Files.readAllLines(run.resolve("metrics.jsonl"));
        String loss = new ObjectMapper().readTree(metrics.getLast()).get("loss").asText();
        assertThat(card).contains("| `loss` | `" + loss + " (step 4)` |");
        for (String name : List.of("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")) {
            assertThat(adapter.resolve(name)).hasSameBinaryContentAs(model.resolve(name));
        }
        assertThat(adapter.resolve("config.json")).doesNotExist();
        train(settings("qwen3", temp.resolve("again")).with(TrainSettings.LORA_RANK, "2"));
        assertThat(temp.resolve("again/adapter/README.md")).hasSameBinaryContentAs(adapter.resolve("README.md"));
    }

    @Test
    void theTemplateOfTheRunGoesAlong() {
        Path run = temp.resolve("run");
        train(settings("llama3", run).with(TrainSettings.CHAT_TEMPLATE, "qwen").with(TrainSettings.MAX_STEPS, "1"));
        assertThat(run.resolve("adapter/chat_template.jinja")).content().contains("<|im_start|>");
    }

    /** Ranks, scales and layers stay what they were, and the loss falls. */
    @Test
    void continuesAnAdapterWhoseLayersDiffer() throws IOException {
        Path start = GoldenRuns.golden("peft").resolve("qwen2/patterns");
        Path run = temp.resolve("run");
        train(settings("qwen2", run)
                .with(TrainSettings.INIT_ADAPTER, start.toString())
                .with(TrainSettings.MAX_STEPS, "12"));
        ModelConfig model = ModelConfig.read(GoldenRuns.golden("qwen2").resolve("model/config.json"));
        AdapterShape shape = PeftFiles.shape(run, model);
        assertThat(shape).isEqualTo(PeftFiles.shape(start, model));
        assertThat(shape.uniform()).isNull();
        ObjectMapper json = new ObjectMapper();
        List<String> metrics = Files.readAllLines(run.resolve("metrics.jsonl"));
        assertThat(json.readTree(metrics.getLast()).get("loss").asDouble())
                .isLessThan(0.9 * json.readTree(metrics.getFirst()).get("loss").asDouble());
        assertThat(run.resolve("adapter/README.md")).content().contains(", continuing another adapter: rank 7 on 21");
    }

    /** As PEFT reads it: names of modules, and the layers that they are meant in. */
    @Test
    void anAdapterMayBeOnSomeLayersAlone() throws IOException {
        Path run = temp.resolve("run");
        train(settings("qwen3", run).with(TrainSettings.LAYERS_TO_TRANSFORM, "1"));
        JsonNode written = new ObjectMapper()
                .readTree(run.resolve("adapter/adapter_config.json").toFile());
        assertThat(written.get("layers_to_transform").toString()).isEqualTo("[1]");
        assertThat(written.get("target_modules")).hasSize(7);
        ModelConfig model = ModelConfig.read(GoldenRuns.golden("qwen3").resolve("model/config.json"));
        assertThat(model.layers()).isGreaterThan(1);
        assertThat(PeftFiles.shape(run, model).sites().keySet())
                .hasSize(7)
                .allSatisfy(place -> assertThat(place.layer()).isEqualTo(1));
        assertThat(run.resolve("adapter/README.md")).content().contains("on 7 linear layers");
    }

    @Test
    void aLayerThatTheModelDoesNotHaveIsOneLine() {
        assertThatThrownBy(() ->
                        train(settings("qwen3", temp.resolve("run")).with(TrainSettings.LAYERS_TO_TRANSFORM, "0", "2")))
                .isInstanceOf(BadInput.class)
                .hasMessage("LoRA: there is no layer 2, the model's are 0 to 1; name some of these with"
                        + " layers_to_transform");
    }

    @Test
    void refusesToContinueWhatIsNotTrained() {
        Path start = GoldenRuns.golden("peft").resolve("qwen2/dora");
        assertThatThrownBy(() -> train(
                        settings("qwen2", temp.resolve("run")).with(TrainSettings.INIT_ADAPTER, start.toString())))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining(
                        "use_dora is true, which generate, eval, chat and merge know, but training does not; merge");
        assertThat(temp.resolve("run")).doesNotExist();
    }
}
