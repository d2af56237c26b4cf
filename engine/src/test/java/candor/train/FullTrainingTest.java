package candor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.model.CausalLm;
import candor.model.ModelFolder;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Batch;
import candor.ops.cpu.CpuBackend;
import candor.tensor.DType;
import candor.text.Tokenizer;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small model from random weights to a checkpoint folder that knows its data by heart. */
class FullTrainingTest {
    private static final String CONFIG = """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 32, "intermediate_size": 64,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 512,
             "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true,
             "bos_token_id": 0, "eos_token_id": 4, "initializer_range": 0.05}
            """;

    @TempDir
    Path temp;

    private final Path text = GoldenRuns.golden("llama3").resolve("model");
    private Settings settings;

    @BeforeEach
    void files() throws IOException {
        Files.writeString(temp.resolve("config.json"), CONFIG);
        List<String> rows = new ArrayList<>();
        for (String[] pair :
                new String[][] {{"sky", "blue"}, {"grass", "green"}, {"snow", "white"}, {"coal", "black"}}) {
            rows.add("{\"prompt\": \"What colour is the %s?\", \"completion\": \" %s\"}".formatted(pair[0], pair[1]));
        }
        Files.write(temp.resolve("data.jsonl"), rows);
        settings = Settings.NONE
                .with(TrainSettings.MODEL_CONFIG, temp.resolve("config.json").toString())
                .with(TrainSettings.TOKENIZER, text.toString())
                .with(TrainSettings.DATA, temp.resolve("data.jsonl").toString())
                .with(TrainSettings.OUTPUT, temp.resolve("run").toString())
                .with(TrainSettings.LEARNING_RATE, "0.01")
                .with(TrainSettings.WARMUP_STEPS, "5")
                .with(TrainSettings.WEIGHT_DECAY, "0.1")
                .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "4")
                .with(TrainSettings.MAX_STEPS, "80")
                .with(TrainSettings.EVAL_DATA, temp.resolve("data.jsonl").toString())
                .with(TrainSettings.SAVE_STEPS, "0");
    }

    private Outcome train(Settings given) {
        return GoldenRuns.train(Method.FULL, given);
    }

    @Test
    void aSmallModelLearnsItsDataByHeart() throws IOException {
        assertThat(train(settings)).isEqualTo(new Outcome.Done(80));
        Path run = temp.resolve("run");
        List<JsonNode> metrics = GoldenRuns.metrics(run);
        // Random weights know nothing: the loss begins near the logarithm of the vocabulary.
        assertThat(metrics.getFirst().get("loss").asDouble()).isBetween(5.7, 6.8);
        assertThat(metrics.getLast().get("loss").asDouble()).isLessThan(0.02);
        assertThat(metrics.getLast().get("eval_loss").asDouble()).isLessThan(0.02);
        Path model = run.resolve("model");
        try (var files = Files.list(model)) {
            assertThat(files.map(f -> f.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "config.json",
                            "generation_config.json",
                            "model.safetensors",
                            "tokenizer.json",
                            "tokenizer_config.json");
        }
        assertThat(ModelFolder.at(model).config().dtype()).isEqualTo(DType.F32);
        assertThat(" white").startsWith(greedy(model, "What colour is the snow?"));
        assertThat(" green").startsWith(greedy(model, "What colour is the grass?"));
        JsonNode record = new ObjectMapper().readTree(run.resolve("run.json").toFile());
        assertThat(record.get("status").asText()).isEqualTo("done");
        assertThat(record.get("trainable_parameters").asLong())
                .isEqualTo(ModelFolder.at(model).config().parameterCount());
        assertThat(record.get("inputs").has("model_config")).isTrue();
        assertThat(record.get("inputs").has("tokenizer/tokenizer.json")).isTrue();
        assertThat(record.get("config").get("method").asText()).isEqualTo("full");
    }

    /** The most likely token behind a prompt, as a checkpoint says it that knows nothing of how it was trained. */
    private static String greedy(Path folder, String prompt) {
        Tokenizer tokenizer = Tokenizer.load(folder);
        int[] ids = tokenizer.encode(prompt, true);
        int[] positions = new int[ids.length];
        int[] targets = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            positions[i] = i;
            targets[i] = Batch.NO_TARGET;
        }
        Batch batch = new Batch(ids, positions, targets, new int[] {0, ids.length}, new int[] {Batch.BASE});
        try (CpuBackend backend = new CpuBackend(1);
                Weights weights = Weights.load(folder);
                CausalLm model = new CausalLm(backend, weights, Recompute.NONE, 64)) {
            var logits = model.logits(batch, null);
            int best = 0;
            for (int v = 1; v < logits.cols(); v++) {
                best = logits.get(ids.length - 1, v) > logits.get(ids.length - 1, best) ? v : best;
            }
            return tokenizer.decode(new int[] {best}, true);
        }
    }

    @Test
    void trainingGoesOnFromAModelAndInBfloat16() throws IOException {
        train(settings.with(TrainSettings.MAX_STEPS, "30"));
        Path model = temp.resolve("run").resolve("model");
        Settings on = Settings.NONE
                .with(TrainSettings.MODEL, model.toString())
                .with(TrainSettings.DATA, temp.resolve("data.jsonl").toString())
                .with(TrainSettings.OUTPUT, temp.resolve("on").toString())
                .with(TrainSettings.MAX_STEPS, "2")
                .with(TrainSettings.SAVE_DTYPE, "bfloat16");
        train(on);
        double before =
                GoldenRuns.metrics(temp.resolve("run")).getLast().get("loss").asDouble();
        double after =
                GoldenRuns.metrics(temp.resolve("on")).getFirst().get("loss").asDouble();
        assertThat(after).isLessThan(before * 1.2);
        assertThat(ModelFolder.at(temp.resolve("on").resolve("model")).config().dtype())
                .isEqualTo(DType.BF16);
        assertThat(Files.size(temp.resolve("on/model/model.safetensors")))
                .isLessThan(Files.size(model.resolve("model.safetensors")) * 6 / 10);
    }

    @Test
    void whatIsMissingOrDoubleIsSaidInOneLine() {
        Settings bare = Settings.NONE
                .with(TrainSettings.DATA, "d")
                .with(TrainSettings.OUTPUT, temp.resolve("x").toString());
        refused(bare, "--model-config is missing");
        refused(bare.with(TrainSettings.MODEL_CONFIG, "c"), "--tokenizer is missing");
        refused(settings.with(TrainSettings.MODEL, "m"), "--model-config: starts from random weights");
        refused(settings.with(TrainSettings.LORA_RANK, "4"), "--lora-rank: belongs to train sft");
        refused(
                settings.with(
                        TrainSettings.MODEL_CONFIG, temp.resolve("none.json").toString()),
                "none.json");
        refused(settings.with(TrainSettings.BACKEND, "cuda"), "--backend: cuda trains adapters only");
        TrainConfig one = TrainConfig.of(Method.FULL, settings);
        TrainConfig two = TrainConfig.of(
                Method.FULL,
                settings.with(TrainSettings.OUTPUT, temp.resolve("two").toString()));
        assertThatThrownBy(() -> Prepared.of(List.of(one, two)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("start it alone");
    }

    private void refused(Settings given, String message) {
        assertThatThrownBy(() -> train(given)).isInstanceOf(BadInput.class).hasMessageContaining(message);
    }

    @Test
    void aVocabularyThatIsTooSmallIsRefused() throws IOException {
        Files.writeString(temp.resolve("config.json"), CONFIG.replace("512", "9"));
        refused(settings, "the model's vocabulary has 9");
    }
}
