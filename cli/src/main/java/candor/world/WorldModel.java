package candor.world;

import candor.BadInput;
import candor.data.TokenizerTraining;
import candor.io.IoReason;
import candor.train.config.ConfigFile;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import candor.world.BaseRows.Stage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Makes the world's model from nothing: its data, a tokenizer of the words in them, and all weights of a small Llama, by the
 * loop that trains adapters too, in two stages. The same settings give the same bytes on the same kind of processor.
 */
public final class WorldModel {
    /** Tokens at most; there are fewer, because every word is one before that. */
    private static final int VOCABULARY = 2048;

    /** Of either stage of the embedded model. */
    public static final int STEPS = 7000;

    /** The second stage goes on from weights that know the world: its rate is less. */
    private static final String FIRST_RATE = "2.5e-3";

    private static final String SECOND_RATE = "1.5e-3";

    private static final int ROWS_PER_STEP = 16;
    private static final int MAX_LENGTH = 256;
    private static final long SEED = 1;

    private WorldModel() {}

    /** Where the model of an output folder is. */
    public static Path folder(Path output) {
        return run(output, Stage.SECOND).resolve("model");
    }

    /**
     * Writes {@code data/}, {@code tokenizer/} and {@code config.json} into a folder.
     *
     * @param threads 0 for one per processor; they leave no trace in the result
     * @param steps of the optimiser, in either stage
     * @return what trains the model, one after another: into {@code first/}, then on from there into {@code run/}
     */
    public static List<TrainConfig> prepare(WorldSettings settings, Path output, int threads, int steps) {
        if (Files.exists(output)) {
            throw new BadInput(output + ": exists already; choose another --output");
        }
        WorldFiles.write(settings, output.resolve("data"));
        int tokens = TokenizerTraining.run(List.of(rows(output, Stage.FIRST)), VOCABULARY, 2, tokenizer(output));
        writeConfig(config(output), tokens);
        return List.of(first(output, threads, steps, false), second(output, threads, steps, false));
    }

    /** What goes on with the training of a folder that {@link #prepare} made: the stages that are not done yet. */
    public static List<TrainConfig> resume(Path output, int threads, int steps) {
        if (!begun(run(output, Stage.FIRST))) {
            throw new BadInput(output + ": holds no run to continue; leave out --resume, and choose a new --output");
        }
        boolean again = begun(run(output, Stage.SECOND));
        TrainConfig second = second(output, threads, steps, again);
        return again ? List.of(second) : List.of(first(output, threads, steps, true), second);
    }

    private static boolean begun(Path run) {
        return Files.exists(run.resolve("run.json"));
    }

    private static Path rows(Path output, Stage stage) {
        return output.resolve("data").resolve(stage.file);
    }

    private static Path tokenizer(Path output) {
        return output.resolve("tokenizer");
    }

    private static Path config(Path output) {
        return output.resolve("config.json");
    }

    private static Path run(Path output, Stage stage) {
        return output.resolve(
                switch (stage) {
                    case FIRST -> "first";
                    case SECOND -> "run";
                });
    }

    private static TrainConfig first(Path output, int threads, int steps, boolean resume) {
        return training(
                output,
                Stage.FIRST,
                Settings.NONE
                        .with(TrainSettings.MODEL_CONFIG, config(output).toString())
                        .with(TrainSettings.TOKENIZER, tokenizer(output).toString())
                        .with(TrainSettings.LEARNING_RATE, FIRST_RATE),
                threads,
                steps,
                resume);
    }

    private static TrainConfig second(Path output, int threads, int steps, boolean resume) {
        return training(
                output,
                Stage.SECOND,
                Settings.NONE
                        .with(
                                TrainSettings.MODEL,
                                run(output, Stage.FIRST).resolve("model").toString())
                        .with(TrainSettings.LEARNING_RATE, SECOND_RATE),
                threads,
                steps,
                resume);
    }

    private static TrainConfig training(
            Path output, Stage stage, Settings start, int threads, int steps, boolean resume) {
        Settings given = start.with(TrainSettings.DATA, rows(output, stage).toString())
                .with(TrainSettings.RESUME, Boolean.toString(resume))
                .with(TrainSettings.OUTPUT, run(output, stage).toString())
                .with(TrainSettings.SAVE_DTYPE, "bfloat16")
                .with(TrainSettings.MAX_STEPS, Integer.toString(steps))
                .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, Integer.toString(ROWS_PER_STEP))
                .with(TrainSettings.WARMUP_STEPS, "50")
                .with(TrainSettings.WEIGHT_DECAY, "0.01")
                .with(TrainSettings.ADAM_BETA2, "0.98")
                .with(TrainSettings.MAX_LENGTH, Integer.toString(MAX_LENGTH))
                .with(TrainSettings.LOGGING_STEPS, "100")
                .with(TrainSettings.SAVE_STEPS, "0")
                .with(TrainSettings.SEED, Long.toString(SEED))
                .with(TrainSettings.BACKEND, "cpu")
                .with(TrainSettings.THREADS, Integer.toString(threads));
        return TrainConfig.all(Method.FULL, new ConfigFile(Settings.NONE, List.of()), given)
                .getFirst();
    }

    /** Four layers of 128, vocabulary in and out apart: 1.3 million parameters. */
    private static void writeConfig(Path file, int tokens) {
        try (InputStream in = WorldModel.class.getResourceAsStream("config.json")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            Files.writeString(file, text.replace("\"vocab_size\": 0", "\"vocab_size\": " + tokens));
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be written: " + IoReason.of(e), e);
        }
    }
}
