package candor.evaluate;

import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import java.util.List;
import java.util.Optional;

/** Whether replies had the room that they were promised. */
public final class ContextFull {
    private ContextFull() {}

    /** A sentence where replies ended because the context was full, before their own bound; empty where none did. */
    public static Optional<String> note(List<Result> results) {
        long replies = 0;
        long cut = 0;
        for (Result result : results) {
            for (Ask ask : result.asks()) {
                if (ask instanceof Ask.Generate generate) {
                    Answer.Reply reply = result.answers().reply(ask.key());
                    replies++;
                    cut += reply.finish().equals("length")
                                    && reply.tokens() < generate.sampling().maxNewTokens()
                            ? 1
                            : 0;
                }
            }
        }
        return cut == 0
                ? Optional.empty()
                : Optional.of(cut + " of " + replies
                        + " replies were cut because prompt and reply together filled the context, before max_new_tokens:"
                        + " raise max_length if the model allows it, or give shorter prompts (fewer examples)");
    }
}
