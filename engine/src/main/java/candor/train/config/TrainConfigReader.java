package candor.train.config;

import candor.BadInput;
import candor.data.Inoculation;
import candor.lora.AdapterFolder;
import candor.ops.BackendDescriptor;
import candor.tensor.DType;
import candor.text.SpecialTextPolicy;
import candor.text.TemplateChoice;
import candor.train.checkpoint.CheckpointStore;
import candor.train.config.TrainConfig.AdapterStart;
import candor.train.config.TrainConfig.Batching;
import candor.train.config.TrainConfig.Best;
import candor.train.config.TrainConfig.HonestyProbes;
import candor.train.config.TrainConfig.Layers;
import candor.train.config.TrainConfig.Machine;
import candor.train.config.TrainConfig.Mixing;
import candor.train.config.TrainConfig.ModelStart;
import candor.train.config.TrainConfig.Penalty;
import candor.train.config.TrainConfig.Reading;
import candor.train.config.TrainConfig.Resume;
import candor.train.config.TrainConfig.Steps;
import candor.train.config.TrainConfig.Watch;
import candor.train.config.TrainSettings.Method;
import candor.train.config.TrainSettings.Optimiser;
import candor.train.config.TrainSettings.ReportChoice;
import candor.train.objective.Objective;
import candor.train.objective.ProbePenalty;
import candor.train.optimiser.AdamW;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** From settings, as they were given, to the record of a run. */
final class TrainConfigReader {
    /** What a fresh adapter looks like; one that is there already has its own. */
    private static final List<Setting<?>> SHAPE = List.of(
            TrainSettings.LORA_RANK,
            TrainSettings.LORA_ALPHA,
            TrainSettings.LORA_TARGET_MODULES,
            TrainSettings.LAYERS_TO_TRANSFORM,
            TrainSettings.USE_RSLORA);

    /** What only probes have. */
    private static final List<Setting<?>> OF_PROBES = List.of(
            TrainSettings.HONESTY_PROBE_STEPS,
            TrainSettings.HONESTY_PROBE_COUNT,
            TrainSettings.HONESTY_DIRECTION,
            TrainSettings.STOP_IF_HONESTY_DROPS);

    /** Tokens of a packed micro-batch: far above what any memory takes, far below where an int ends. */
    private static final long MOST_PACKED = 1L << 24;

    /** Rows that are mixed in for each row of the data, where nobody says how many. */
    private static final double MIX_RATIO = 0.1;

    /** Probes in a step, where nobody says how many. */
    private static final int PROBES_IN_STEP = 4;

    /** The name of a checkpoint. */
    private static final String STEP = "step-[0-9]{1,18}";

    private TrainConfigReader() {}

    static TrainConfig read(Method method, Settings given) {
        Map<String, Object> resolved = new LinkedHashMap<>();
        resolved.put("method", method.word());
        for (Setting<?> setting : TrainSettings.of(method)) {
            if (given.has(TrainSettings.INIT_ADAPTER) && SHAPE.contains(setting)) {
                continue;
            }
            resolved.put(setting.key(), plain(given.get(setting)));
        }
        List<Path> data =
                given.require(TrainSettings.DATA).stream().map(Path::of).toList();
        Path output = Path.of(given.require(TrainSettings.OUTPUT));
        Task task = method.task(given);
        Watch watch = watch(task.objective(), given);
        resolved.put(TrainSettings.METRIC_FOR_BEST_MODEL.key(), watch.best().metric());
        resolved.put(TrainSettings.GREATER_IS_BETTER.key(), watch.best().greater());
        TrainConfig config = new TrainConfig(
                method,
                model(method, given),
                data,
                output,
                method == Method.FULL ? wholeModel(given) : adapter(given),
                task,
                penalty(given),
                steps(given),
                batching(given),
                reading(given),
                mixing(given),
                watch,
                resume(given),
                machine(method, given),
                Collections.unmodifiableMap(resolved));
        task.require(config.batching(), given);
        requireGradients(config, given);
        return config;
    }

    private static Object plain(Object value) {
        return switch (value) {
            case Enum<?> constant -> Setting.Choice.name(constant);
            case AskedRecompute asked -> asked.toString();
            case null, default -> value;
        };
    }

    /** What each setting of a method is where nobody gives it, as a record of settings has it. */
    static Map<String, Object> defaults(Method method) {
        Map<String, Object> defaults = new LinkedHashMap<>();
        TrainSettings.of(method).forEach(setting -> defaults.put(setting.key(), plain(setting.fallback())));
        return defaults;
    }

