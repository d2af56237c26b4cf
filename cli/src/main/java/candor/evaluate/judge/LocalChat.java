package candor.evaluate.judge;

import candor.BadInput;
import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Respondent;
import candor.evaluate.ask.Sampling;
import candor.text.Conversation;
import candor.text.Message;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A judge, or whoever else is asked, that runs here, through our own engine. */
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
                .put(JudgeSettings.KIND.key(), JudgeSettings.Kind.LOCAL.word())
                .put("fingerprint", model.subjects().getFirst().fingerprint())
                .put(JudgeSettings.TEMPERATURE.key(), 0.0);
    }

    @Override
    public void complete(List<Request> requests, Sink sink) {
        List<Respondent.Request> asked = requests.stream()
                .map(request -> new Respondent.Request(0, "", ask(request)))
                .toList();
        model.answer(
                asked,
                (i, answer) -> sink.replied(
                        i,
                        switch (answer) {
                            case Answer.Reply reply -> new Reply.Text(reply.text(), Map.of(), reply.finish());
                            case Answer.Unfit(BadInput why) -> new Reply.Failure(why.getMessage());
                            case Answer.LogProbs(List<Double> values) ->
                                chosen(requests.get(i).choices(), values);
                        }),
                sink::stopped);
    }

    /** Where choices are given, their probabilities say everything: nothing need be drawn. */
    private static Ask ask(Request request) {
        Prompt prompt = new Prompt.Chat(new Conversation(request.messages().stream()
                .map(turn -> Message.of(turn.role(), turn.text()))
                .toList()));
        if (!request.choices().isEmpty()) {
            return new Ask.Score("chat", prompt, request.choices(), true);
        }
        Sampling sampling = new Sampling(request.temperature().orElse(0), 1, request.maxTokens(), 0);
        return new Ask.Generate("chat", prompt, sampling.withSeed(request.seed()));
    }

    /** The likeliest of the choices, the first of equals, and the probabilities of all. */
    private static Reply chosen(List<String> choices, List<Double> values) {
        Map<String, Double> probabilities = new LinkedHashMap<>();
        int best = 0;
        for (int c = 0; c < choices.size(); c++) {
            probabilities.put(choices.get(c), Math.exp(values.get(c)));
            best = values.get(c) > values.get(best) ? c : best;
        }
        return new Reply.Text(choices.get(best), probabilities, Reply.Text.STOP);
    }

    @Override
    public void close() {
        model.close();
    }
}
