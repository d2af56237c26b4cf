package candor.train.config;

import candor.BadInput;
import candor.train.config.Familiar.Fixed;
import candor.train.config.Familiar.Meant;
import candor.train.config.Familiar.Missing;
import candor.train.config.Familiar.Renamed;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * The one table of names that users know from transformers, TRL, PEFT, LLaMA-Factory, Axolotl and lm-evaluation-harness, and
 * of what they mean here. Flags, YAML files and suggestions for mistyped names all ask it. A name that a command has itself
 * is never looked up.
 */
public final class FamiliarNames {
    /** Whoever trains has this. */
    private static final List<String> TRAINING = List.of("learning_rate");

    /** Whoever computes has one of these; a study's section of settings for its runs has the latter. */
    private static final List<String> COMPUTING = List.of("backend", "learning_rate");

    private static final Map<String, List<Familiar>> TABLE = new LinkedHashMap<>();

    /** Words for values of our own settings, by key. */
    private static final Map<String, Map<String, String>> WORDS = Map.of(
            "max_steps", Map.of("-1", "0"),
            "lr_scheduler_type", Map.of("constant_with_warmup", "constant"),
            "resume", Map.of("true", "true", "false", "false", "none", "false"),
            "report_to", Map.of("all", "tensorboard"),
            "lora_target_modules", Map.of("all-linear", TrainSettings.ALL_LINEAR, "all", TrainSettings.ALL_LINEAR),
            "backend", Map.of("gpu", "cuda"),
            "dtype", Map.of("bf16", "bfloat16", "fp32", "float32", "float", "float32", "torch.bfloat16", "bfloat16"));

    static {
        inputsAndOutputs();
        adapters();
        steps();
        rows();
        watching();
        numbers();
        machines();
        answering();
        measuring();
    }

    private FamiliarNames() {}

    private static void inputsAndOutputs() {
        same(
                "model",
                "model_name_or_path",
                "pretrained_model_name_or_path",
                "base_model_name_or_path",
                "model_name",
                "model_path",
                "model_id",
                "model_dir",
                "base_model",
                "pretrained");
        same(
                List.of("data", "prompts"),
                "dataset",
                "dataset_name",
                "dataset_path",
                "dataset_file",
                "datasets",
                "train_file",
                "train_files",
                "train_data",
                "train_dataset",
                "data_path",
                "data_file",
                "data_files",
                "input",
                "input_file",
                "test_file");
        same("prompts", "prompt_file", "prompts_file");
        same(
                "output",
                "output_dir",
                "output_path",
                "output_file",
                "output_folder",
                "out",
                "out_dir",
                "save_dir",
                "save_path",
                "export_dir");
        same(
                List.of("eval_data"),
                "eval_dataset",
                "eval_file",
                "eval_data_path",
                "validation_file",
                "validation_data",
                "valid_file",
                "val_file",
                "val_data",
                "dev_file");
        same("tokenizer", "tokenizer_name", "tokenizer_name_or_path", "tokenizer_path");
        same("model_config", "config_name", "model_config_path");
        same("config", "config_file", "yaml", "config_path");
        missing("overwrite_output_dir", "no run is overwritten; choose another --output, or continue with --resume");
        missing("dataset_config", "data is read from files; name them with --data");
        missing("dataset_dir", "data is read from files; name them with --data");
        missing("dataset_train_split", "data is read from files; name the file of the split with --data");
        missing("dataset_test_split", "data is read from files; name the file of the split with --eval-data");
        missing("dataset_text_field", "columns are known by their names; rename the column to text");
        missing("streaming", "rows are read into memory once, as token ids; leave it out");
        missing("model_revision", "models are folders on this machine; download the revision and name it with --model");
        missing("hub_model_id", "nothing is uploaded; the adapter's folder can be, by huggingface-cli upload");
        fixed("push_to_hub", COMPUTING, true, "nothing is uploaded", "false");
        fixed("trust_remote_code", COMPUTING, true, "no code of a model's folder is ever run", "false");
        same("chat_template", "chat_template_path", "template", "jinja_template");
        missing("run_name", "a run is called after its folder; choose it with --output");
    }

