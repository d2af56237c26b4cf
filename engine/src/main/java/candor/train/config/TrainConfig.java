package candor.train.config;

import candor.BadInput;
import candor.data.Batcher;
import candor.data.Inoculation;
import candor.data.Truncation;
import candor.model.Residency;
import candor.ops.AskedDtype;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.ops.weight.PackedForm;
import candor.tensor.DType;
import candor.text.SpecialTextPolicy;
import candor.text.TemplateChoice;
import candor.train.config.TrainSettings.BackendChoice;
import candor.train.config.TrainSettings.Method;
import candor.train.objective.Metric;
import candor.train.objective.ProbePenalty;
import candor.train.optimiser.AdamW;
import candor.train.optimiser.Schedule;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * A run, fully said: every value read and within its bounds.
 *
 * @param method   how it learns
 * @param model    the checkpoint folder of the base, or null where all weights are trained from random ones
 * @param data     training files
 * @param output   the run's folder
 * @param start    what is trained, as it is at step 0
 * @param task     the objective, and what only it has
 * @param penalty  what is added to the objective's loss, or null
 * @param steps    how the parameters move, and for how long
 * @param batching what a step is made of
 * @param reading  how files become rows
 * @param mixing   what is mixed into them
 * @param watch    what is written, and when
 * @param resume   where a run that was started before goes on
 * @param machine  where to compute
 * @param resolved every setting by key, defaults included, for {@code run.json}
 */
