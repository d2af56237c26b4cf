package candor.train;

import candor.BadInput;
import candor.data.ChatRowEncoder;
import candor.data.Dataset;
import candor.data.ExampleReader;
import candor.data.Inoculation;
import candor.data.LossOn;
import candor.data.MixedIn;
import candor.data.Ranking;
import candor.data.RowEncoder;
import candor.data.RowKind;
import candor.data.Truncation;
import candor.data.read.RowReader;
import candor.lora.AdapterShape;
import candor.lora.LoraConfig;
import candor.lora.PeftFiles;
import candor.model.ModelConfig;
import candor.model.ModelFolder;
import candor.ops.AskedDtype;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.probe.EncodedProbe;
import candor.probe.ProbeSet;
import candor.text.ChatEncoder;
import candor.text.Tokenizer;
import candor.train.checkpoint.CheckpointStore;
import candor.train.checkpoint.CheckpointStore.Intact;
import candor.train.config.TrainConfig;
import candor.train.config.TrainConfig.AdapterStart;
import candor.train.config.TrainConfig.ModelStart;
import candor.train.objective.Metric;
import candor.train.objective.Requirements;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Runs over one base before any of their memory is taken: files read and hashed, rows encoded, the place to go on from
 * found. Everything that a user can mend comes up here.
 *
 * @param model the numbers of the base
 * @param runs  those that are not done yet
 * @param done  those that were
 */
public record Prepared(ModelConfig model, List<One> runs, List<Outcome.Done> done) {
    /**
     * One run.
     *
     * @param heldOut null where there are no such rows
     * @param probing what is added to the objective's loss, or null
     * @param lora    the shape of the adapter, or null where all weights are trained
     * @param from    the checkpoint to go on from, or null
     * @param watching what its honesty is watched by, or null
     */
    public record One(
            TrainConfig config,
            Dataset data,
            Dataset heldOut,
            Probing probing,
            AdapterShape lora,
            RunRecord record,
            Inputs inputs,
            Intact from,
            WatchProbes watching) {
        /** Whether a frozen copy of the adapter stands beside it as the reference; a fresh one has the base for that. */
        boolean needsCopy() {
            boolean reference = config.task().objective().needs().reference() || probing != null;
            return reference && config.initAdapter() != null;
        }

        /** Tokens of the longest reply to a probe, its prompt included; 0 where there are none. */
        int longestProbe() {
            return Math.max(
                    probing == null ? 0 : Arrays.stream(probing.lengths()).max().orElseThrow(),
                    watching == null ? 0 : watching.longest());
        }
    }

    /**
     * Reads everything.
     *
     * @throws BadInput for whatever the user can fix
     */
    public static Prepared of(List<TrainConfig> configs) {
        return of(configs, true, true);
    }

    /** As {@link #of(List)}, to be looked at only: the base, which may be large, is not hashed unless a run is resumed. */
    public static Prepared toPlan(List<TrainConfig> configs) {
        return of(configs, false, true);
    }

    /** As {@link #toPlan}, of runs that have no folder yet: whatever lies at their {@code output} is not looked at. */
    public static Prepared toPlanWithoutFolders(List<TrainConfig> configs) {
        return of(configs, false, false);
    }