    private static void adapters() {
        same("lora_rank", "lora_r", "r", "rank", "lora_dim");
        same("lora_alpha", "alpha");
        same("lora_dropout", "dropout");
        same("lora_target_modules", "target_modules", "lora_target", "lora_modules", "lora_layers");
        same("layers_to_transform", "peft_layers_to_transform", "lora_layers_to_transform");
        same("use_rslora", "rslora");
        same(
                List.of("init_adapter", "adapter"),
                "adapter_name_or_path",
                "adapter_path",
                "adapter_dir",
                "adapters",
                "lora_path",
                "lora_model_dir",
                "lora_dir",
                "peft",
                "peft_model",
                "peft_model_id");
        fixed("use_peft", List.of("lora_rank"), true, "an adapter is trained; 'train full' trains all weights", "true");
        fixed(
                "finetuning_type",
                List.of("lora_rank"),
                false,
                "an adapter is trained; 'train full' trains all weights",
                "lora");
        fixed("bias", List.of("lora_rank"), false, "an adapter has no biases", "none");
        fixed("lora_bias", List.of("lora_rank"), false, "an adapter has no biases", "none", "false");
        fixed("task_type", List.of("lora_rank"), false, "every model is a causal language model", "causal_lm");
        fixed("lora_task_type", List.of("lora_rank"), false, "every model is a causal language model", "causal_lm");
        missing("use_dora", "there is no DoRA training; --use-rslora is the variant of LoRA that there is");
        missing("modules_to_save", "adapters are trained on linear layers alone; 'train full' trains all weights");
        missing("lora_modules_to_save", "adapters are trained on linear layers alone; 'train full' trains all weights");
        packed();
    }

    private static void packed() {
        List<String> weights = List.of("weights");
        add(new Meant("load_in_4bit", "weights", "nf4"));
        add(new Meant("use_4bit", "weights", "nf4"));
        add(new Meant("qlora", "weights", "nf4"));
        add(new Meant("load_in_8bit", "weights", "int8"));
        renamed("quantization_bit", weights, false, Map.of("4", "nf4", "8", "int8"));
        fixed("bnb_4bit_quant_type", weights, false, "four bits are NF4", "nf4");
        for (String name : List.of(
                "bnb_4bit_use_double_quant", "use_bnb_nested_quant", "use_double_quant", "double_quantization")) {
            fixed(name, weights, true, "the sizes of NF4's blocks are quantised, too", "true");
        }
        fixed(
                "bnb_4bit_compute_dtype",
                weights,
                false,
                "what packed weights stand for is numbers of bfloat16",
                "bfloat16",
                "bf16",
                "auto");
        fixed(
                "quantization_method",
                weights,
                false,
                "--weights names the form: nf4, int8 or fp8",
                "bnb",
                "bitsandbytes");
        String elsewhere = "weights are packed under an adapter and where a model answers; not here";
        for (String name :
                List.of("load_in_4bit", "load_in_8bit", "use_4bit", "qlora", "quantization_bit", "weights")) {
            missing(name, elsewhere);
        }
        missing("quantization", "--weights names the form: nf4, int8 or fp8");
        missing("quantization_config", "--weights names the form: nf4, int8 or fp8");
    }