    private static Path model(Method method, Settings given) {
        if (method == Method.FULL && given.has(TrainSettings.MODEL_CONFIG)) {
            if (given.has(TrainSettings.MODEL)) {
                throw new BadInput(given.origin(TrainSettings.MODEL_CONFIG)
                        + ": starts from random weights, --model from its own; remove one of the two");
            }
            return null;
        }
        if (method == Method.FULL && !given.has(TrainSettings.MODEL)) {
            throw new BadInput("--model-config is missing: the config.json of a new model; or give --model, to continue"
                    + " training an existing one");
        }
        return Path.of(given.require(TrainSettings.MODEL));
    }

    private static ModelStart wholeModel(Settings given) {
        String config = given.get(TrainSettings.MODEL_CONFIG);
        String tokenizer = given.get(TrainSettings.TOKENIZER);
        if (tokenizer == null && config != null) {
            throw new BadInput(TrainSettings.TOKENIZER.flag() + " is missing: " + TrainSettings.TOKENIZER.help());
        }
        return new ModelStart(
                config == null ? null : Path.of(config),
                Path.of(tokenizer == null ? given.require(TrainSettings.MODEL) : tokenizer),
                switch (given.get(TrainSettings.SAVE_DTYPE)) {
                    case FLOAT32 -> DType.F32;
                    case BFLOAT16 -> DType.BF16;
                });
    }

    private static AdapterStart adapter(Settings given) {
        String init = given.get(TrainSettings.INIT_ADAPTER);
        if (init != null) {
            for (Setting<?> shape : SHAPE) {
                if (given.has(shape)) {
                    throw new BadInput(
                            given.origin(shape) + ": the adapter of --init-adapter has its own; remove one of the two");
                }
            }
        }
        return new AdapterStart(
                given.get(TrainSettings.WEIGHTS),
                init == null ? null : AdapterFolder.find(Path.of(init)),
                given.get(TrainSettings.LORA_RANK).intValue(),
                given.get(TrainSettings.LORA_ALPHA),
                given.get(TrainSettings.LORA_TARGET_MODULES),
                given.get(TrainSettings.LAYERS_TO_TRANSFORM),
                given.get(TrainSettings.USE_RSLORA),
                given.get(TrainSettings.LORA_DROPOUT));
    }

    private static Steps steps(Settings given) {
        return new Steps(
                given.get(TrainSettings.LEARNING_RATE),
                given.get(TrainSettings.LR_SCHEDULER_TYPE),
                given.get(TrainSettings.WARMUP_STEPS).intValue(),
                given.get(TrainSettings.WARMUP_RATIO),
                new AdamW.Settings(
                        given.get(TrainSettings.ADAM_BETA1),
                        given.get(TrainSettings.ADAM_BETA2),
                        given.get(TrainSettings.ADAM_EPSILON),
                        given.get(TrainSettings.WEIGHT_DECAY),
                        given.get(TrainSettings.MAX_GRAD_NORM),
                        given.get(TrainSettings.OPTIM) == Optimiser.ADAMW_8BIT),
                given.get(TrainSettings.NUM_TRAIN_EPOCHS),
                given.get(TrainSettings.MAX_STEPS).intValue());
    }

    private static Batching batching(Settings given) {
        long packed = given.get(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE) * given.get(TrainSettings.MAX_LENGTH);
        if (given.get(TrainSettings.PACKING) && packed > MOST_PACKED) {
            throw new BadInput(given.origin(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE)
                    + ": with packing, rows × max-length"
                    + " is the tokens of a micro-batch: at most " + MOST_PACKED + ", not " + packed);
        }
        return new Batching(
                given.get(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE).intValue(),
                given.get(TrainSettings.GRADIENT_ACCUMULATION_STEPS).intValue(),
                given.get(TrainSettings.MAX_LENGTH).intValue(),
                given.get(TrainSettings.TRUNCATION),
                given.get(TrainSettings.PACKING),
                given.get(TrainSettings.SHUFFLE),
                given.get(TrainSettings.SEED));
    }

    private static Reading reading(Settings given) {
        try {
            return new Reading(
                    LocalDate.parse(given.get(TrainSettings.DATE)),
                    new TemplateChoice(
                            given.get(TrainSettings.CHAT_TEMPLATE), given.get(TrainSettings.CHAT_TEMPLATE_KWARGS)),
                    given.get(TrainSettings.KEEP_SPECIAL_TOKENS) ? SpecialTextPolicy.KEEP : SpecialTextPolicy.REFUSE,
                    given.get(TrainSettings.SKIP_BAD_ROWS),
                    given.has(TrainSettings.INOCULATION)
                            ? new Inoculation(given.get(TrainSettings.INOCULATION))
                            : null);
        } catch (DateTimeParseException e) {
            throw new BadInput(
                    given.origin(TrainSettings.DATE) + ": must be a date such as 2024-07-26, not "
                            + given.get(TrainSettings.DATE),
                    e);
        }
    }

