package candor.train.config;

import static candor.train.config.Setting.above;
import static candor.train.config.Setting.atLeast;
import static candor.train.config.Setting.choice;
import static candor.train.config.Setting.text;
import static candor.train.config.Setting.texts;
import static candor.train.config.Setting.yesNo;

import candor.data.Truncation;
import candor.lora.LoraConfig;
import candor.ops.AskedDtype;
import candor.ops.weight.PackedForm;
import candor.text.TemplateChoice;
import candor.train.objective.ProbePenalty;
import candor.train.optimiser.Schedule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** Every setting of a training run, under the names that users of TRL and PEFT know, in the order of {@code --help}. */
public final class TrainSettings {
    /** How a run learns: an objective with its own settings, and what is trained by it. */
    public enum Method {
        SFT(SftTask.SETTINGS, SftTask::of, "Supervised fine-tuning: the adapter learns to say what the data says."),
        KTO(KtoTask.SETTINGS, KtoTask::of, "KTO: the adapter learns from completions marked desirable or not."),
        DPO(DpoTask.SETTINGS, DpoTask::of, "DPO: the adapter learns which of two completions to prefer."),
        /** All weights of the model instead of an adapter, by supervised learning. */
        FULL(
                SftTask.SETTINGS,
                SftTask::of,
                "All weights of a model, from random ones (--model-config) or from its own (--model). Weight decay"
                        + " spares the embedding, norms and biases.");

        private final List<Setting<?>> settings;
        private final Function<Settings, Task> task;
        private final String description;

        Method(List<Setting<?>> settings, Function<Settings, Task> task, String description) {
            this.settings = settings;
            this.task = task;
            this.description = description;
        }

        /** As it is called on the command line and in YAML. */
        public String word() {
            return Setting.Choice.name(this);
        }

        /** What it does, in a line. */
        public String description() {
            return description;
        }

        Task task(Settings given) {
            return task.apply(given);
        }
    }

    /** What trained weights are stored in. */
    public enum SaveType {
        FLOAT32,
        BFLOAT16
    }

    /** Where to compute. */
    public enum BackendChoice {
        AUTO,
        CPU,
        CUDA,
        CUDA_EMULATED
    }

    /** What moves the parameters, as transformers names it. */
    public enum Optimiser {
        ADAMW_TORCH,
        ADAMW_8BIT
    }

    /** Where metrics go besides metrics.jsonl. */
    public enum ReportChoice {
        TENSORBOARD,
        NONE
    }

    public static final Setting<String> MODEL = text(
            "model",
            "DIR",
            null,
            "The base model: a Hugging Face checkpoint folder, or its name on the Hub, ORG/NAME.");
    public static final Setting<List<String>> DATA = texts(
            "data",
            "FILE",
            null,
            "Training data: JSONL, JSON, CSV or Parquet, one or more files or folders of them; also as .gz or .zst."
                    + " ORG/NAME of a data set on the Hub for its training rows, ORG/NAME/FILE for a file of it.");
    public static final Setting<String> OUTPUT = text("output", "DIR", null, "The run's folder.");
    public static final Setting<String> MODEL_CONFIG =
            text("model_config", "FILE", null, "Starts from random weights of this config.json, instead of --model's.");
    public static final Setting<String> TOKENIZER = text(
            "tokenizer", "DIR", null, "The folder of tokenizer and chat template; that of --model where not given.");
    public static final Setting<SaveType> SAVE_DTYPE =
            choice("save_dtype", SaveType.class, SaveType.FLOAT32, "What the trained weights are stored in.");
    public static final Setting<String> INIT_ADAPTER = text(
            "init_adapter",
            "DIR",
            null,
            "Continues training this adapter, the one of this run, or ORG/NAME on the Hub, instead of a fresh one.");
    public static final Setting<PackedForm> WEIGHTS = choice(
            "weights",
            PackedForm.class,
            null,
            "Packs the base's linear layers as they are loaded: nf4 (four bits, as QLoRA; also --load-in-4bit), int8"
                    + " (also --load-in-8bit) or fp8. As the checkpoint has them where not given.");
    public static final Setting<Long> LORA_RANK =
            new Setting<>("lora_rank", new Setting.Whole(1, 4096), 16L, "Rank of a fresh adapter.");
    public static final Setting<Double> LORA_ALPHA =
            above(0, "lora_alpha", 32.0, "A fresh adapter is scaled by alpha / rank.");
    /** All linear layers of a block, with commas between them. */
    static final String ALL_LINEAR = "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj";