    private static void steps() {
        same("learning_rate", "lr", "peak_lr", "learning_rate_init");
        same("lr_scheduler_type", "lr_scheduler", "lr_schedule", "scheduler", "scheduler_type");
        same("warmup_steps", "num_warmup_steps", "lr_warmup_steps");
        same("warmup_ratio", "warmup_fraction");
        same("weight_decay", "wd");
        same("adam_beta1", "beta1", "beta_1");
        same("adam_beta2", "beta2", "beta_2");
        same("adam_epsilon", "adam_eps", "epsilon", "eps");
        same("max_grad_norm", "grad_clip", "gradient_clipping", "clip_grad", "clip_grad_norm", "max_norm");
        same("num_train_epochs", "num_epochs", "epochs", "n_epochs", "epoch", "train_epochs", "max_epochs");
        same("max_steps", "max_train_steps", "num_steps", "num_train_steps", "train_steps", "total_steps", "iters");
        same(
                List.of("per_device_train_batch_size", "batch_size"),
                "batch_size",
                "train_batch_size",
                "micro_batch_size",
                "per_device_batch_size",
                "per_gpu_train_batch_size",
                "train_micro_batch_size_per_gpu",
                "bs");
        same(
                "gradient_accumulation_steps",
                "grad_accumulation_steps",
                "gradient_accumulation",
                "accumulation_steps",
                "grad_accum",
                "grad_accum_steps");
        same("seed", "random_seed", "data_seed", "sampling_seed");
        same("optim", "optimizer");
        missing(
                "label_smoothing_factor",
                "tokens have no smoothed labels; --label-smoothing of 'train dpo' is that of preferences");
        missing("neftune_noise_alpha", "no noise is added to embeddings; --weight-decay is the regulariser there is");
        same("beta", "kto_beta", "dpo_beta", "pref_beta", "rl_beta");
        same("label_smoothing", "dpo_label_smoothing");
        same("desirable_weight", "kto_chosen_weight");
        same("undesirable_weight", "kto_rejected_weight");
        fixed("loss_type", List.of("desirable_weight"), false, "the loss is KTO's own", "kto");
        List<String> dpo = List.of("label_smoothing");
        fixed("loss_type", dpo, false, "the loss is DPO's own, of the logistic function", "sigmoid");
        fixed("pref_loss", dpo, false, "the loss is DPO's own, of the logistic function", "sigmoid");
        fixed("loss_weights", dpo, false, "there is one loss; leave it out", "1", "1.0");
        fixed("f_divergence_type", dpo, false, "rewards are log-ratios", "reverse_kl");
        fixed(
                "reference_free",
                dpo,
                true,
                "the reference is the base model, or the adapter of --init-adapter",
                "false");
        missing("ld_alpha", "every token of a completion counts alike; leave it out");
        missing("rpo_alpha", "chosen completions are not learnt by SFT besides; leave it out");
        missing("pref_ftx", "chosen completions are not learnt by SFT besides; leave it out");
        missing("use_weighting", "every pair counts alike; leave it out");
        String still = "the reference stays what it is at the start";
        missing("sync_ref_model", still + "; leave it out");
        fixed("ref_model_mixup_alpha", dpo, false, still, "0.6", "0.9");
        fixed("ref_model_sync_steps", dpo, false, still, "512", "64");
        fixed("f_alpha_divergence_coef", dpo, false, "rewards are log-ratios", "0.5", "1.0");
        fixed("discopop_tau", dpo, false, "the loss is DPO's own, of the logistic function", "0.05");
        missing("use_logits_to_keep", "logits are computed where there is a target; leave it out");
        missing(
                "force_use_ref_model",
                "the reference is the base model, or the adapter of --init-adapter; leave it out");
        missing("max_prompt_length", "prompt and completion are cut together; give --max-length");
        missing("max_completion_length", "prompt and completion are cut together; give --max-length");
        fixed(
                "precompute_ref_log_probs",
                List.of("beta"),
                true,
                "log-probabilities of the reference are computed once and kept",
                "true",
                "false");
        missing("precompute_ref_batch_size", "they are computed with the micro-batches of training; leave it out");
        missing("ref_model", "the reference is the base model itself, or the adapter of --init-adapter");
        fixed("do_train", TRAINING, true, "'train' trains, 'eval' evaluates", "true");
        missing("do_eval", "held-out rows are evaluated on wherever --eval-data names them");
        missing("stage", "the stage is the command: 'train sft', 'train kto' or 'train dpo'");
    }

