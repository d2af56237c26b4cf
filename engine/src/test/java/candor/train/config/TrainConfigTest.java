package candor.train.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.data.KlPairing;
import candor.model.Recompute;
import candor.text.TemplateChoice;
import candor.train.config.TrainConfig.AdapterStart;
import candor.train.config.TrainSettings.Method;
import candor.train.objective.Dpo;
import candor.train.objective.Kto;
import candor.train.objective.Sft;
import candor.train.optimiser.Schedule;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainConfigTest {
    private static final Settings LEAST = Settings.NONE
            .with(TrainSettings.MODEL, "m")
            .with(TrainSettings.DATA, "a.jsonl", "b.jsonl")
            .with(TrainSettings.OUTPUT, "out");

    private static ConfigFile file(String json) throws IOException {
        return ConfigFile.read(new JsonFactory().createParser(json), "run.yaml", Method.SFT, note -> {});
    }

    private static TrainConfig sft(Settings given) {
        return TrainConfig.of(Method.SFT, given);
    }

    @Test
    void defaultsAreThoseOfHelp() {
        TrainConfig config = sft(LEAST);
        assertThat(config.model()).isEqualTo(Path.of("m"));
        assertThat(config.data()).containsExactly(Path.of("a.jsonl"), Path.of("b.jsonl"));
        assertThat(config.task().objective()).isEqualTo(new Sft());
        assertThat(config.initAdapter()).isNull();
        assertThat(config.steps().learningRate()).isEqualTo(1e-4);
        assertThat(config.steps().schedule(10)).isEqualTo(new Schedule(Schedule.Shape.COSINE, 1e-4, 0, 10));
        assertThat(config.resolved())
                .containsEntry("method", "sft")
                .containsEntry("loss_on", "completion")
                .containsEntry("lora_rank", 16L)
                .containsEntry("shuffle", true)
                .doesNotContainKey("beta");
    }

    @Test
    void sizesThatNoMemoryTakesAreRefused() {
        Settings large = LEAST.with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "1048576")
                .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "1048576");
        assertThatThrownBy(() -> sft(large.with(TrainSettings.PACKING, "true")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("--per-device-train-batch-size: with packing")
                .hasMessageContaining("at most 16777216, not 2147483648");
        assertThat(TrainConfig.of(Method.KTO, large).batching().rows()).isEqualTo(1 << 20);
        assertThatThrownBy(() -> sft(LEAST.with(TrainSettings.NUM_TRAIN_EPOCHS, "1e9")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("--num-train-epochs: must be a number above 0 to 100000, not 1e9");
    }

    @Test
    void aChatTemplateAndWhatItIsTold() throws IOException {
        assertThat(sft(LEAST).reading().template()).isEqualTo(TemplateChoice.DEFAULT);
        ConfigFile file = file("{\"model\": \"m\", \"data\": \"a\", \"output\": \"o\", \"chat_template\": \"qwen\","
                + " \"chat_template_kwargs\": {\"enable_thinking\": false, \"levels\": [1, {\"a\": \"b\"}]}}");
        TrainConfig config = TrainConfig.all(Method.SFT, file, Settings.NONE).getFirst();
        assertThat(config.reading().template())
                .isEqualTo(new TemplateChoice("qwen", "{\"enable_thinking\":false,\"levels\":[1,{\"a\":\"b\"}]}"));
        assertThat(config.resolved())
                .containsEntry("chat_template", "qwen")
                .containsEntry("chat_template_kwargs", "{\"enable_thinking\":false,\"levels\":[1,{\"a\":\"b\"}]}");
        Settings flag = Settings.NONE.with(TrainSettings.CHAT_TEMPLATE_KWARGS, "{}");
        assertThat(TrainConfig.all(Method.SFT, file, flag).getFirst().reading().template())
                .isEqualTo(new TemplateChoice("qwen", "{}"));
        assertThatThrownBy(() -> sft(LEAST.with(TrainSettings.CHAT_TEMPLATE_KWARGS, "thinking")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("--chat-template-kwargs: must be a JSON object");
        assertThatThrownBy(() -> file("{\"model\": {\"a\": 1}}"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("model must be a value");
    }

    /** A template's file may have moved when a run is resumed: what it says is compared, by its hash among the inputs. */
    @Test
    void aTemplateFileMayMove(@TempDir Path folder) throws IOException {
        Path old = Files.writeString(folder.resolve("old.jinja"), "{{ messages }}");
        Path moved = Files.writeString(folder.resolve("moved.jinja"), "{{ messages }}");
        Map<String, Object> started =
                sft(LEAST.with(TrainSettings.CHAT_TEMPLATE, old.toString())).resolved();
        assertThatCode(() -> sft(LEAST.with(TrainSettings.CHAT_TEMPLATE, moved.toString()))
                        .requireSameRun(started))
                .doesNotThrowAnyException();
        assertThatThrownBy(() ->
                        sft(LEAST.with(TrainSettings.CHAT_TEMPLATE, "qwen")).requireSameRun(started))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("chat_template");
    }

    @Test
    void aFlagWinsOverTheFile() throws IOException {
        ConfigFile file = file("{\"learning_rate\": 1e-3, \"seed\": 7, \"model\": \"m\",\n"
                + " \"data\": \"a\", \"output\": \"o\", \"shuffle\": false}");
        TrainConfig config = TrainConfig.all(Method.SFT, file, Settings.NONE.with(TrainSettings.LEARNING_RATE, "2e-3"))
                .getFirst();
        assertThat(config.steps().learningRate()).isEqualTo(2e-3);
        assertThat(config.batching().seed()).isEqualTo(7);
        assertThat(config.batching().shuffle()).isFalse();
        assertThat(config.data()).containsExactly(Path.of("a"));
    }

    @ParameterizedTest
    @CsvSource({
        "learning_rat, learning_rate",
        "learning-rte, learning_rate",
        "lora_rnk, lora_rank",
        "gradient_acumulation_steps, gradient_accumulation_steps",
        "savesteps, save_steps"
    })
    void anUnknownKeyNamesTheNearestWithFileAndLine(String wrong, String right) throws IOException {
        ConfigFile file = file("{\"model\": \"m\",\n\n\"" + wrong + "\": 3}");
        assertThatThrownBy(() -> TrainConfig.all(Method.SFT, file, LEAST))
                .isInstanceOf(BadInput.class)
                .hasMessage("run.yaml, line 3: " + wrong + ": there is no such setting; did you mean " + right + "?");
    }

    @Test
    void aKeyOfAnotherMethodSaysWhose() throws IOException {
        ConfigFile file = file("{\"beta\": 0.2}");
        assertThatThrownBy(() -> TrainConfig.all(Method.SFT, file, LEAST))
                .hasMessage("run.yaml, line 1: beta: belongs to train kto and train dpo; remove it here");
        ConfigFile weight = file("{\"desirable_weight\": 2}");
        assertThatThrownBy(() -> TrainConfig.all(Method.DPO, weight, LEAST))
                .hasMessage("run.yaml, line 1: desirable_weight: belongs to train kto; remove it here");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "learning_rate|-1|a number from 0 up",
                "learning_rate|NaN|a number from 0 up",
                "learning_rate|Infinity|a number from 0 up",
                "learning_rate|fast|a number from 0 up",
                "lora_rank|0|a whole number from 1 to 4096",
                "lora_rank|2.5|a whole number from 1 to 4096",
                "lora_alpha|0|a number above 0",
                "layers_to_transform|-1|a whole number from 0 to 1048576",
                "warmup_ratio|1.01|a number from 0 to 1",
                "seed|-1|a whole number from 0 up",
                "seed|9223372036854775808|a whole number from 0 up",
                "max_steps|2147483648|a whole number from 0 to 2147483647",
                "eval_split|1|a number from 0 to 0.99",
                "early_stopping_patience|-1|a whole number from 0 to 2147483647",
                "early_stopping_threshold|-0.1|a number from 0 up",
                "lr_scheduler_type|polynomial|one of cosine, linear, constant",
                "shuffle|maybe|true or false",
                "output|' '|a text that is not empty"
            })
    void aWrongValueSaysWhatIsRight(String key, String value, String right) {
        assertThatThrownBy(() -> sft(LEAST.with(key, List.of(value), "--" + key.replace('_', '-'))))
                .isInstanceOf(BadInput.class)
                .hasMessage("--" + key.replace('_', '-') + ": must be " + right + ", not " + value);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[1]", "{\"seed\": {\"a\": 1}}", "{\"seed\": null}", "{\"seed\": 1, \"seed\": 2}", "{\"data\": [[1]]}",
                "{\"runs\": 3}", "{\"runs\": []}", "{\"runs\": [1]}", "{\"seed\": 1} {}", "{\"seed\":"
            })
    void aFileOfAnotherFormIsRefusedWithItsLine(String json) {
        assertThatThrownBy(() -> file(json)).isInstanceOf(BadInput.class).hasMessageStartingWith("run.yaml, line 1: ");
    }

    @Test
    void severalValuesWhereOneBelongsAreRefused() throws IOException {
        ConfigFile file = file("{\"seed\": [1, 2]}");
        assertThatThrownBy(() -> TrainConfig.all(Method.SFT, file, LEAST))
                .hasMessage("run.yaml, line 1: seed: must be one value, not 2, not 1,2");
    }

    @Test
    void whatIsMissingIsNamed() {
        assertThatThrownBy(() -> sft(Settings.NONE.with(TrainSettings.MODEL, "m")))
                .hasMessageStartingWith("--data is missing: ");
    }

    @Test
    void anAdapterThatIsThereHasItsOwnShape() {
        assertThatThrownBy(() -> sft(LEAST.with(TrainSettings.INIT_ADAPTER, "a").with(TrainSettings.LORA_RANK, "8")))
                .hasMessageStartingWith("--lora-rank: the adapter of --init-adapter has its own");
        assertThatThrownBy(() ->
                        sft(LEAST.with(TrainSettings.INIT_ADAPTER, "a").with(TrainSettings.LAYERS_TO_TRANSFORM, "0")))
                .hasMessageStartingWith("--layers-to-transform: the adapter of --init-adapter has its own");
    }

    @Test
    void theBestIsByTheLossUnlessToldOtherwise() {
        Settings held = LEAST.with(TrainSettings.EVAL_SPLIT, "0.1").with(TrainSettings.EVAL_STEPS, "5");
        Settings best = held.with(TrainSettings.LOAD_BEST_MODEL_AT_END, "true");
        assertThat(sft(LEAST).watch().best().asked()).isFalse();
        assertThat(sft(best).watch().best()).isEqualTo(new TrainConfig.Best("eval_loss", false, 0, 0, true));
        Settings margins = best.with(TrainSettings.METRIC_FOR_BEST_MODEL, "rewards/margins");
        assertThat(TrainConfig.of(Method.KTO, margins).watch().best())
                .isEqualTo(new TrainConfig.Best("eval_rewards/margins", true, 0, 0, true));
        assertThat(TrainConfig.of(Method.KTO, margins.with(TrainSettings.GREATER_IS_BETTER, "false"))
                        .resolved())
                .containsEntry("metric_for_best_model", "eval_rewards/margins")
                .containsEntry("greater_is_better", false);
        assertThatThrownBy(() -> sft(margins))
                .isInstanceOf(BadInput.class)
                .hasMessage("--metric-for-best-model: must be eval_loss, not rewards/margins");
        assertThatThrownBy(() -> TrainConfig.of(Method.KTO, best.with(TrainSettings.METRIC_FOR_BEST_MODEL, "accuracy")))
                .hasMessageContaining("must be one of eval_loss, eval_kl, ");
    }

    @Test
    void whatHangsOnEvaluationsNeedsSome() {
        assertThatThrownBy(() -> sft(LEAST.with(TrainSettings.LOAD_BEST_MODEL_AT_END, "true")))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith("--load-best-model-at-end: needs rows to evaluate on; give --eval-data, or");
        assertThatThrownBy(() -> sft(LEAST.with(TrainSettings.EARLY_STOPPING_PATIENCE, "2")
                        .with(TrainSettings.EVAL_DATA, "held.jsonl")))
                .hasMessage("--early-stopping-patience: needs evaluations on the way; give --eval-steps");
        assertThatThrownBy(() ->
                        sft(LEAST.with(TrainSettings.EVAL_SPLIT, "0.2").with(TrainSettings.EVAL_DATA, "held.jsonl")))
                .hasMessageStartingWith("--eval-split: holds out a part of the data, --eval-data names other rows");
    }

    @ParameterizedTest
    @CsvSource({
        "step,1,1,true",
        "step,1,2,false",
        "step,2,1,false",
        "trl,1,8,true",
        "trl,2,1,false",
        "data,1,1,false",
        "llama-factory,1,1,false"
    })
    void aLoneRowHasNoKlPartner(String pairing, String rows, String accumulation, boolean refused) {
        Settings given = LEAST.with(KtoTask.KL_PAIRING, pairing)
                .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, rows)
                .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, accumulation);
        if (refused) {
            assertThatThrownBy(() -> TrainConfig.of(Method.KTO, given))
                    .hasMessageStartingWith("--per-device-train-batch-size: must be at least 2 for KTO");
        } else {
            assertThatCode(() -> TrainConfig.of(Method.KTO, given)).doesNotThrowAnyException();
        }
    }

    @Test
    void dpoComparesPairs() {
        TrainConfig config = TrainConfig.of(Method.DPO, LEAST.with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "1"));
        assertThat(config.task().objective()).isEqualTo(new Dpo(0.1, 0));
        assertThat(config.batcher().group()).isEqualTo(2);
        assertThat(config.resolved()).containsEntry("method", "dpo").containsEntry("label_smoothing", 0.0);
        assertThatThrownBy(() -> TrainConfig.of(Method.DPO, LEAST.with(DpoTask.LABEL_SMOOTHING, "0.5")))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith("--label-smoothing: must be a number from 0 to below 0.5");
    }

    @Test
    void aSweepsRunsDifferAsTheySay() throws IOException {
        ConfigFile file = file("""
            {"model": "m", "output": "sweep", "seed": 1, "beta": 0.5,
             "runs": [
              {"name": "a", "data": "a.jsonl", "lora_rank": 8},
              {"data": "b.jsonl", "method": "kto", "kl_pairing": "trl", "seed": 2},
              {"name": "c", "data": "c.jsonl", "output": "elsewhere"}]}\
            """);
        List<TrainConfig> runs = TrainConfig.all(Method.SFT, file, Settings.NONE);
        assertThat(runs)
                .extracting(TrainConfig::output)
                .containsExactly(Path.of("sweep", "a"), Path.of("sweep", "run-2"), Path.of("elsewhere"));
        assertThat(runs).extracting(r -> r.batching().seed()).containsExactly(1L, 2L, 1L);
        assertThat(((AdapterStart) runs.get(0).start()).rank()).isEqualTo(8);
        assertThat(runs.get(1).task().objective()).isEqualTo(new Kto(0.5, 1, 1, KlPairing.TRL));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../up", "a/b", "", ".hidden", "x y"})
    void aRunsNameCannotLeaveItsFolder(String name) throws IOException {
        ConfigFile file = file("{\"runs\": [{\"name\": " + new ObjectMapper().writeValueAsString(name) + "}]}");
        assertThatThrownBy(() -> TrainConfig.all(Method.SFT, file, LEAST)).isInstanceOf(BadInput.class);
    }

    @Test
    void twoRunsOfOneNameAreRefused() throws IOException {
        ConfigFile file = file("{\"runs\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}");
        assertThatThrownBy(() -> TrainConfig.all(Method.SFT, file, LEAST)).hasMessageContaining("a name of its own");
    }

    @Test
    void aResumedRunMayMoveButNotChange() throws IOException {
        TrainConfig config = sft(LEAST);
        String written = new ObjectMapper().writeValueAsString(config.resolved());
        @SuppressWarnings("unchecked")
        Map<String, Object> started = new ObjectMapper().readValue(written, Map.class);
        sft(LEAST.with(TrainSettings.OUTPUT, "moved")
                        .with(TrainSettings.THREADS, "1")
                        .with(TrainSettings.SAVE_STEPS, "3"))
                .requireSameRun(started);
        assertThatThrownBy(() ->
                        sft(LEAST.with(TrainSettings.LEARNING_RATE, "0.5")).requireSameRun(started))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("started with learning_rate 1.0E-4, not 0.5");
        assertThatThrownBy(() -> TrainConfig.of(Method.KTO, LEAST).requireSameRun(started))
                .hasMessageContaining("started with method sft, not kto");
        assertThatThrownBy(() -> sft(LEAST.with(TrainSettings.LEARNING_RATE, "0.5")
                                .with(TrainSettings.SEED, "7")
                                .with(TrainSettings.EVAL_STEPS, "3"))
                        .requireSameRun(started))
                .hasMessageContaining("learning_rate 1.0E-4, seed 42, not 0.5, 7; resume it with the old values");
        // A run of a version that did not know a setting did as its default says.
        started.remove("eval_split");
        config.requireSameRun(started);
        assertThatThrownBy(
                        () -> sft(LEAST.with(TrainSettings.EVAL_SPLIT, "0.5")).requireSameRun(started))
                .hasMessageContaining("started with eval_split 0.0, not 0.5");
    }

    /** Records and files from before keep working; a message names only what there is now. */
    @ParameterizedTest
    @CsvSource({"cheap, SELECTIVE", "block, FULL", "selective, SELECTIVE", "FULL, FULL"})
    void whatIsComputedAgainHasItsFormerNames(String written, Recompute meant, @TempDir Path folder)
            throws IOException {
        Files.writeString(
                folder.resolve(Recorded.FILE),
                "{\"config\": {\"method\": \"sft\", \"model\": \"m\", \"data\": [\"a.jsonl\"], \"recompute\": \""
                        + written + "\"}}");
        Settings given =
                Settings.NONE.with(TrainSettings.OUTPUT, folder.toString()).with(TrainSettings.RESUME, "true");
        TrainConfig resumed = sft(Recorded.below(Method.SFT, given));
        assertThat(resumed.machine().recompute().all()).isEqualTo(meant);
        assertThatThrownBy(() -> sft(LEAST.with(TrainSettings.RECOMPUTE, "some")))
                .hasMessageEndingWith("must be one of auto, none, selective, full, or numbers of layers such as"
                        + " full=12,selective=20, not some");
    }

    @Test
    void everySettingHasItsOwnNameAndSaysWhatItIs() {
        for (Method method : Method.values()) {
            assertThat(TrainSettings.of(method)).extracting(Setting::key).doesNotHaveDuplicates();
            assertThat(TrainSettings.of(method)).allSatisfy(s -> {
                assertThat(s.key()).matches("[a-z0-9_]+");
                assertThat(s.help()).endsWith(".");
                if (s.fallback() != null) {
                    assertThat(s.kind()
                                    .read(
                                            s.fallback() instanceof List<?> l
                                                    ? l.stream()
                                                            .map(Object::toString)
                                                            .toList()
                                                    : List.of(s.fallbackText().orElseThrow())))
                            .isEqualTo(s.fallback());
                }
            });
        }
    }
}
