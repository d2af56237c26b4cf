package candor.train.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.ops.AskedDtype;
import candor.train.config.TrainConfig.Resume;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.core.JsonFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files in the names of other programs. */
class FamiliarNamesTest {
    private final List<String> notes = new ArrayList<>();

    private TrainConfig read(String keys) throws IOException {
        String json = "{" + keys + ",\"model\":\"m\",\"data\":[\"d\"],\"output\":\"o\"}";
        ConfigFile file = ConfigFile.read(new JsonFactory().createParser(json), "run.yaml", Method.SFT, notes::add);
        return TrainConfig.all(Method.SFT, file, Settings.NONE).getFirst();
    }

    @ParameterizedTest
    @CsvSource({
        "learning-rate, 2e-3, learning_rate, 0.002",
        "lr, 2e-3, learning_rate, 0.002",
        "lora_r, 4, lora_rank, 4",
        "r, 4, lora_rank, 4",
        "alpha, 8, lora_alpha, 8.0",
        "target_modules, all-linear, lora_target_modules, '[q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj,"
                + " down_proj]'",
        "lora_target, 'q_proj,v_proj', lora_target_modules, '[q_proj, v_proj]'",
        "peft_layers_to_transform, '0, 2', layers_to_transform, '[0, 2]'",
        "num_epochs, 2, num_train_epochs, 2.0",
        "micro_batch_size, 3, per_device_train_batch_size, 3",
        "batch_size, 3, per_device_train_batch_size, 3",
        "cutoff_len, 64, max_length, 64",
        "max_seq_length, 64, max_length, 64",
        "gradient_checkpointing, true, recompute, full",
        "gradient_checkpointing, False, recompute, none",
        "optim, adamw_bnb_8bit, optim, adamw-8bit",
        "optimizer, adamw_torch_fused, optim, adamw-torch",
        "offload_activations, true, activation_offloading, true",
        "train_on_inputs, True, loss_on, all",
        "completion_only_loss, true, loss_on, completion",
        "sample_packing, True, packing, true",
        "disable_shuffling, true, shuffle, false",
        "use_cpu, true, backend, cpu",
        "device, cuda:0, backend, cuda",
        "max_steps, -1, max_steps, 0",
        "lr_scheduler_type, constant_with_warmup, lr_scheduler_type, constant",
        "lr_scheduler, Linear, lr_scheduler_type, linear",
        "validation_file, v.jsonl, eval_data, v.jsonl",
        "log_with, all, report_to, tensorboard",
        "random_seed, 7, seed, 7",
    })
    void areOurSettings(String name, String value, String key, String read) throws IOException {
        assertThat(String.valueOf(
                        read("\"" + name + "\":\"" + value + "\"").resolved().get(key)))
                .isEqualTo(read);
        assertThat(notes).isEmpty();
    }

    @Test
    void aModelsNameIsThatOfAFileWithoutOurs() throws IOException {
        String json = "{\"model_name_or_path\":\"m\",\"dataset\":\"d\",\"output_dir\":\"o\"}";
        ConfigFile file = ConfigFile.read(new JsonFactory().createParser(json), "run.yaml", Method.SFT, notes::add);
        TrainConfig config = TrainConfig.all(Method.SFT, file, Settings.NONE).getFirst();
        assertThat(config.model()).isEqualTo(Path.of("m"));
        assertThat(config.data()).containsExactly(Path.of("d"));
        assertThat(config.output()).isEqualTo(Path.of("o"));
    }

    /** Settings of TRL's DPO as its own configuration writes them where nobody changes them. */
    @Test
    void defaultsOfTrlChangeNothing() throws IOException {
        ConfigFile file = ConfigFile.read(new JsonFactory().createParser("""
            {"model": "m", "data": "d", "output": "o", "sync_ref_model": false, "ref_model_mixup_alpha": 0.6,
             "ref_model_sync_steps": 512, "rpo_alpha": null, "ld_alpha": null, "use_weighting": false,
             "precompute_ref_log_probs": false, "precompute_ref_batch_size": null, "f_divergence_type": "reverse_kl", "f_alpha_divergence_coef": 0.5,
             "discopop_tau": 0.05, "use_logits_to_keep": false, "force_use_ref_model": false, "loss_type": "sigmoid"}
            """), "run.yaml", Method.DPO, notes::add);
        TrainConfig config = TrainConfig.all(Method.DPO, file, Settings.NONE).getFirst();
        assertThat(config.task()).isEqualTo(new DpoTask(0.1, 0));
        assertThat(notes).isEmpty();
    }