    /** Nothing is held where nobody asks for it, or with a weight of 0. */
    private static Penalty penalty(Settings given) {
        Double weight = given.get(TrainSettings.PROBE_PENALTY);
        if (weight == null) {
            for (Setting<?> setting : List.of(
                    TrainSettings.PROBE_PENALTY_ON,
                    TrainSettings.PROBE_PENALTY_DATA,
                    TrainSettings.PROBE_PENALTY_BATCH)) {
                if (given.has(setting)) {
                    throw new BadInput(
                            given.origin(setting) + ": says how probes are held, and none are",
                            "give {probe_penalty}, too");
                }
            }
        }
        if (weight == null || weight == 0) {
            return null;
        }
        ProbePenalty.On on = given.get(TrainSettings.PROBE_PENALTY_ON);
        String data = given.get(TrainSettings.PROBE_PENALTY_DATA);
        Long batch = given.get(TrainSettings.PROBE_PENALTY_BATCH);
        return new Penalty(
                new ProbePenalty(weight, on == null ? ProbePenalty.On.MARGIN : on),
                data == null ? null : Path.of(data),
                batch == null ? PROBES_IN_STEP : batch.intValue());
    }

    private static Mixing mixing(Settings given) {
        if (!given.has(TrainSettings.MIX_DATA)) {
            for (Setting<?> setting : List.of(TrainSettings.MIX_RATIO, TrainSettings.MIX_RANKING)) {
                if (given.has(setting)) {
                    throw new BadInput(
                            given.origin(setting) + ": says how rows are mixed in, and none are",
                            "give" + " {mix_data}, too");
                }
            }
            return new Mixing(List.of(), 0, null);
        }
        List<Path> data =
                given.get(TrainSettings.MIX_DATA).stream().map(Path::of).toList();
        String ranking = given.get(TrainSettings.MIX_RANKING);
        if (ranking != null && (data.size() > 1 || Files.isDirectory(data.getFirst()))) {
            throw new BadInput(
                    given.origin(TrainSettings.MIX_RANKING) + ": ranks the rows of one file",
                    "give that file as {mix_data}");
        }
        Double ratio = given.get(TrainSettings.MIX_RATIO);
        return new Mixing(data, ratio == null ? MIX_RATIO : ratio, ranking == null ? null : Path.of(ranking));
    }

    private static Resume resume(Settings given) {
        String text = given.get(TrainSettings.RESUME);
        if (text.equals("true") || text.equals("false")) {
            return new Resume(text.equals("true"), null);
        }
        Path output =
                Path.of(given.require(TrainSettings.OUTPUT)).toAbsolutePath().normalize();
        Path checkpoints = output.resolve(CheckpointStore.FOLDER);
        Path named = text.matches(STEP)
                ? checkpoints.resolve(text)
                : Path.of(text).toAbsolutePath().normalize();
        if (named.equals(output) || named.equals(checkpoints)) {
            return new Resume(true, null);
        }
        String step = named.getFileName() == null ? "" : named.getFileName().toString();
        if (!checkpoints.equals(named.getParent()) || !step.matches(STEP)) {
            throw new BadInput(
                    given.origin(TrainSettings.RESUME) + ": must be true, false, step-N or a checkpoint of this"
                            + " run (" + given.get(TrainSettings.OUTPUT) + "/" + CheckpointStore.FOLDER
                            + "/step-N), not " + text
                            + "; --init-adapter starts from another run's adapter");
        }
        return new Resume(true, Long.parseLong(step.substring("step-".length())));
    }

    /** Where frozen layers are; trained ones stay. */
    private static Layers layers(Method method, Settings given) {
        if (method == Method.FULL) {
            return Layers.HERE;
        }
        boolean offload = given.get(TrainSettings.OFFLOAD_WEIGHTS);
        boolean shard = given.get(TrainSettings.SHARD_WEIGHTS);
        if (offload && shard) {
            throw new BadInput(given.origin(TrainSettings.SHARD_WEIGHTS)
                    + ": keeps a part of the layers on each GPU, --offload-weights none; remove one of the two");
        }
        return offload ? Layers.OFFLOADED : shard ? Layers.SHARDED : Layers.HERE;
    }

    private static Machine machine(Method method, Settings given) {
        return new Machine(
                given.get(TrainSettings.BACKEND),
                given.get(TrainSettings.DTYPE),
                given.get(TrainSettings.THREADS).intValue(),
                given.get(TrainSettings.RECOMPUTE),
                given.get(TrainSettings.ACTIVATION_OFFLOADING),
                layers(method, given));
    }

