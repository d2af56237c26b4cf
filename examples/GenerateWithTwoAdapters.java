import candor.api.ChatModel;
import candor.api.Question;
import candor.generate.Completion;
import java.nio.file.Path;
import java.util.List;

/**
 * Puts one question to a model and to two adapters of it, in one batch: {@code java … GenerateWithTwoAdapters.java MODEL ADAPTER
 * ADAPTER QUESTION}.
 */
final class GenerateWithTwoAdapters {
    private GenerateWithTwoAdapters() {}

    public static void main(String[] args) {
        try (ChatModel model = ChatModel.of(Path.of(args[0]))
                .adapter("first", Path.of(args[1]))
                .adapter("second", Path.of(args[2]))
                .open()) {
            Question question = Question.of(args[3]);
            List<Question> all = model.names().stream().map(question::to).toList();
            List<Completion> replies = model.reply(all, 32);
            for (int i = 0; i < all.size(); i++) {
                System.out.printf(
                        "%s: %s%n", all.get(i).adapter(), replies.get(i).text());
            }
        }
    }
}
