import candor.api.Tuned;
import candor.api.Tuning;
import candor.train.Run;
import candor.train.TrainListener;
import java.nio.file.Path;
import java.util.Map;

/** Tunes an adapter on a file of chats: {@code java … Tune.java MODEL CHATS OUTPUT}. */
final class Tune {
    private static final TrainListener PROGRESS = new TrainListener() {
        @Override
        public void step(Run run, Map<String, Number> metrics) {
            System.out.printf("step %d of %d: loss %.4f%n", run.step(), run.totalSteps(), metrics.get("loss"));
        }
    };

    private Tune() {}

    public static void main(String[] args) {
        Tuned tuned = Tuning.sft()
                .model(Path.of(args[0]))
                .data(Path.of(args[1]))
                .output(Path.of(args[2]))
                .set("lora_rank", 8)
                .set("learning_rate", 2e-3)
                .set("per_device_train_batch_size", 2)
                .set("max_steps", 8)
                .run(PROGRESS, () -> false);
        System.out.printf("%d steps; the adapter is in %s%n", tuned.steps(), tuned.result());
    }
}