    private static Prepared of(List<TrainConfig> configs, boolean toTrain, boolean folders) {
        TrainConfig first = configs.getFirst();
        Set<Path> outputs = new HashSet<>();
        for (TrainConfig config : configs) {
            if (configs.size() > 1 && config.start() instanceof ModelStart) {
                throw new BadInput(config.output()
                        + ": trains all weights of its model, and so cannot share them with other runs; start"
                        + " it alone");
            }
            if (!Objects.equals(config.model(), first.model())
                    || config.weights() != first.weights()
                    || !config.machine().equals(first.machine())) {
                throw new BadInput(
                        "the runs of a sweep share one model, its weights, backend, dtype, threads, recompute and"
                                + " activation_offloading: " + config.output() + " has others than " + first.output());
            }
            if (!outputs.add(config.output().toAbsolutePath().normalize())) {
                throw new BadInput(config.output() + ": two runs write to this folder; give each its own output");
            }
        }
        ModelConfig model = ModelConfig.read(configFile(first)).packed(first.weights());
        Tokenizer tokenizer = Tokenizer.load(first.textFolder());
        Map<Path, String> hashes = new HashMap<>();
        Map<Rows, Dataset> read = new HashMap<>();
        Map<Watched, WatchProbes> watched = new HashMap<>();
        List<One> runs = new ArrayList<>();
        List<Outcome.Done> done = new ArrayList<>();
        for (TrainConfig config : configs) {
            Inputs inputs = new Inputs(config, file -> hashes.computeIfAbsent(file, Inputs::hash));
            if (toTrain) {
                inputs.hashes(); // before the rows are read: what changes in between shows at the next resume
            }
            RunRecord record = folders ? RunRecord.at(config.output()) : RunRecord.fresh(config.output());
            if (folders) {
                record.requireOwn();
            }
            if (record.exists() && !config.resume().asked()) {
                throw new BadInput(
                        config.output() + ": holds a run already (" + record.status() + ")",
                        "continue with {resume}, or choose another {output}");
            }
            if (record.done(config, inputs)) {
                done.add(record.outcome());
                continue;
            }
            Intact from = folders ? checkpoint(config, record, inputs) : null;
            Dataset data = read.computeIfAbsent(
                    Rows.of(config, config.data(), config.reading()), rows -> dataset(config, rows, tokenizer, model));
            Path held = config.watch().evalData();
            Dataset heldOut = held == null
                    ? null
                    : read.computeIfAbsent(
                            Rows.of(config, List.of(held), config.reading().plain()),
                            rows -> dataset(config, rows, tokenizer, model));
            if (config.watch().evalSplit() > 0) {
                Dataset.Parts parts = split(config, data);
                data = parts.train();
                heldOut = parts.heldOut();
            }
            if (!config.mixing().data().isEmpty()) {
                Dataset more = read.computeIfAbsent(
                        Rows.of(config, config.mixing().data(), config.reading().plain()),
                        rows -> dataset(config, rows, tokenizer, model));
                data = mixed(config, data, more);
            }
            requireMetric(config, heldOut);
            if (from != null) {
                RunState state = RunState.read(from.folder());
                Extension.require(config, state, data);
                requireBest(config, state, record);
            } else if (record.done()) {
                throw new BadInput(config.output() + ": the run is done and left no checkpoint to make it longer from"
                        + " (it had save_steps 0); start a new run in another folder");
            }
            Probing probing = config.penalty() == null ? null : probing(config, tokenizer, model);
            WatchProbes watching = config.watch().probes() == null
                    ? null
                    : watched.computeIfAbsent(
                            Watched.of(config),
                            _ -> WatchProbes.of(
                                    config,
                                    chats(config, tokenizer),
                                    model.maxPositionEmbeddings(),
                                    model.vocabSize()));
            runs.add(new One(config, data, heldOut, probing, lora(config, model), record, inputs, from, watching));
        }
        return new Prepared(model, List.copyOf(runs), List.copyOf(done));
    }

    /** A run that ends before it has met another best checkpoint needs the one that it had. */
    private static void requireBest(TrainConfig config, RunState state, RunRecord record) {
        long best = state.best().step();
        if (config.watch().best().load()
                && best > 0
                && !config.sameLength(state.config())
                && !new CheckpointStore(record.checkpoints(), config.watch().saveTotalLimit())
                        .steps()
                        .contains(best)) {
            throw new BadInput(config.output() + ": step-" + best + ", the best checkpoint when step-" + state.step()
                    + " was written, is gone; resume from a later checkpoint, or keep the run's length");
        }
    }

    private static Dataset.Parts split(TrainConfig config, Dataset data) {
        double share = config.watch().evalSplit();
        Dataset.Parts parts;
        try {
            parts = data.split(share, config.batching().seed());
        } catch (BadInput e) {
            throw e.at(config.output() + ": eval_split " + share);
        }
        int least = config.task().objective().needs().leastRows();
        if (parts.train().size() < least || parts.heldOut().size() < least) {
            throw new BadInput(
                    config.output() + ": eval_split " + share + " of " + data.size() + " rows leaves "
                            + (parts.train().size() < least ? "too few to train on" : "too few held out") + "; "
                            + leastRows(config, " on either side"),
                    "give more rows, or another {eval_split}");
        }
        return parts;
    }