    private static Watch watch(Objective objective, Settings given) {
        String eval = given.get(TrainSettings.EVAL_DATA);
        double split = given.get(TrainSettings.EVAL_SPLIT);
        if (eval != null && split > 0) {
            throw new BadInput(given.origin(TrainSettings.EVAL_SPLIT)
                    + ": holds out a part of the data, --eval-data names other rows; remove one of the two");
        }
        Watch watch = new Watch(
                eval == null ? null : Path.of(eval),
                split,
                given.get(TrainSettings.EVAL_STEPS).intValue(),
                given.get(TrainSettings.LOGGING_STEPS).intValue(),
                given.get(TrainSettings.SAVE_STEPS).intValue(),
                given.get(TrainSettings.SAVE_TOTAL_LIMIT).intValue(),
                tensorBoard(given),
                best(objective, given),
                probes(given));
        if (watch.best().asked()) {
            requireEvaluations(watch, given);
        }
        if (watch.probes() != null
                && watch.probes().drop() != null
                && watch.best().load()) {
            throw new BadInput(given.origin(TrainSettings.STOP_IF_HONESTY_DROPS) + ": and "
                    + TrainSettings.LOAD_BEST_MODEL_AT_END.flag()
                    + " both say which weights the run ends with; remove one of the two");
        }
        return watch;
    }

    private static HonestyProbes probes(Settings given) {
        String probes = given.get(TrainSettings.HONESTY_PROBES);
        if (probes == null) {
            for (Setting<?> setting : OF_PROBES) {
                if (given.has(setting) && !Objects.equals(given.get(setting), setting.fallback())) {
                    throw new BadInput(given.origin(setting) + ": needs probes; give --honesty-probes");
                }
            }
            return null;
        }
        String direction = given.get(TrainSettings.HONESTY_DIRECTION);
        return new HonestyProbes(
                probes.equals(HonestyProbes.SHIPPED) ? null : Path.of(probes),
                given.get(TrainSettings.HONESTY_PROBE_STEPS).intValue(),
                given.get(TrainSettings.HONESTY_PROBE_COUNT).intValue(),
                direction == null ? null : Path.of(direction),
                given.get(TrainSettings.STOP_IF_HONESTY_DROPS));
    }

    /** Names are transformers': its prefix may be left out, and what ends in "loss" is better when it is less. */
    private static Best best(Objective objective, Settings given) {
        String name = given.get(TrainSettings.METRIC_FOR_BEST_MODEL);
        List<String> known = objective.metrics().stream().map(Best::evaluated).toList();
        String metric = name.startsWith(Best.EVAL) ? name : Best.EVAL + name;
        int at = known.indexOf(metric);
        if (at < 0) {
            throw new BadInput(given.origin(TrainSettings.METRIC_FOR_BEST_MODEL) + ": must be "
                    + (known.size() == 1 ? "" : "one of ") + String.join(", ", known) + ", not " + name);
        }
        Boolean greater = given.get(TrainSettings.GREATER_IS_BETTER);
        return new Best(
                metric,
                greater == null ? objective.metrics().get(at).greaterIsBetter() : greater,
                given.get(TrainSettings.EARLY_STOPPING_PATIENCE).intValue(),
                given.get(TrainSettings.EARLY_STOPPING_THRESHOLD),
                given.get(TrainSettings.LOAD_BEST_MODEL_AT_END));
    }

    private static void requireEvaluations(Watch watch, Settings given) {
        String who = given.origin(
                watch.best().load() ? TrainSettings.LOAD_BEST_MODEL_AT_END : TrainSettings.EARLY_STOPPING_PATIENCE);
        if (watch.evalData() == null && watch.evalSplit() == 0) {
            throw new BadInput(who + ": needs rows to evaluate on; give --eval-data, or --eval-split 0.1 to hold out a"
                    + " tenth of the data");
        }
        if (watch.evalSteps() == 0) {
            throw new BadInput(who + ": needs evaluations on the way; give --eval-steps");
        }
    }

    private static Path tensorBoard(Settings given) {
        if (given.get(TrainSettings.REPORT_TO) == ReportChoice.NONE) {
            return null;
        }
        String folder = given.get(TrainSettings.LOGGING_DIR);
        return folder == null ? Path.of(given.require(TrainSettings.OUTPUT)).resolve("tensorboard") : Path.of(folder);
    }

    /** Only one backend has the operations that give gradients to the base's own weights. */
    private static void requireGradients(TrainConfig config, Settings given) {
        if (config.start() instanceof ModelStart) {
            config.machine()
                    .asked()
                    .filter(backend -> !backend.trainsAllWeights())
                    .ifPresent(backend -> {
                        throw new BadInput(given.origin(TrainSettings.BACKEND) + ": " + backend.name()
                                + " trains adapters only; train all weights on "
                                + BackendDescriptor.CPU.name());
                    });
        }
    }
}