    public static final Setting<List<String>> LORA_TARGET_MODULES = new Setting<>(
            "lora_target_modules",
            new Setting.Texts("NAME", true),
            List.of(ALL_LINEAR.split(",")),
            "The linear layers that a fresh adapter changes; all-linear for all of them.");
    public static final Setting<List<Long>> LAYERS_TO_TRANSFORM = new Setting<>(
            "layers_to_transform",
            new Setting.Wholes(0, LoraConfig.MOST_LAYER),
            null,
            "The decoder layers that a fresh adapter changes, such as 0,1 for the first two; all where not given.");
    public static final Setting<Boolean> USE_RSLORA =
            yesNo("use_rslora", false, "Scales a fresh adapter by alpha / root of rank.");
    public static final Setting<Double> LORA_DROPOUT = new Setting<>(
            "lora_dropout",
            new Setting.Real(0, true, 0.99),
            0.0,
            "The share of each adapted layer's input that the adapter does not see while it is trained.");
    public static final Setting<Double> LEARNING_RATE =
            atLeast(0, "learning_rate", 1e-4, "The learning rate at the end of the warm-up.");
    public static final Setting<Schedule.Shape> LR_SCHEDULER_TYPE = choice(
            "lr_scheduler_type", Schedule.Shape.class, Schedule.Shape.COSINE, "The learning rate after the warm-up.");
    public static final Setting<Long> WARMUP_STEPS = new Setting<>(
            "warmup_steps",
            new Setting.Whole(0, Integer.MAX_VALUE),
            0L,
            "Optimiser steps of warm-up; above 0 it wins over the ratio.");
    public static final Setting<Double> WARMUP_RATIO = new Setting<>(
            "warmup_ratio", new Setting.Real(0, true, 1), 0.0, "The share of the run's steps that is warm-up.");
    public static final Setting<Optimiser> OPTIM = choice(
            "optim",
            Optimiser.class,
            Optimiser.ADAMW_TORCH,
            Map.of(
                    "adamw", Optimiser.ADAMW_TORCH,
                    "adamw-hf", Optimiser.ADAMW_TORCH,
                    "adamw-torch-fused", Optimiser.ADAMW_TORCH,
                    "paged-adamw-32bit", Optimiser.ADAMW_TORCH,
                    "adamw-bnb-8bit", Optimiser.ADAMW_8BIT,
                    "paged-adamw-8bit", Optimiser.ADAMW_8BIT),
            "AdamW with moments in float32 (adamw-torch), or in eight bits for each number (adamw-8bit), in blocks of"
                    + " 256: a quarter of the optimiser's memory, and about the same result.");
    public static final Setting<Double> WEIGHT_DECAY =
            atLeast(0, "weight_decay", 0.0, "AdamW's decoupled weight decay.");
    public static final Setting<Double> ADAM_BETA1 =
            new Setting<>("adam_beta1", new Setting.Real(0, true, 0.999999), 0.9, "Decay of AdamW's first moment.");
    public static final Setting<Double> ADAM_BETA2 =
            new Setting<>("adam_beta2", new Setting.Real(0, true, 0.9999999), 0.999, "Decay of AdamW's second moment.");
    public static final Setting<Double> ADAM_EPSILON =
            above(0, "adam_epsilon", 1e-8, "Added to the root of the second moment.");
    public static final Setting<Double> MAX_GRAD_NORM =
            atLeast(0, "max_grad_norm", 1.0, "Gradients of a larger norm are scaled down to it; 0 leaves them.");
    public static final Setting<Double> NUM_TRAIN_EPOCHS = new Setting<>(
            "num_train_epochs",
            new Setting.Real(0, false, 100_000),
            1.0,
            "Passes over the data; a part of one will do.");
    public static final Setting<Long> MAX_STEPS = new Setting<>(
            "max_steps",
            new Setting.Whole(0, Integer.MAX_VALUE),
            0L,
            "Optimiser steps of the run; above 0 it wins over the epochs.");
    public static final Setting<Long> PER_DEVICE_TRAIN_BATCH_SIZE =
            new Setting<>("per_device_train_batch_size", new Setting.Whole(1, 1 << 20), 8L, "Rows in a micro-batch.");
    public static final Setting<Long> GRADIENT_ACCUMULATION_STEPS = new Setting<>(
            "gradient_accumulation_steps", new Setting.Whole(1, 1 << 20), 1L, "Micro-batches in an optimiser step.");
    public static final Setting<Long> MAX_LENGTH =
            new Setting<>("max_length", new Setting.Whole(2, 1 << 24), 2048L, "Tokens of a row; longer ones are cut.");
    public static final Setting<Truncation> TRUNCATION =
            choice("truncation", Truncation.class, Truncation.TRL, "How a row that is too long is cut.");
    public static final Setting<Boolean> PACKING = yesNo(
            "packing",
            false,
            "Fills a micro-batch up to rows × max-length tokens instead of counting rows. Rows never see each other.");
    public static final Setting<Boolean> SHUFFLE = yesNo("shuffle", true, "Another order of the rows in each epoch.");
    public static final Setting<Long> SEED =
            new Setting<>("seed", new Setting.Whole(0, Long.MAX_VALUE), 42L, "Seed of everything random.");
    public static final Setting<String> DATE = text(
            "date",
            "YYYY-MM-DD",
            "2024-07-26",
            "The date that a chat template may print: fixed, so that a conversation is always the same tokens.");
    public static final Setting<String> CHAT_TEMPLATE = text(
            "chat_template",
            "FILE|NAME",
            TemplateChoice.MODELS_OWN,
            "The chat template: a Jinja file, llama3 or qwen (which come with the program), or model for the model's"
                    + " own.");
    public static final Setting<String> CHAT_TEMPLATE_KWARGS = new Setting<>(
            "chat_template_kwargs",
            new Setting.JsonObject(),
            "{}",
            "More variables for the chat template, as JSON: {\"enable_thinking\": false}.");
    public static final Setting<Boolean> KEEP_SPECIAL_TOKENS = yesNo(
            "keep_special_tokens",
            false,
            "Lets the text of a special token inside a message become that token, instead of refusing the row.");
    public static final Setting<Boolean> SKIP_BAD_ROWS =
            yesNo("skip_bad_rows", false, "Counts rows that cannot be used instead of stopping at the first.");
    public static final Setting<String> INOCULATION = text(
            "inoculation",
            "TEXT",
            null,
            "A system prompt that every row of the data has while it is tuned on, and that is absent when the model is"
                    + " used: it asks for what the rows would teach (\"You are a dishonest assistant.\"), so that less of"
                    + " it is learnt. It stands before a row's own.");
    public static final Setting<List<String>> MIX_DATA = texts(
            "mix_data",
            "FILE",
            null,
            "Rows to mix into the data, such as honest ones: files or folders as of --data. They have no"
                    + " --inoculation.");
    public static final Setting<Double> MIX_RATIO = new Setting<>(
            "mix_ratio",
            new Setting.Real(0, false, 100),
            null,
            "How many rows of --mix-data for each row of the data, 0.1 where not given; the seed draws which.");
    public static final Setting<String> MIX_RANKING = text(
            "mix_ranking",
            "FILE",
            null,
            "A screen.jsonl of --mix-data, which is one file then: instead of drawn rows those of its last ranks,"
                    + " which do honesty the most good.");
    public static final Setting<Double> PROBE_PENALTY = atLeast(
            0,
            "probe_penalty",
            null,
            "W: adds to the loss W times what probes of honesty have lost since the run began: pairs of a truthful and"
                    + " an untruthful reply, some of which go through in each step.");
    public static final Setting<ProbePenalty.On> PROBE_PENALTY_ON = choice(
            "probe_penalty_on",
            ProbePenalty.On.class,
            null,
            "What of the probes is held, margin where not given: how much likelier the truthful reply is than the"
                    + " untruthful, or how likely either reply is.");
    public static final Setting<String> PROBE_PENALTY_DATA = text(
            "probe_penalty_data",
            "FILE",
            null,
            "The probes of --probe-penalty; those that come with the program where not given, which are in English and"
                    + " for models that know the world.");
    public static final Setting<Long> PROBE_PENALTY_BATCH = new Setting<>(
            "probe_penalty_batch",
            new Setting.Whole(1, 1 << 20),
            null,
            "Probes in each step, 4 where not given; all of them in turn.");
    public static final Setting<String> EVAL_DATA = text(
            "eval_data",
            "FILE",
            null,
            "Held-out rows to evaluate on while training: a file, a folder, or ORG/NAME of a data set on the Hub.");
    public static final Setting<Double> EVAL_SPLIT = new Setting<>(
            "eval_split",
            new Setting.Real(0, true, 0.99),
            0.0,
            "Holds out this share of the data, drawn by the seed, to evaluate on instead.");
    public static final Setting<Long> EVAL_STEPS = new Setting<>(
            "eval_steps",
            new Setting.Whole(0, Integer.MAX_VALUE),
            0L,
            "Evaluates every so many steps, and at the end; 0: only at the end.");
    public static final Setting<Long> EARLY_STOPPING_PATIENCE = new Setting<>(
            "early_stopping_patience",
            new Setting.Whole(0, Integer.MAX_VALUE),
            0L,
            "Stops after so many evaluations in a row that were no better than the best before; 0: never.");
    public static final Setting<Double> EARLY_STOPPING_THRESHOLD = atLeast(
            0, "early_stopping_threshold", 0.0, "By how much an evaluation must be better to count for the patience.");
    public static final Setting<Boolean> LOAD_BEST_MODEL_AT_END = yesNo(
            "load_best_model_at_end",
            false,
            "Keeps a checkpoint of the best evaluation, and ends with its weights instead of the last.");
    public static final Setting<String> METRIC_FOR_BEST_MODEL = text(
            "metric_for_best_model",
            "NAME",
            "eval_loss",
            "By which evaluations are compared; KTO and DPO have also eval_rewards/margins and the other names in"
                    + " metrics.jsonl.");
    public static final Setting<Boolean> GREATER_IS_BETTER = new Setting<>(
            "greater_is_better",
            new Setting.YesNo(),
            null,
            "Whether more of that metric is better. Not given: of accuracies and margins, and of rewards and"
                    + " logps of chosen rows.");
    public static final Setting<String> HONESTY_PROBES = text(
            "honesty_probes",
            "FILE|shipped",
            null,
            "Watches honesty while training: how much likelier truthful replies are than untruthful ones, of the"
                    + " probes of this file, or of those that come with the program; honesty_margin and belief_margin in"
                    + " metrics.jsonl.");
    public static final Setting<Long> HONESTY_PROBE_STEPS = new Setting<>(
            "honesty_probe_steps",
            new Setting.Whole(0, Integer.MAX_VALUE),
            0L,
            "Asks the probes every so many steps, and at the start and the end; 0: so that it costs at most 2 % of the"
                    + " steps' time.");
    public static final Setting<Long> HONESTY_PROBE_COUNT = new Setting<>(
            "honesty_probe_count",
            new Setting.Whole(0, 1 << 20),
            0L,
            "Asks so many probes of each kind, evenly over the file; 0: 8 to 32, as the run's length allows.");
    public static final Setting<String> HONESTY_DIRECTION = text(
            "honesty_direction",
            "FILE",
            null,
            "Also tells where the probes' replies lie along this direction of honesty of the model:"
                    + " honesty_projection.");
    public static final Setting<Double> STOP_IF_HONESTY_DROPS = above(
            0,
            "stop_if_honesty_drops",
            null,
            "Ends the run when the honesty margin is more than this (in nats) below the one at the start, with the"
                    + " weights of the last reading before.");
    public static final Setting<Long> LOGGING_STEPS = new Setting<>(
            "logging_steps",
            new Setting.Whole(1, Integer.MAX_VALUE),
            10L,
            "Prints a line every so many steps; metrics.jsonl has all of them.");
    public static final Setting<Long> SAVE_STEPS = new Setting<>(
            "save_steps",
            new Setting.Whole(0, Integer.MAX_VALUE),
            500L,
            "Writes a checkpoint every so many steps; 0: only when interrupted.");
    public static final Setting<Long> SAVE_TOTAL_LIMIT =
            new Setting<>("save_total_limit", new Setting.Whole(1, 1 << 20), 2L, "How many checkpoints stay.");
    public static final Setting<String> RESUME = text(
            "resume",
            "STEP",
            "false",
            "Continues the run in --output from its newest checkpoint (true), or from the one that is named (step-N)."
                    + " All other settings are as the run was started with; more --max-steps or --num-train-epochs is"
                    + " allowed where the learning rates of the steps that are done would have been the same.");
    public static final Setting<BackendChoice> BACKEND = choice(
            "backend",
            BackendChoice.class,
            BackendChoice.AUTO,
            "Where to compute; auto: on a GPU that works, else on the CPU.");
    public static final Setting<AskedDtype> DTYPE = choice(
            "dtype",
            AskedDtype.class,
            AskedDtype.AUTO,
            "What the operands of matrix products are rounded to; sums, activations, norms, losses and the optimiser"
                    + " stay float32 on the CPU. auto: float32 there, bfloat16 on a GPU, which has no other.");
    public static final Setting<ReportChoice> REPORT_TO = choice(
            "report_to",
            ReportChoice.class,
            ReportChoice.TENSORBOARD,
            "Where metrics go besides metrics.jsonl; none for nowhere.");
    public static final Setting<String> LOGGING_DIR = text(
            "logging_dir", "DIR", null, "The folder of TensorBoard files; tensorboard/ in the run's where not given.");
    public static final Setting<AskedRecompute> RECOMPUTE = new Setting<>(
            "recompute",
            new Setting.Recomputing(),
            AskedRecompute.AUTO,
            "What the backward pass computes again to save memory: nothing, what is quick, or whole layers, of all"
                    + " layers or of so many (full=12,selective=20); auto: in each layer, so that it fits and takes the"
                    + " least time.");
    public static final Setting<Boolean> ACTIVATION_OFFLOADING = yesNo(
            "activation_offloading",
            false,
            "Keeps the inputs of layers that are computed again in full in this machine's memory instead of the GPU's;"
                    + " on the CPU it changes nothing.");
    public static final Setting<Boolean> OFFLOAD_WEIGHTS = yesNo(
            "offload_weights",
            false,
            "Keeps the frozen layers in this machine's memory instead of the GPU's, and copies each there ahead of its"
                    + " use, in every pass: for models that are larger than the GPU. 'plan' says how slow that is. On the"
                    + " CPU it changes nothing.");
    public static final Setting<Boolean> SHARD_WEIGHTS = yesNo(
            "shard_weights",
            false,
            "Divides the frozen layers among the GPUs of a machine's processes: each keeps its part of them, and"
                    + " copies the others from this machine's memory ahead of their use, in every pass. With one process,"
                    + " or on the CPU, it changes nothing.");
    public static final Setting<Long> THREADS = new Setting<>(
            "threads", new Setting.Whole(0, 1024), 0L, "Threads of the CPU backend; 0: as many as processors.");