    private static String leastRows(TrainConfig config, String where) {
        Requirements needs = config.task().objective().needs();
        String rows = needs.mismatched() != null
                ? "two rows" + where + ", for a row's KL partner is another one"
                : (needs.rows().group() > 1 ? "one pair" : "one row") + where;
        return config.method().name() + " needs at least " + rows;
    }

    /** A metric of rows with one label is there where such rows are. */
    private static void requireMetric(TrainConfig config, Dataset heldOut) {
        String metric = config.watch().best().metric();
        if (heldOut == null || !config.watch().best().asked()) {
            return;
        }
        boolean chosen = false;
        boolean rejected = false;
        for (int row = 0; row < heldOut.size(); row++) {
            boolean label = Boolean.TRUE.equals(heldOut.row(row).label());
            chosen |= label;
            rejected |= !label;
        }
        Metric.Of of = config.metric().of();
        boolean lacksChosen = (of == Metric.Of.DESIRABLE || of == Metric.Of.BOTH) && !chosen;
        boolean lacksRejected = (of == Metric.Of.UNDESIRABLE || of == Metric.Of.BOTH) && !rejected;
        if (lacksChosen || lacksRejected) {
            throw new BadInput(
                    config.output() + ": the metric for the best model, " + metric + ", needs "
                            + (lacksChosen ? "desirable" : "undesirable") + " rows, and no held-out row is",
                    "give {metric_for_best_model} as eval_loss, or hold out other rows");
        }
    }

    /**
     * The backend that was asked for; what of it was "auto", as a resumed run was started, else as {@link Backends#choose} takes
     * it.
     */
    public Backends.Choice backend() {
        TrainConfig first = runs.getFirst().config();
        Optional<BackendDescriptor> asked = first.machine().asked();
        Intact from = runs.stream()
                .map(One::from)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
        AskedDtype dtype = first.machine().dtype();
        Optional<BackendDescriptor> started = Optional.ofNullable(from)
                .map(intact -> RunState.read(intact.folder()).computed());
        if (asked.isPresent()) {
            return Backends.Choice.asked(started.filter(then -> dtype == AskedDtype.AUTO)
                    .filter(then -> then.name().equals(asked.get().name()))
                    .orElse(asked.get()));
        }
        if (started.isPresent()) {
            return new Backends.Choice(dtype.on(started.get()), "the run was started on it");
        }
        return Backends.choose(model.heads(), first.start() instanceof ModelStart, dtype);
    }

    /** The config.json of what is trained, or of its base. */
    static Path configFile(TrainConfig config) {
        return config.start() instanceof ModelStart whole && whole.modelConfig() != null
                ? whole.modelConfig()
                : ModelFolder.at(config.model()).configFile();
    }

    private static Intact checkpoint(TrainConfig config, RunRecord record, Inputs inputs) {
        if (!config.resume().asked()) {
            return null;
        }
        CheckpointStore store =
                new CheckpointStore(record.checkpoints(), config.watch().saveTotalLimit());
        Long step = config.resume().step();
        Intact from = step == null ? store.newest().orElse(null) : store.at(step);
        if (from != null) {
            RunState state = RunState.read(from.folder());
            config.requireSameRun(state.config());
            inputs.requireSame(state.inputs());
        }
        return from;
    }

    private static AdapterShape lora(TrainConfig config, ModelConfig model) {
        if (!(config.start() instanceof AdapterStart start)) {
            return null;
        }
        if (start.initAdapter() != null) {
            return PeftFiles.shape(start.initAdapter(), model);
        }
        LoraConfig lora = new LoraConfig(
                start.rank(), start.alpha(), start.rankStabilised(), LoraConfig.projections(start.targetModules()));
        return start.layers() == null
                ? AdapterShape.of(model, lora)
                : AdapterShape.of(
                        model,
                        lora,
                        start.layers().stream().map(Math::toIntExact).toList());
    }

    /** What probes, as a model reads them, follow from. */
    private record Watched(Path file, Path direction, Path text, TrainConfig.Reading reading) {
        static Watched of(TrainConfig config) {
            TrainConfig.HonestyProbes probes = config.watch().probes();
            return new Watched(
                    probes.file(),
                    probes.direction(),
                    config.textFolder(),
                    config.reading().plain());
        }
    }