    private static void rows() {
        same(
                "max_length",
                "max_seq_length",
                "max_seq_len",
                "cutoff_len",
                "sequence_len",
                "seq_length",
                "seq_len",
                "block_size",
                "context_length",
                "model_max_length",
                "max_model_len");
        renamed("completion_only_loss", List.of("loss_on"), true, Map.of("true", "completion", "false", "all"));
        renamed("assistant_only_loss", List.of("loss_on"), true, Map.of("true", "completion", "false", "all"));
        renamed("train_on_inputs", List.of("loss_on"), true, Map.of("true", "all", "false", "completion"));
        renamed("train_on_prompt", List.of("loss_on"), true, Map.of("true", "all", "false", "completion"));
        same("shuffle", "shuffle_dataset");
        renamed("disable_shuffling", List.of("shuffle"), true, Map.of("true", "false", "false", "true"));
        same("packing", "sample_packing", "neat_packing");
        fixed("padding_free", TRAINING, true, "rows are never padded", "true");
        fixed("pad_to_max_length", TRAINING, true, "rows are never padded", "false");
        String packing = "--packing fills micro-batches with whole rows that never see each other; leave this out";
        missing("packing_strategy", packing);
        missing("eval_packing", packing);
        missing("eval_sample_packing", packing);
        missing("group_by_length", "rows are never padded, so their lengths cost nothing; leave it out");
        missing("pad_token", "rows are never padded; leave it out");
        missing("eos_token", "the end of a reply is that of the chat template; change it in the tokenizer's folder");
        missing("dataset_num_proc", "rows are read by one thread, once; leave it out");
        missing("preprocessing_num_workers", "rows are read by one thread, once; leave it out");
        missing("dataloader_num_workers", "rows are read once, before the first step; leave it out");
        missing("dataloader_drop_last", "an epoch's last step takes the rows that are left; leave it out");
        fixed("remove_unused_columns", TRAINING, true, "columns that are not known are not used", "true");
        missing("max_samples", "all rows are read; cut the file (head -n N), or train fewer steps with --max-steps");
        missing(
                "max_train_samples",
                "all rows are read; cut the file (head -n N), or train fewer steps with --max-steps");
        same("eval_split", "val_size", "val_set_size", "test_size", "eval_size");
    }

    private static void watching() {
        same("logging_steps", "log_every", "log_interval", "logging_interval", "log_steps");
        same("save_steps", "save_every", "save_interval", "checkpointing_steps", "checkpoint_interval");
        same("save_total_limit", "max_checkpoints", "keep_checkpoints");
        same("eval_steps", "evaluation_steps", "eval_every", "eval_interval");
        String evaluated = "held-out rows are evaluated every --eval-steps, and at the end";
        fixed("eval_strategy", TRAINING, false, evaluated, "steps");
        fixed("evaluation_strategy", TRAINING, false, evaluated, "steps");
        renamed(
                "resume_from_checkpoint",
                List.of("resume"),
                true,
                Map.of("true", "true", "false", "false", "none", "false"));
        same("report_to", "log_with");
        same("logging_dir", "tensorboard_dir", "log_dir");
        fixed("logging_strategy", TRAINING, false, "lines are printed every --logging-steps", "steps");
        fixed("save_strategy", TRAINING, false, "checkpoints are written every --save-steps; 0 for none", "steps");
        missing("wandb_project", "metrics go to metrics.jsonl and TensorBoard files; leave it out");
        missing("use_wandb", "metrics go to metrics.jsonl and TensorBoard files; leave it out");
        missing("plot_loss", "'candor report RUN' draws the loss; leave it out");
        missing(
                "per_device_eval_batch_size",
                "held-out rows go in micro-batches of --per-device-train-batch-size rows");
        missing("logging_first_step", "metrics.jsonl has every step; --logging-steps 1 prints every one");
        missing("disable_tqdm", "a bar is drawn on terminals alone; leave it out");
    }