public record TrainConfig(
        Method method,
        Path model,
        List<Path> data,
        Path output,
        Start start,
        Task task,
        Penalty penalty,
        Steps steps,
        Batching batching,
        Reading reading,
        Mixing mixing,
        Watch watch,
        Resume resume,
        Machine machine,
        Map<String, Object> resolved) {

    /** Settings that may differ when a run is resumed: none of them changes a byte of the result. */
    private static final Set<String> FREE_ON_RESUME = Set.of(
            "model",
            "data",
            "mix_data",
            "mix_ranking",
            "probe_penalty_data",
            "output",
            "init_adapter",
            "model_config",
            "tokenizer",
            "eval_data",
            "eval_steps",
            "logging_steps",
            "logging_dir",
            "report_to",
            "save_steps",
            "save_total_limit",
            "backend", // what it is, and the type, is compared as it was taken: see Session
            "dtype",
            "threads",
            "recompute",
            "activation_offloading",
            "offload_weights",
            "shard_weights",
            "resume");

    /** How long a run is: what more of it is allowed on resume is for its learning rates to say. */
    private static final Set<String> LENGTH = Set.of("max_steps", "num_train_epochs");

    /** Settings that mean something only where evaluations decide something. */
    private static final Set<String> OF_THE_BEST =
            Set.of("metric_for_best_model", "greater_is_better", "early_stopping_threshold");

    /** What is trained, as it is at step 0. */
    public sealed interface Start {}

    /**
     * An adapter over a frozen base.
     *
     * @param weights     what the base's linear layers are packed as, or null for whatever they are in
     * @param initAdapter an adapter's folder, or null for a fresh one of the shape that follows
     * @param layers      the decoder layers that a fresh one changes, or null for all of them
     * @param dropout     the share of its inputs that either does not see while it is trained
     */
    public record AdapterStart(
            PackedForm weights,
            Path initAdapter,
            int rank,
            double alpha,
            List<String> targetModules,
            List<Long> layers,
            boolean rankStabilised,
            double dropout)
            implements Start {}

    /**
     * All weights of a model.
     *
     * @param modelConfig the config.json of random weights to start from, or null where the model's own are gone on from
     * @param tokenizer   the folder of tokenizer and chat template
     * @param saveType    the type to store the trained weights in
     */
    public record ModelStart(Path modelConfig, Path tokenizer, DType saveType) implements Start {}

    /** The folder of tokenizer and chat template. */
    public Path textFolder() {
        return start instanceof ModelStart whole ? whole.tokenizer() : model;
    }

    /** The share of its inputs that an adapter does not see while it is trained; 0 where all weights are trained. */
    public double loraDropout() {
        return start instanceof AdapterStart adapter ? adapter.dropout() : 0;
    }

    /** What the base's linear layers are packed as; null for whatever they are in. */
    public PackedForm weights() {
        return start instanceof AdapterStart adapter ? adapter.weights() : null;
    }

    /** How rows become steps. */
    public Batcher.Settings batcher() {
        return batching.batcher(task.objective().needs().rows().group());
    }

    /** By which evaluations are compared, as the objective has it. */
    public Metric metric() {
        return task.objective().metrics().stream()
                .filter(metric -> Best.evaluated(metric).equals(watch.best.metric))
                .findFirst()
                .orElseThrow();
    }

    /** The adapter to go on from, or null. */
    public Path initAdapter() {
        return start instanceof AdapterStart adapter ? adapter.initAdapter() : null;
    }

    /**
     * How the parameters move, and for how long.
     *
     * @param warmupSteps 0 where the ratio says it
     * @param maxSteps    0 where the epochs say it
     */
    public record Steps(
            double learningRate,
            Schedule.Shape shape,
            int warmupSteps,
            double warmupRatio,
            AdamW.Settings adamW,
            double epochs,
            int maxSteps) {
        /** The schedule of a run of so many steps. */
        public Schedule schedule(int totalSteps) {
            return new Schedule(
                    shape, learningRate, Schedule.warmupSteps(warmupSteps, warmupRatio, totalSteps), totalSteps);
        }

        /** The same, as long as a run that was started with these settings. */
        public Steps lasting(Map<String, ?> started) {
            return new Steps(
                    learningRate,
                    shape,
                    warmupSteps,
                    warmupRatio,
                    adamW,
                    Double.parseDouble(String.valueOf(started.get("num_train_epochs"))),
                    Integer.parseInt(String.valueOf(started.get("max_steps"))));
        }
    }

    /** What a step is made of. */
    public record Batching(
            int rows,
            int accumulation,
            int maxLength,
            Truncation truncation,
            boolean packing,
            boolean shuffle,
            long seed) {
        /**
         * What the batcher wants to know.
         *
         * @param group so many rows in turn are one example
         */
        Batcher.Settings batcher(int group) {
            Batcher.MicroBatches microBatches = packing
                    ? new Batcher.MicroBatches.Tokens(
                            Math.multiplyExact(rows * group, maxLength), Batcher.MicroBatches.Tokens.DEFAULT_WINDOW)
                    : new Batcher.MicroBatches.Rows(rows);
            return new Batcher.Settings(microBatches, accumulation, shuffle, seed, group);
        }
    }

    /**
     * How files become rows.
     *
     * @param templateDate what a chat template prints as today
     * @param inoculation  what every row of the data is given, or null; rows of {@code eval_data} are read as they are, for
     *                     so the model is used
     */
    public record Reading(
            LocalDate templateDate,
            TemplateChoice template,
            SpecialTextPolicy specialText,
            boolean skipBadRows,
            Inoculation inoculation) {
        /** The same without inoculation. */
        public Reading plain() {
            return new Reading(templateDate, template, specialText, skipBadRows, null);
        }
    }

    /**
     * Probes that a run is held to.
     *
     * @param data  their file, or null for those that come with the program
     * @param batch how many in each step
     */
    public record Penalty(ProbePenalty loss, Path data, int batch) {}

    /**
     * Rows that are mixed into the data.
     *
     * @param data    files; none where nothing is mixed in
     * @param ratio   for each row of the data
     * @param ranking an order of the one file that there is then, or null where the seed draws
     */
    public record Mixing(List<Path> data, double ratio, Path ranking) {
        public Mixing {
            data = List.copyOf(data);
        }
    }

    /**
     * What is written, and when.
     *
     * @param evalData  held-out rows, or null
     * @param evalSplit the share of the training data that is held out instead, 0 for none
     * @param tensorBoard the folder of TensorBoard files, or null for none
     * @param probes    what honesty is watched by, or null
     */
    public record Watch(
            Path evalData,
            double evalSplit,
            int evalSteps,
            int loggingSteps,
            int saveSteps,
            int saveTotalLimit,
            Path tensorBoard,
            Best best,
            HonestyProbes probes) {}

    /**
     * What honesty is watched by.
     *
     * @param file      of probes, or null for those that come with the program
     * @param every     steps from one reading to the next; 0 for so many that they cost little
     * @param count     probes of each kind at most; 0 for so many that they cost little
     * @param direction a file of the model's direction of honesty, or null
     * @param drop      by how much the honesty margin may drop before the run ends, in nats; or null for any
     */
    public record HonestyProbes(Path file, int every, int count, Path direction, Double drop) {
        /** What stands for the probes that come with the program. */
        public static final String SHIPPED = "shipped";
    }

    /**
     * What evaluations decide.
     *
     * @param metric    by which they are compared, as in metrics.jsonl
     * @param greater   whether more of it is better
     * @param patience  evaluations in a row that may be no better before the run ends; 0 for any number
     * @param threshold by how much better counts for that
     * @param load      whether the run ends with the parameters of the best
     */
    public record Best(String metric, boolean greater, int patience, double threshold, boolean load) {
        /** How metrics.jsonl begins the names of what comes from held-out rows. */
        static final String EVAL = "eval_";

        static String evaluated(Metric metric) {
            return EVAL + metric.name();
        }

        /** Whether anything hangs on evaluations: then they are a part of what the run is. */
        public boolean asked() {
            return patience > 0 || load;
        }
    }

    /**
     * Where a run that was started before goes on.
     *
     * @param asked whether it may go on at all
     * @param step  from the checkpoint of this step, or null for the newest
     */
    public record Resume(boolean asked, Long step) {}

    /** Where frozen layers are while they are not computed with. */
    public enum Layers {
        /** On the device. */
        HERE,
        /** In the host's memory. */
        OFFLOADED,
        /** A part of them on the device of each of a machine's processes, the others in the host's memory. */
        SHARDED
    }

    /**
     * Where to compute.
     *
     * @param dtype                what operands of products are rounded to
     * @param threads              0 for as many as there are processors
     * @param activationOffloading whether inputs of layers that are computed again wait on the host
     * @param layers              where frozen layers are while they are not computed with
     */
    public record Machine(
            BackendChoice backend,
            AskedDtype dtype,
            int threads,
            AskedRecompute recompute,
            boolean activationOffloading,
            Layers layers) {
        /**
         * Which layers stay where they are computed.
         *
         * @param process of this machine, from 0
         * @param of      so many
         */
        public Residency residency(int process, int of) {
            return switch (layers) {
                case HERE -> Residency.ALL;
                case OFFLOADED -> Residency.NONE;
                case SHARDED -> new Residency(process, of);
            };
        }

        /** The backend that was asked for; empty where what works here is to be taken. */
        public Optional<BackendDescriptor> asked() {
            return Backends.asked(Setting.Choice.name(backend), dtype);
        }
    }

    /** One run from what was given; a key that this method does not know is refused. */
    public static TrainConfig of(Method method, Settings given) {
        Set<String> known = new LinkedHashSet<>();
        TrainSettings.of(method).forEach(s -> known.add(s.key()));
        Map<String, String> elsewhere = new LinkedHashMap<>();
        for (Method other : Method.values()) {
            TrainSettings.of(other).stream()
                    .filter(s -> !known.contains(s.key()))
                    .forEach(s -> elsewhere.merge(s.key(), "train " + other.word(), (a, b) -> a + " and " + b));
        }
        given.refuseUnknown(known, elsewhere);
        return TrainConfigReader.read(method, given);
    }

    /** As {@link #all(Method, ConfigFile, Settings, Settings)}, without defaults of one's own. */
    public static List<TrainConfig> all(Method method, ConfigFile file, Settings flags) {
        return all(method, file, flags, Settings.NONE);
    }

    /**
     * The runs of a file, flags on top. A file without {@code runs} is one run; the runs of a sweep may each name their
     * {@code method}, and write to a folder of their {@code name} within {@code output}. What is not given of a run that is
     * resumed is as its record says.
     *
     * @param method    of the runs that do not say
     * @param fallbacks what holds where neither was anything given nor recorded
     */
    public static List<TrainConfig> all(Method method, ConfigFile file, Settings flags, Settings fallbacks) {
        if (file.runs().isEmpty()) {
            Settings given = Recorded.below(method, file.common().overriddenBy(flags));
            return List.of(of(method, fallbacks.overriddenBy(given)));
        }
        List<TrainConfig> runs = new ArrayList<>();
        Set<String> names = new TreeSet<>();
        for (Settings own : file.runs()) {
            Settings given = file.common().overriddenBy(own).overriddenBy(flags);
            given.refuseUnknown(TrainSettings.KEYS, Map.of());
            String name = given.has(TrainSettings.NAME) ? given.get(TrainSettings.NAME) : "run-" + (runs.size() + 1);
            if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,99}") || !names.add(name)) {
                throw new BadInput(given.origin(TrainSettings.NAME)
                        + ": must be a name of its own, of letters, digits, dots, dashes and underscores, not " + name);
            }
            Method chosen = given.has(TrainSettings.METHOD) ? given.get(TrainSettings.METHOD) : method;
            if (flags.has(TrainSettings.OUTPUT) || !own.has(TrainSettings.OUTPUT)) {
                given = given.with(
                        TrainSettings.OUTPUT,
                        Path.of(given.require(TrainSettings.OUTPUT), name).toString());
            }
            if (given.has(TrainSettings.LOGGING_DIR) && !own.has(TrainSettings.LOGGING_DIR)) {
                given = given.with(
                        TrainSettings.LOGGING_DIR,
                        Path.of(given.get(TrainSettings.LOGGING_DIR), name).toString());
            }
            runs.add(TrainConfigReader.read(chosen, fallbacks.overriddenBy(Recorded.below(chosen, given))));
        }
        return List.copyOf(runs);
    }

    /**
     * Compares with the settings that a run was started with, but for how long it is.
     *
     * @param started as {@link #resolved} was then
     * @throws BadInput names the settings that would make the resumed run another one
     */
    public void requireSameRun(Map<String, ?> started) {
        String then = String.valueOf(started.get(TrainSettings.METHOD.key()));
        if (!then.equals(method.word())) {
            throw new BadInput(output + ": the run was started with method " + then + ", not " + method.word()
                    + "; resume it with train " + then + ", or start a new run in another folder");
        }
        Set<String> keys = new LinkedHashSet<>(resolved.keySet());
        keys.addAll(started.keySet());
        keys.removeAll(FREE_ON_RESUME);
        keys.removeAll(LENGTH);
        if (reading.template().isFile()) {
            keys.remove(TrainSettings.CHAT_TEMPLATE.key()); // a file is compared by its content, see Inputs
        }
        if (watch.probes != null && watch.probes.file() != null) {
            keys.remove(TrainSettings.HONESTY_PROBES.key()); // the same
        }
        keys.remove(TrainSettings.HONESTY_DIRECTION.key()); // the same
        if (watch.best.asked()) {
            keys.add(TrainSettings.EVAL_STEPS.key());
        } else {
            keys.removeAll(OF_THE_BEST);
        }
        Map<String, Object> defaults = TrainConfigReader.defaults(method);
        List<String> differed = new ArrayList<>();
        List<String> now = new ArrayList<>();
        for (String key : keys) {
            // An earlier version did not know every setting, and did as the defaults say.
            String before = String.valueOf(started.containsKey(key) ? started.get(key) : defaults.get(key));
            String given = String.valueOf(resolved.get(key));
            if (!before.equals(given)) {
                differed.add(key + " " + before);
                now.add(given);
            }
        }
        if (!differed.isEmpty()) {
            throw new BadInput(output + ": the run was started with " + String.join(", ", differed) + ", not "
                    + String.join(", ", now) + "; resume it with the old " + (differed.size() == 1 ? "value" : "values")
                    + ", or start a new run in another folder");
        }
    }

    /** Whether a run that was started with these settings was to be as long as this one. */
    public boolean sameLength(Map<String, ?> started) {
        return LENGTH.stream()
                .allMatch(key -> String.valueOf(started.get(key)).equals(String.valueOf(resolved.get(key))));
    }
}
