package candor.serve;

import candor.generate.TokenScore;
import candor.text.Message;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Replies to chats. */
record ChatShape(Ask ask, TokenTexts texts) implements Shape {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    @Override
    public String idPrefix() {
        return "chatcmpl-";
    }

    @Override
    public String object() {
        return "chat.completion";
    }

    @Override
    public String chunkObject() {
        return "chat.completion.chunk";
    }

    @Override
    public ObjectNode whole(Choice choice) {
        ObjectNode node = JSON.objectNode().put("index", choice.index());
        node.putObject("message")
                .put("role", Message.ASSISTANT)
                .put("content", choice.text())
                .putNull("refusal");
        return ended(node, choice);
    }

    @Override
    public List<ObjectNode> opening(Choice choice) {
        ObjectNode node = JSON.objectNode().put("index", choice.index());
        node.putObject("delta").put("role", Message.ASSISTANT).put("content", "");
        return List.of(node.putNull("logprobs").putNull("finish_reason"));
    }

    @Override
    public ObjectNode piece(Choice choice, String text) {
        ObjectNode node = JSON.objectNode().put("index", choice.index());
        node.putObject("delta").put("content", text);
        scores(node, choice);
        return node.putNull("finish_reason");
    }

    @Override
    public ObjectNode closing(Choice choice) {
        ObjectNode node = JSON.objectNode().put("index", choice.index());
        node.putObject("delta");
        return ended(node, choice);
    }

    private ObjectNode ended(ObjectNode node, Choice choice) {
        scores(node, choice);
        return node.put("finish_reason", choice.reason().toString());
    }

    private void scores(ObjectNode node, Choice choice) {
        List<TokenScore> scores = choice.takeScores();
        if (!ask.like().logProbs()) {
            node.putNull("logprobs");
            return;
        }
        ObjectNode logProbs = node.putObject("logprobs");
        ArrayNode content = logProbs.putArray("content");
        for (TokenScore score : scores) {
            String text = texts.of(choice.before(), score.id());
            ObjectNode token = content.addObject();
            write(token, text, score.logProb());
            ArrayNode top = token.putArray("top_logprobs");
            for (int i = 0; i < score.alternatives().length; i++) {
                write(top.addObject(), texts.of(choice.before(), score.alternatives()[i]), score.logProbs()[i]);
            }
            choice.told(score.id(), text);
        }
        logProbs.putNull("refusal");
    }

    private static void write(ObjectNode token, String text, float logProb) {
        token.put("token", text).put("logprob", logProb);
        TokenTexts.bytes(text)
                .ifPresentOrElse(
                        bytes -> {
                            ArrayNode list = token.putArray("bytes");
                            for (byte b : bytes) {
                                list.add(Byte.toUnsignedInt(b));
                            }
                        },
                        () -> token.putNull("bytes"));
    }
}