    private static void numbers() {
        add(new Meant("bf16", "dtype", "bfloat16"));
        add(new Meant("fp32", "dtype", "float32"));
        Map<String, String> types = Map.of(
                "bf16",
                "bfloat16",
                "torch.bfloat16",
                "bfloat16",
                "fp32",
                "float32",
                "torch.float32",
                "float32",
                "no",
                "auto");
        renamed("mixed_precision", List.of("dtype"), false, types);
        renamed("torch_dtype", List.of("dtype"), false, types);
        renamed("infer_dtype", List.of("dtype"), false, types);
        String precision = "--dtype says what is computed in, float32 or bfloat16";
        String study = precision + "; a study says it once, beside its backend";
        told("bf16", true, study, "true", "false");
        told("mixed_precision", false, study, "bf16", "no");
        fixed("dtype", TRAINING, false, study, "auto");
        fixed("fp32", COMPUTING, true, precision, "false");
        fixed("fp16", COMPUTING, true, precision + "; there is no float16; leave it out", "false");
        fixed("tf32", COMPUTING, true, precision + "; there is no tf32; leave it out", "false");
        String stored = "weights are used in the type that the checkpoint stores";
        fixed("torch_dtype", COMPUTING, false, stored + "; leave it out", "auto");
        fixed("dtype", COMPUTING, false, stored + "; leave it out", "auto");
    }

    private static void machines() {
        renamed("gradient_checkpointing", List.of("recompute"), true, Map.of("true", "full", "false", "none"));
        renamed("activation_checkpointing", List.of("recompute"), true, Map.of("true", "full", "false", "none"));
        missing("gradient_checkpointing_kwargs", "--recompute says what is computed again: none, selective or full");
        same("offload_weights", "cpu_offload", "offload_param", "fsdp_offload_params");
        same("activation_offloading", "offload_activations", "enable_activation_offloading");
        renamed("use_cpu", List.of("backend"), true, Map.of("true", "cpu", "false", "auto"));
        renamed("no_cuda", List.of("backend"), true, Map.of("true", "cpu", "false", "auto"));
        renamed("device", List.of("backend"), false, Map.of("cuda:0", "cuda", "gpu", "cuda"));
        same("threads", "num_threads", "n_threads", "omp_num_threads");
        String device =
                "mpirun -n 4 ./candor train shares a run out to four processes, each with its device; --recompute full"
                        + " and a smaller --per-device-train-batch-size with more --gradient-accumulation-steps save"
                        + " memory";
        for (String name : List.of(
                "deepspeed",
                "fsdp",
                "fsdp_config",
                "ddp_find_unused_parameters",
                "ddp_timeout",
                "tensor_parallel_size")) {
            missing(name, device);
        }
        missing("device_map", "a model is on one device; choose it with --backend");
        missing("local_rank", "processes that mpirun starts find their own places; leave it out");
        String kernels = "kernels are Candor's own; leave it out";
        for (String name : List.of(
                "attn_implementation",
                "flash_attention",
                "flash_attn",
                "use_liger_kernel",
                "use_unsloth",
                "torch_compile")) {
            missing(name, kernels);
        }
        missing("auto_find_batch_size", "'candor plan' says what fits before the start; leave it out");
        missing("vllm_mode", "generation is Candor's own; leave it out");
        missing("use_vllm", "generation is Candor's own; leave it out");
    }

