package candor.train;

import candor.ops.Room;
import candor.train.config.DpoTask;
import candor.train.config.KtoTask;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import candor.train.log.StepLog;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Small runs on golden checkpoints, for tests that compare one run with another. */
final class GoldenRuns {
    /** The machine's memory does not matter here. */
    private static final long MEMORY = 64L << 30;

    static final BooleanSupplier NEVER = () -> false;

    private GoldenRuns() {}

    static Path golden(String model) {
        return Path.of(System.getProperty("candor.goldens"), model);
    }

    /** A fresh adapter, or the whole golden model, on the golden's own data, seven steps of four short rows, at a rate that makes differences grow. */
    static Settings settings(String model, Method method, Path output) {
        Path golden = golden(model);
        String data = (method == Method.FULL ? "sft" : method.word()) + "/train.jsonl";
        Settings settings = Settings.NONE
                .with(TrainSettings.MODEL, golden.resolve("model").toString())
                .with(TrainSettings.DATA, golden.resolve(data).toString())
                .with(TrainSettings.OUTPUT, output.toString())
                .with(TrainSettings.LEARNING_RATE, "0.01")
                .with(TrainSettings.WEIGHT_DECAY, "0.1")
                .with(TrainSettings.MAX_LENGTH, "60")
                .with(TrainSettings.PER_DEVICE_TRAIN_BATCH_SIZE, "2")
                .with(TrainSettings.GRADIENT_ACCUMULATION_STEPS, "2")
                .with(TrainSettings.MAX_STEPS, "7")
                .with(TrainSettings.THREADS, "1")
                .with(TrainSettings.SAVE_STEPS, "0");
        return switch (method) {
            case SFT -> settings.with(TrainSettings.LORA_RANK, "5");
            case DPO -> settings.with(TrainSettings.LORA_RANK, "5").with(DpoTask.LABEL_SMOOTHING, "0.1");
            case KTO -> settings.with(TrainSettings.LORA_RANK, "5").with(KtoTask.UNDESIRABLE_WEIGHT, "1.2");
            case FULL -> settings;
        };
    }

    static List<Outcome> train(TrainListener listener, BooleanSupplier stop, TrainConfig... configs) {
        Prepared prepared = Prepared.of(List.of(configs));
        if (prepared.runs().isEmpty()) {
            return List.copyOf(prepared.done());
        }
        try (Session session =
                Session.open(prepared, Plan.of(prepared, Room.of(MEMORY, MEMORY)), Map.of("candor", "test"))) {
            return session.train(listener, stop);
        }
    }

    static Outcome train(Method method, Settings settings) {
        return train(TrainListener.NONE, NEVER, TrainConfig.of(method, settings))
                .getFirst();
    }

    /** The adapter, or the model, that a run has written. */
    static byte[] adapter(Path run) throws IOException {
        Path model = run.resolve("model").resolve("model.safetensors");
        return Files.readAllBytes(
                Files.exists(model) ? model : run.resolve("adapter").resolve("adapter_model.safetensors"));
    }

    /** The adapter's numbers: what stands behind the header of a safetensors file. */
    static float[] numbers(Path run) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(adapter(run)).order(ByteOrder.LITTLE_ENDIAN);
        int header = Math.toIntExact(file.getLong());
        file.position(8 + header);
        float[] numbers = new float[file.remaining() / 4];
        file.slice().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(numbers);
        return numbers;
    }

    static double distance(float[] a, float[] b) {
        double squares = 0;
        double norm = 0;
        for (int i = 0; i < a.length; i++) {
            squares += (double) (a[i] - b[i]) * (a[i] - b[i]);
            norm += (double) b[i] * b[i];
        }
        return Math.sqrt(squares / norm);
    }

    /** The lines of metrics.jsonl, without what a clock measured. */
    static List<JsonNode> metrics(Path run) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            ObjectNode node = (ObjectNode) new ObjectMapper().readTree(line);
            node.remove(StepLog.MEASURED);
            lines.add(node);
        }
        return lines;
    }
}
