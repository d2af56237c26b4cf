package candor.serve;

import candor.generate.TokenScore;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Texts that are continued, with the prompt before them where that is asked for. */
record CompletionShape(Ask ask, TokenTexts texts) implements Shape {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    @Override
    public String idPrefix() {
        return "cmpl-";
    }

    @Override
    public String object() {
        return "text_completion";
    }

    @Override
    public String chunkObject() {
        return "text_completion";
    }

    @Override
    public ObjectNode whole(Choice choice) {
        return piece(choice, prompt(choice) + choice.text())
                .put("finish_reason", choice.reason().toString());
    }

    private String prompt(Choice choice) {
        return ask.echo() ? ask.text(choice) : "";
    }

    @Override
    public List<ObjectNode> opening(Choice choice) {
        if (!ask.echo()) {
            return List.of();
        }
        ObjectNode node = JSON.objectNode().put("index", choice.index()).put("text", prompt(choice));
        return List.of(node.putNull("logprobs").putNull("finish_reason")); // its scores come with the first piece
    }

    @Override
    public ObjectNode piece(Choice choice, String text) {
        ObjectNode node = JSON.objectNode().put("index", choice.index()).put("text", text);
        List<TokenScore> scores = choice.takeScores();
        if (ask.like().logProbs()) {
            scores(node.putObject("logprobs"), choice, scores);
        } else {
            node.putNull("logprobs");
        }
        return node.putNull("finish_reason");
    }

    @Override
    public ObjectNode closing(Choice choice) {
        return piece(choice, "").put("finish_reason", choice.reason().toString());
    }

    private void scores(ObjectNode logProbs, Choice choice, List<TokenScore> scores) {
        ArrayNode tokens = logProbs.putArray("tokens");
        ArrayNode chosen = logProbs.putArray("token_logprobs");
        ArrayNode top = logProbs.putArray("top_logprobs");
        ArrayNode offsets = logProbs.putArray("text_offset");
        if (ask.echo() && choice.before() < 0) {
            int first = choice.prompt()[0];
            String text = texts.of(-1, first);
            tokens.add(text);
            chosen.addNull(); // nothing stands before it that could foretell it
            top.addNull();
            offsets.add(choice.told());
            choice.told(first, text);
            for (TokenScore score : choice.promptScores()) {
                score(score, choice, tokens, chosen, top, offsets);
            }
        }
        for (TokenScore score : scores) {
            score(score, choice, tokens, chosen, top, offsets);
        }
    }

    private void score(
            TokenScore score, Choice choice, ArrayNode tokens, ArrayNode chosen, ArrayNode top, ArrayNode offsets) {
        String text = texts.of(choice.before(), score.id());
        tokens.add(text);
        chosen.add(score.logProb());
        offsets.add(choice.told());
        ObjectNode alternatives = top.addObject();
        for (int i = 0; i < score.alternatives().length; i++) {
            String alternative = texts.of(choice.before(), score.alternatives()[i]);
            if (!alternatives.has(alternative)) { // parts of characters look the same: the likeliest stands
                alternatives.put(alternative, score.logProbs()[i]);
            }
        }
        if (!alternatives.has(text)) {
            alternatives.put(text, score.logProb()); // the chosen token is always among them
        }
        choice.told(score.id(), text);
    }
}