    private static void answering() {
        same(
                "max_new_tokens",
                "max_tokens",
                "max_gen_toks",
                "max_completion_tokens",
                "max_gen_tokens",
                "max_length",
                "n_predict",
                "num_predict");
        same("temperature", "temp");
        same("top_p", "nucleus");
        same("repetition_penalty", "repeat_penalty", "rep_penalty");
        same("system", "system_prompt", "system_message", "default_system");
        same("stop", "stop_strings", "stop_sequences", "stop_words");
        renamed("do_sample", List.of("temperature"), true, Map.of("true", "1", "false", "0"));
        renamed("greedy", List.of("temperature"), true, Map.of("true", "0", "false", "1"));
        same("batch_size", "eval_batch_size", "per_device_eval_batch_size", "max_num_seqs");
        same("num_fewshot", "n_shot", "num_shots", "shots", "fewshot", "n_fewshot");
        same("limit", "max_samples", "num_samples", "max_examples", "max_eval_samples", "num_examples");
        same("logprobs", "return_logprobs", "output_scores");
        same("force", "overwrite", "overwrite_output_dir", "overwrite_output");
        same("judge_key_env", "api_key_env");
        same("judge_url", "api_base", "base_url", "api_url");
        same("judge_model", "judge_model_name_or_path");
        missing("num_beams", "there is no beam search; --temperature 0 takes the likeliest token");
        missing("min_p", "there is no min-p; --top-p and --top-k narrow the choice");
        missing("num_return_sequences", "a prompt has one completion; give other ones by another --seed");
        missing("tasks", "a benchmark is a command: 'candor eval mask', 'candor eval mmlu', …");
        missing(
                "api_key",
                "a key is never given on a command line; --judge-key-env names the variable that holds a judge's, and"
                        + " 'candor serve' reads CANDOR_API_KEY");
        missing(
                "judge_key",
                "a key is never given on a command line; --judge-key-env names the variable that holds it");
        missing("port", "only 'candor serve' listens on one");
        missing("host", "only 'candor serve' listens on one");
    }

    /** Options of JMH that the benchmarks decide themselves; nothing but their absence may be asked for. */
    private static void measuring() {
        List<String> benchmarks = List.of("iteration_millis");
        for (String name : List.of("wi", "w", "wbs", "wf", "wm", "wmb")) {
            fixed(name, benchmarks, false, "each benchmark warms up as long as it needs");
        }
        for (String name :
                List.of("bm", "tu", "opi", "bs", "si", "gc", "jvm", "jvmargs", "jvmargsappend", "jvmargsprepend")) {
            fixed(name, benchmarks, false, "benchmarks set it themselves; --help names what can be chosen");
        }
        fixed("r", benchmarks, false, "--iteration-millis N says how long an iteration takes");
        fixed("prof", benchmarks, false, "'candor bench Profile' says where the time of a step goes");
        fixed("rf", benchmarks, false, "results are written as JSON and Markdown, into --output");
        fixed("rff", benchmarks, false, "results are written into the folder of --output, under --name");
        fixed("l", benchmarks, false, "'candor bench --help' lists the benchmarks");
        fixed("lp", benchmarks, false, "bench/names.properties lists benchmarks and parameters");
    }

    /** A setting of ours that has the same values. */
    private static void same(String key, String... names) {
        same(List.of(key), names);
    }

    private static void same(List<String> keys, String... names) {
        for (String name : names) {
            renamed(name, keys, false, Map.of());
        }
    }

    private static void renamed(String name, List<String> keys, boolean yesNo, Map<String, String> words) {
        add(new Renamed(name, keys, yesNo, words));
    }

    private static void fixed(String name, List<String> keys, boolean yesNo, String why, String... values) {
        add(new Fixed(name, keys, yesNo, Set.of(values), false, why));
    }

    private static void told(String name, boolean yesNo, String why, String... values) {
        add(new Fixed(name, COMPUTING, yesNo, Set.of(values), true, why));
    }

    private static void missing(String name, String instead) {
        add(new Missing(name, instead));
    }

    /** A name may mean one thing to those who train and another to those who answer. */
    private static void add(Familiar familiar) {
        TABLE.computeIfAbsent(familiar.name(), name -> new ArrayList<>()).add(familiar);
    }

