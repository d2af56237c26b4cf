package candor.evaluate.judge;

import candor.BadInput;
import candor.evaluate.ask.Prompt.Turn;
import java.util.List;
import java.util.OptionalDouble;

/** Asks a model something small, so that one that does not answer is noticed before anything expensive is begun. */
public final class ChatProbe {
    private static final int TOKENS = 12;

    private ChatProbe() {}

    /**
     * Goes on if the model answers, whatever it says.
     *
     * @param who it is, for the message
     * @param choices whose probabilities it will be asked for; an endpoint that refuses those shows it now
     * @throws BadInput where it does not answer
     */
    public static void require(ChatModel model, String who, List<String> choices) {
        List<Turn> question = List.of(Turn.user("Answer with the number 7 alone."));
        String[] failure = new String[1];
        try {
            model.complete(
                    List.of(new ChatModel.Request(question, TOKENS, OptionalDouble.empty(), 0, choices)),
                    (i, reply) -> {
                        if (reply instanceof ChatModel.Reply.Failure(String why)) {
                            failure[0] = why;
                        }
                    });
        } catch (BadInput e) {
            throw new BadInput(who + " does not answer: " + e.getMessage(), e);
        }
        if (failure[0] != null) {
            throw new BadInput(who + " does not answer: " + failure[0]);
        }
    }
}