    @Test
    void whatIsSoAnywayMayBeAskedFor() throws IOException {
        read("\"optim\":\"adamw_torch\",\"use_peft\":true,\"load_in_8bit\":false,\"trust_remote_code\":false,"
                + "\"deepspeed\":\"none\",\"padding_free\":true");
        assertThat(notes).isEmpty();
        assertThat(read("\"bf16\":false,\"fp16\":false").machine().dtype()).isEqualTo(AskedDtype.AUTO);
        assertThat(notes).isEmpty();
    }

    @Test
    void aPrecisionIsTheTypeOfProducts() throws IOException {
        for (String bf16 : List.of(
                "\"bf16\":true",
                "\"mixed_precision\":\"bf16\"",
                "\"torch_dtype\":\"bfloat16\"",
                "\"dtype\":\"torch.bfloat16\"",
                "\"dtype\":\"bf16\"")) {
            assertThat(read(bf16).machine().dtype()).as(bf16).isEqualTo(AskedDtype.BFLOAT16);
        }
        assertThat(read("\"fp32\":true").machine().dtype()).isEqualTo(AskedDtype.FLOAT32);
        assertThat(notes).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "optim, adafactor, 'optim: must be one of adamw-torch, adamw-8bit, not adafactor'",
        "load_in_4bit, maybe, 'load_in_4bit: must be true or false, not maybe'",
        "bnb_4bit_quant_type, fp4, 'bnb_4bit_quant_type fp4: not available: four bits are NF4'",
        "weights, fp4, 'weights: must be one of nf4, int8, fp8, not fp4'",
        "deepspeed, ds.json, 'deepspeed: Candor has no such setting: mpirun -n 4 ./candor train shares a run out to"
                + " four processes'",
        "fsdp, full_shard, 'fsdp: Candor has no such setting: mpirun -n 4'",
        "packing_strategy, bfd, 'packing_strategy: Candor has no such setting: --packing fills micro-batches'",
        "fp16, true, 'fp16 true: not available: --dtype says what is computed in'",
        "report_to, wandb, 'report_to: must be one of tensorboard, none, not wandb'",
        "lora_r, many, 'lora_r: must be a whole number from 1 to 4096, not many'",
        "learn_rate, 1, 'learn_rate: there is no such setting; did you mean learning_rate?'",
        "lora_rk, 1, 'lora_rk: there is no such setting; did you mean lora_rank?'",
        "model_name_or_pth, 1, 'model_name_or_pth: there is no such setting; did you mean model?'",
        "warmup_fractions, 1, 'there is no such setting; did you mean warmup_ratio?'",
        "load_in_4bits, 1, 'there is no such setting; did you mean weights nf4?'",
        "xyzzy, 1, 'xyzzy: there is no such setting'",
        "model_name_or_path, x, 'model: is run.yaml, line 1: model_name_or_path once more; remove one of the two'",
    })
    void saysWhatIsNotHereAndWhatIsNearest(String name, String value, String message) {
        String pair = "\"" + name + "\":\"" + value + "\"";
        assertThatThrownBy(() -> read(pair))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith("run.yaml, line 1: ")
                .hasMessageContaining(message)
                .satisfies(wrong -> assertThat(wrong.getMessage().lines()).hasSize(1));
    }

    @ParameterizedTest
    @CsvSource({"true,", "True,", "o,", "o/checkpoints,", "step-12, 12", "o/checkpoints/step-12, 12", "./o/../o/,"})
    void aRunGoesOnFromACheckpointByItsPath(String value, Long step) throws IOException {
        assertThat(read("\"resume_from_checkpoint\":\"" + value + "\"").resume())
                .isEqualTo(new Resume(true, step));
    }

    @Test
    void aRunDoesNotGoOnFromAnothersCheckpoint() throws IOException {
        assertThat(read("\"resume_from_checkpoint\":\"None\"").resume()).isEqualTo(new Resume(false, null));
        assertThatThrownBy(() -> read("\"resume_from_checkpoint\":\"other/checkpoints/step-12\""))
                .hasMessage("run.yaml, line 1: resume_from_checkpoint: must be true, false, step-N or a checkpoint of"
                        + " this run (o/checkpoints/step-N), not other/checkpoints/step-12; --init-adapter starts from"
                        + " another run's adapter");
    }

    private List<TrainConfig> runs(Method method, String keys) throws IOException {
        String json = "{\"model\":\"m\",\"data\":\"d\",\"output\":\"o\"," + keys + "}";
        ConfigFile file = ConfigFile.read(new JsonFactory().createParser(json), "run.yaml", method, notes::add);
        return TrainConfig.all(method, file, Settings.NONE);
    }

    /** TRL's name for a loss is that of the run's method. */
    @Test
    void aLossIsThatOfItsMethod() throws IOException {
        assertThat(runs(Method.DPO, "\"loss_type\":[\"sigmoid\"],\"dpo_beta\":0.2")
                        .getFirst()
                        .task())
                .isEqualTo(new DpoTask(0.2, 0));
        assertThat(runs(Method.KTO, "\"loss_type\":\"kto\"")).hasSize(1);
        assertThatThrownBy(() -> runs(Method.DPO, "\"loss_type\":\"ipo\""))
                .hasMessage("run.yaml, line 1: loss_type ipo: not available: the loss is DPO's own, of the logistic"
                        + " function");
        assertThatThrownBy(() -> runs(Method.KTO, "\"loss_type\":\"sigmoid\""))
                .hasMessage("run.yaml, line 1: loss_type sigmoid: not available: the loss is KTO's own");
        String sweep = "\"runs\":[{\"method\":\"dpo\",\"loss_type\":\"sigmoid\",\"label_smoothing\":0.1},"
                + "{\"method\":\"kto\",\"loss_type\":\"LOSS\"}]";
        assertThat(runs(Method.SFT, sweep.replace("LOSS", "kto")))
                .extracting(TrainConfig::method)
                .containsExactly(Method.DPO, Method.KTO);
        assertThatThrownBy(() -> runs(Method.SFT, sweep.replace("LOSS", "sigmoid")))
                .hasMessageContaining("the loss is KTO's own");
    }

    @Test
    void theRunsOfASweepHaveFoldersOfTheirOwnForTensorBoard() throws IOException {
        String json = "{\"model\":\"m\",\"data\":\"d\",\"output\":\"o\",\"logging_dir\":\"t\","
                + "\"runs\":[{\"name\":\"a\"},{\"name\":\"b\",\"report_to\":\"none\"},{\"name\":\"c\",\"lora_r\":2}]}";
        ConfigFile file = ConfigFile.read(new JsonFactory().createParser(json), "run.yaml", Method.SFT, notes::add);
        List<TrainConfig> runs = TrainConfig.all(Method.SFT, file, Settings.NONE);
        assertThat(runs.get(0).watch().tensorBoard()).isEqualTo(Path.of("t/a"));
        assertThat(runs.get(1).watch().tensorBoard()).isNull();
        assertThat(runs.get(2).resolved()).containsEntry("lora_rank", 2L);
        assertThat(read("\"seed\":1").watch().tensorBoard()).isEqualTo(Path.of("o/tensorboard"));
    }

    @Test
    void aNameMayMeanAnotherThingWhereOtherSettingsAre() {
        assertThat(FamiliarNames.ours("max_length", List.of("9"), "--max-length", Set.of("max_new_tokens"), notes::add))
                .contains(new FamiliarNames.Ours("max_new_tokens", List.of("9")));
        assertThat(FamiliarNames.ours("overwrite-output-dir", List.of("true"), "x", Set.of("force"), notes::add))
                .contains(new FamiliarNames.Ours("force", List.of("true")));
        assertThatThrownBy(() -> FamiliarNames.ours(
                        "overwrite-output-dir", List.of("true"), "--x", TrainSettings.KEYS, notes::add))
                .hasMessageContaining("--x: Candor has no such setting: no run is overwritten");
    }
}