    /** A key in snake case, however it was written. */
    public static String key(String name) {
        return name.replace('-', '_');
    }

    /**
     * What a name means to those who have these settings, empty where it means nothing.
     *
     * @param known the keys of all settings there
     */
    public static Optional<Familiar> find(String name, Collection<String> known) {
        return TABLE.getOrDefault(key(name).toLowerCase(Locale.ROOT), List.of()).stream()
                .filter(familiar -> familiar.concerns(known))
                .min(Comparator.comparing(familiar -> familiar instanceof Missing));
    }

    /**
     * A setting of ours.
     *
     * @param texts its values as we know them
     */
    public record Ours(String key, List<String> texts) {}

    /**
     * What was given under our names and with our values. A name that nobody knows is left as it is.
     *
     * @param at    where it stands, for messages, the name included
     * @param known the keys of all settings there
     * @param notes told what a user should hear, though all is well
     * @return empty where it says what is so anyway
     * @throws BadInput for what is not here
     */
    public static Optional<Ours> ours(
            String name, List<String> texts, String at, Collection<String> known, Consumer<String> notes) {
        if (known.contains(name)) {
            return Optional.of(new Ours(name, texts));
        }
        if (known.contains(key(name))) {
            return Optional.of(new Ours(key(name), texts));
        }
        return switch (find(name, known).orElse(null)) {
            case null -> Optional.of(new Ours(name, texts));
            case Meant meant ->
                yes(texts, at) ? Optional.of(new Ours(meant.key(), List.of(meant.value()))) : Optional.empty();
            case Renamed renamed -> Optional.of(new Ours(renamed.key(known), renamed.values(texts)));
            case Fixed fixed -> {
                if (!fixed.takes(texts)) {
                    throw new BadInput(at + " " + String.join(",", texts) + ": not available: " + fixed.why());
                }
                if (fixed.told()) {
                    notes.accept(at + ": " + fixed.why());
                }
                yield Optional.empty();
            }
            case Missing missing -> {
                if (missing.asked(texts)) {
                    throw new BadInput(at + ": Candor has no such setting: " + missing.instead());
                }
                yield Optional.empty();
            }
        };
    }

    private static boolean yes(List<String> texts, String at) {
        try {
            return new Setting.YesNo().read(texts);
        } catch (Setting.Wrong e) {
            throw new BadInput(at + ": must be " + e.getMessage() + ", not " + String.join(",", texts));
        }
    }

    /** Our words for the values of one of our settings, where other programs have other words. */
    static List<String> words(String key, List<String> texts) {
        Map<String, String> words = WORDS.getOrDefault(key, Map.of());
        return texts.stream()
                .map(text -> words.getOrDefault(text.strip().toLowerCase(Locale.ROOT), text))
                .toList();
    }

    /**
     * What someone may have meant who wrote a name that nobody knows: by what it is called elsewhere, and by spelling.
     *
     * @param known the keys of all settings there
     * @param shown how a key is written there
     * @return how a message ends; empty where nothing is near
     */
    public static String suggestion(String name, Collection<String> known, UnaryOperator<String> shown) {
        Map<String, String> meant = new LinkedHashMap<>();
        known.forEach(key -> meant.put(key, "; did you mean " + shown.apply(key) + "?"));
        for (String other : TABLE.keySet()) {
            switch (find(other, known).orElse(null)) {
                case Renamed renamed ->
                    meant.putIfAbsent(other, "; did you mean " + shown.apply(renamed.key(known)) + "?");
                case Meant theirs ->
                    meant.putIfAbsent(
                            other, "; did you mean " + shown.apply(theirs.key()) + " " + theirs.value() + "?");
                case Missing missing -> meant.putIfAbsent(other, "; " + missing.instead());
                case Fixed fixed -> meant.putIfAbsent(other, "; " + fixed.why());
                case null -> {}
            }
        }
        return Nearest.near(key(name), meant.keySet()).map(meant::get).orElse("");
    }
}