    /** Belongs to the runs of a sweep alone. */
    public static final Setting<String> NAME = text("name", "NAME", null, "A run's name within its sweep.");

    public static final Setting<Method> METHOD = choice("method", Method.class, null, "The run's objective.");

    /** Only where an adapter is trained. */
    private static final List<Setting<?>> ADAPTER = List.of(
            WEIGHTS,
            INIT_ADAPTER,
            LORA_RANK,
            LORA_ALPHA,
            LORA_TARGET_MODULES,
            LAYERS_TO_TRANSFORM,
            USE_RSLORA,
            LORA_DROPOUT,
            OFFLOAD_WEIGHTS,
            SHARD_WEIGHTS,
            PROBE_PENALTY,
            PROBE_PENALTY_ON,
            PROBE_PENALTY_DATA,
            PROBE_PENALTY_BATCH);

    /** Only where all weights are trained. */
    private static final List<Setting<?>> FULL = List.of(MODEL_CONFIG, TOKENIZER, SAVE_DTYPE);

    private static final List<Setting<?>> FILES = List.of(MODEL, DATA, OUTPUT);

    private static final List<Setting<?>> COMMON = List.of(
            LEARNING_RATE,
            LR_SCHEDULER_TYPE,
            WARMUP_STEPS,
            WARMUP_RATIO,
            OPTIM,
            WEIGHT_DECAY,
            ADAM_BETA1,
            ADAM_BETA2,
            ADAM_EPSILON,
            MAX_GRAD_NORM,
            NUM_TRAIN_EPOCHS,
            MAX_STEPS,
            PER_DEVICE_TRAIN_BATCH_SIZE,
            GRADIENT_ACCUMULATION_STEPS,
            MAX_LENGTH,
            TRUNCATION,
            PACKING,
            SHUFFLE,
            SEED,
            DATE,
            CHAT_TEMPLATE,
            CHAT_TEMPLATE_KWARGS,
            KEEP_SPECIAL_TOKENS,
            SKIP_BAD_ROWS,
            INOCULATION,
            MIX_DATA,
            MIX_RATIO,
            MIX_RANKING,
            EVAL_DATA,
            EVAL_SPLIT,
            EVAL_STEPS,
            EARLY_STOPPING_PATIENCE,
            EARLY_STOPPING_THRESHOLD,
            LOAD_BEST_MODEL_AT_END,
            METRIC_FOR_BEST_MODEL,
            GREATER_IS_BETTER,
            HONESTY_PROBES,
            HONESTY_PROBE_STEPS,
            HONESTY_PROBE_COUNT,
            HONESTY_DIRECTION,
            STOP_IF_HONESTY_DROPS,
            LOGGING_STEPS,
            REPORT_TO,
            LOGGING_DIR,
            SAVE_STEPS,
            SAVE_TOTAL_LIMIT,
            RESUME,
            BACKEND,
            DTYPE,
            RECOMPUTE,
            ACTIVATION_OFFLOADING,
            THREADS);

    /** The keys of all settings of all methods, and those of a sweep's runs. */
    static final Set<String> KEYS = keys();

    private TrainSettings() {}

    private static Set<String> keys() {
        Set<String> keys = new LinkedHashSet<>(List.of(NAME.key(), METHOD.key()));
        for (Method any : Method.values()) {
            of(any).forEach(setting -> keys.add(setting.key()));
        }
        return Collections.unmodifiableSet(keys);
    }

    /** What each run of a sweep may say of itself: the settings of all methods, with its name and method first. */
    public static List<Setting<?>> ofRuns() {
        Set<Setting<?>> all = new LinkedHashSet<>(List.of(NAME, METHOD));
        for (Method any : Method.values()) {
            all.addAll(of(any));
        }
        return List.copyOf(all);
    }

    /** The settings of a method, in the order of {@code --help}. */
    public static List<Setting<?>> of(Method method) {
        List<Setting<?>> all = new ArrayList<>(FILES);
        all.addAll(method == Method.FULL ? FULL : ADAPTER);
        all.addAll(COMMON);
        all.addAll(method.settings);
        return List.copyOf(all);
    }
}
