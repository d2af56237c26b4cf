package candor.api;

import candor.BadInput;
import candor.lora.AdapterFolder;
import candor.ops.ProcessMemory;
import candor.ops.Room;
import candor.train.Outcome;
import candor.train.Plan;
import candor.train.Prepared;
import candor.train.Run;
import candor.train.Session;
import candor.train.TrainListener;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A run of training: what {@code candor train} does, with the same settings, the same folder and the same bytes.
 *
 * <pre>{@code
 * Tuned tuned = Tuning.sft()
 *         .model(Path.of("models/qwen3"))
 *         .data(Path.of("chats.jsonl"))
 *         .output(Path.of("runs/sft"))
 *         .set("learning_rate", 1e-4)
 *         .run();
 * }</pre>
 *
 * <p>It does not change: each method gives another one.
 */
public final class Tuning {
    private static final Consumer<String> NOBODY = _ -> {};

    private final Method method;
    private final Settings settings;

    private Tuning(Method method, Settings settings) {
        this.method = method;
        this.settings = settings;
    }

    /**
     * Supervised fine-tuning: replies are learnt as they are.
     *
     * @return a run with nothing set
     */
    public static Tuning sft() {
        return new Tuning(Method.SFT, Settings.NONE);
    }

    /**
     * Kahneman-Tversky optimisation (Ethayarajh et al. 2024): rows whose replies are good or bad.
     *
     * @return a run with nothing set
     */
    public static Tuning kto() {
        return new Tuning(Method.KTO, Settings.NONE);
    }

    /**
     * Direct preference optimisation (Rafailov et al. 2023): rows with a chosen and a rejected reply.
     *
     * @return a run with nothing set
     */
    public static Tuning dpo() {
        return new Tuning(Method.DPO, Settings.NONE);
    }

    /**
     * What is tuned.
     *
     * @param folder a model in Hugging Face's layout
     * @return this run with it
     */
    public Tuning model(Path folder) {
        return with(TrainSettings.MODEL.key(), folder.toString());
    }

    /**
     * What is learnt from.
     *
     * @param files JSONL, JSON, CSV or Parquet, or folders of such files
     * @return this run with them
     */
    public Tuning data(Path... files) {
        return with(
                TrainSettings.DATA.key(),
                Arrays.stream(files).map(Path::toString).toArray(String[]::new));
    }

    /**
     * Where the run's folder is to be.
     *
     * @param folder one that holds no run yet, unless the setting {@code resume} is given
     * @return this run with it
     */
    public Tuning output(Path folder) {
        return with(TrainSettings.OUTPUT.key(), folder.toString());
    }

    /**
     * Any other setting, by its name in configuration files.
     *
     * @param name   such as {@code learning_rate}; names of transformers, PEFT and LLaMA-Factory for the same things do, too
     * @param values one value, or several where the setting is a list
     * @return this run with it
     * @throws BadInput for what other programs have and Candor does not; names that nobody knows, and values, are {@link #run()}'s to
     *     refuse
     */
    public Tuning set(String name, Object... values) {
        return with(name, Arrays.stream(values).map(String::valueOf).toArray(String[]::new));
    }

    private Tuning with(String name, String... values) {
        Set<String> known = new HashSet<>();
        TrainSettings.of(method).forEach(setting -> known.add(setting.key()));
        return new Tuning(method, settings.withFamiliar(name, List.of(values), "Tuning", known, NOBODY));
    }

    /**
     * Trains to the end.
     *
     * @return where the result lies
     * @throws BadInput for what the caller can put right, and where numbers ran out of bounds
     */
    public Tuned run() {
        return run(TrainListener.NONE, () -> false);
    }

    /**
     * Trains until the end, or until somebody says stop.
     *
     * @param listener told of each step, on this thread
     * @param stop     asked between steps: when it says so, a checkpoint is written, and {@code set("resume", "true")} goes on
     * @return where the result lies, or will lie
     * @throws BadInput for what the caller can put right, and where numbers ran out of bounds
     */
    public Tuned run(TrainListener listener, BooleanSupplier stop) {
        TrainConfig config = TrainConfig.of(method, settings);
        Prepared prepared = Prepared.of(List.of(config));
        if (prepared.runs().isEmpty()) {
            return tuned(AdapterFolder.find(config.output()), prepared.done().getFirst());
        }
        Plan plan = Plan.of(prepared, Room.at(prepared.backend().backend(), ProcessMemory.available()));
        try (Session session = Session.open(prepared, plan, Map.of())) {
            session.train(listener, stop);
            Run run = session.runs().getFirst();
            return tuned(run.result(), run.outcome());
        }
    }

    private static Tuned tuned(Path result, Outcome outcome) {
        if (outcome instanceof Outcome.Diverged diverged) {
            throw diverged.reason();
        }
        return new Tuned(result, outcome.step(), outcome instanceof Outcome.Done);
    }
}
