import candor.api.ChatModel;
import candor.api.Score;
import java.nio.file.Path;

/** How likely a model finds the replies of a file before and after tuning: {@code java … Evaluate.java MODEL ADAPTER CHATS}. */
final class Evaluate {
    private Evaluate() {}

    public static void main(String[] args) {
        try (ChatModel model =
                ChatModel.of(Path.of(args[0])).adapter(Path.of(args[1])).open()) {
            for (String name : model.names()) {
                Score score = model.score(name, Path.of(args[2]));
                System.out.printf("%s: %.4f nats a token over %d rows%n", name, score.loss(), score.rows());
            }
        }
    }
}
