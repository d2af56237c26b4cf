package candor.evaluate.judge;

import candor.evaluate.Answer;
import candor.evaluate.Ask;
import candor.evaluate.Prompt;
import candor.evaluate.Respondent;
import candor.evaluate.Sampling;
import candor.text.Conversation;
import candor.text.Message;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** A judge that runs here, through our own engine. */
public final class LocalChat implements ChatModel {
    private final Respondent model;

    /** Takes the model over: closing the judge closes it. The first of its subjects judges. */
    public LocalChat(Respondent model) {
        this.model = model;
    }

    @Override
    public ObjectNode identity() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("kind", "local")
                .put("fingerprint", model.subjects().getFirst().fingerprint())
                .put("temperature", 0.0);
    }

    @Override
    public void complete(List<Request> requests, Sink sink) {
        List<Respondent.Request> asked = requests.stream()
                .map(request -> new Respondent.Request(
                        0,
                        "",
                        new Ask.Generate(
                                "judge",
                                new Prompt.Chat(new Conversation(request.messages().stream()
                                        .map(turn -> Message.of(turn.role(), turn.text()))
                                        .toList())),
                                Sampling.greedy(request.maxTokens()))))
                .toList();
        model.answer(asked, (i, answer) -> {
            switch (answer) {
                case Answer.Reply reply -> sink.replied(i, new Reply.Text(reply.text()));
                case Answer.Unfit(String why) -> sink.replied(i, new Reply.Failure(why));
                case Answer.LogProbs logProbs -> throw new IllegalStateException("a reply was asked for");
            }
        });
    }

    @Override
    public void close() {
        model.close();
    }
}