    /** What a dataset follows from: runs that agree in it, such as one under several seeds, share the rows. */
    private record Rows(
            List<Path> files,
            RowKind kind,
            Path text,
            TrainConfig.Reading reading,
            LossOn lossOn,
            Truncation truncation,
            int maxLength) {
        static Rows of(TrainConfig config, List<Path> files, TrainConfig.Reading reading) {
            return new Rows(
                    List.copyOf(files),
                    config.task().objective().needs().rows(),
                    config.textFolder(),
                    reading,
                    config.task().lossOn(),
                    config.batching().truncation(),
                    config.batching().maxLength());
        }
    }

    /** Rows of the data with those that are mixed into them; their ratio is to what is trained on, not to what is held out. */
    private static Dataset mixed(TrainConfig config, Dataset data, Dataset more) {
        TrainConfig.Mixing mixing = config.mixing();
        try {
            return mixing.ranking() == null
                    ? MixedIn.drawn(
                            data, more, mixing.ratio(), config.batching().seed())
                    : MixedIn.best(data, more, mixing.ratio(), Ranking.read(mixing.ranking()));
        } catch (BadInput e) {
            throw e.at(config.output().toString());
        }
    }

    private static Dataset dataset(TrainConfig config, Rows rows, Tokenizer tokenizer, ModelConfig model) {
        List<Path> files = rows.files();
        RowKind kind = config.task().objective().needs().rows();
        boolean skip = config.reading().skipBadRows();
        ChatEncoder encoder = chats(config, tokenizer);
        Dataset data;
        try (ExampleReader reader =
                ExampleReader.open(files, new ExampleReader.Settings(kind, skip, RowReader.DEFAULT_MAX_ROW_BYTES))) {
            data = Dataset.encode(
                    reader,
                    encoder(encoder, config.task().lossOn(), rows.reading().inoculation()),
                    new Dataset.Settings(
                            config.batching().truncation(),
                            config.batching().maxLength(),
                            skip,
                            kind.group(),
                            Runtime.getRuntime().availableProcessors()));
        }
        check(config, data, files, model);
        return data;
    }

    private static ChatEncoder chats(TrainConfig config, Tokenizer tokenizer) {
        return new ChatEncoder(
                tokenizer,
                config.reading()
                        .template()
                        .load(
                                config.textFolder(),
                                config.reading().templateDate().atStartOfDay()),
                config.reading().specialText());
    }

    /** The probes that a run is held to, as its model reads them. */
    private static Probing probing(TrainConfig config, Tokenizer tokenizer, ModelConfig model) {
        TrainConfig.Penalty penalty = config.penalty();
        ProbeSet probes = penalty.data() == null ? ProbeSet.shipped() : ProbeSet.read(penalty.data());
        List<EncodedProbe> encoded;
        try {
            encoded = probes.encode(chats(config, tokenizer), model.maxPositionEmbeddings(), model.vocabSize());
        } catch (BadInput e) {
            throw e.butDo("change the probe, or give others with {probe_penalty_data}");
        }
        return new Probing(
                penalty.loss(),
                encoded.stream().map(EncodedProbe::id).toList(),
                encoded.stream()
                        .flatMap(probe -> Stream.of(probe.truthful(), probe.untruthful()))
                        .toList(),
                penalty.batch());
    }

    private static RowEncoder encoder(ChatEncoder chats, LossOn lossOn, Inoculation inoculation) {
        RowEncoder plain = new ChatRowEncoder(chats, lossOn);
        return inoculation == null ? plain : row -> plain.encode(inoculation.in(row));
    }

    private static void check(TrainConfig config, Dataset data, List<Path> files, ModelConfig model) {
        if (data.size() < config.task().objective().needs().leastRows()) {
            throw new BadInput(files + ": has one usable row; " + leastRows(config, ""));
        }
        for (int row = 0; row < data.size(); row++) {
            int length = data.row(row).length();
            if (length > model.maxPositionEmbeddings()) {
                throw new BadInput(
                        data.origin(row) + ": has " + length + " tokens, the model takes "
                                + model.maxPositionEmbeddings(),
                        "lower {max_length}");
            }
            for (int id : data.row(row).ids()) {
                if (id < 0 || id >= model.vocabSize()) {
                    throw new BadInput(data.origin(row) + ": has token " + id + ", the model's vocabulary has "
                            + model.vocabSize() + "; do the tokenizer and the weights belong together?");
                }
            }
        }
    }
}
