package candor.evaluate.engine;

import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Respondent.Request;
import candor.evaluate.ask.Sampling;
import candor.text.Conversation;
import candor.text.Message;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Requests and answers on their way from one process to another. */
final class RequestBytes {
    private static final ObjectMapper JSON = new ObjectMapper();

    private RequestBytes() {}

    static byte[] of(Request request) {
        ObjectNode all = JSON.createObjectNode().put("subject", request.subject());
        all.put("about", request.about()).put("key", request.ask().key());
        switch (request.ask().prompt()) {
            case Prompt.Text(String text) -> all.put("text", text);
            case Prompt.Chat(Conversation chat) -> {
                ArrayNode messages = all.putArray("messages");
                for (Message message : chat.messages()) {
                    messages.addObject()
                            .put("learnt", message.learnt())
                            .set("fields", JSON.valueToTree(message.fields()));
                }
                all.set("tools", JSON.valueToTree(chat.tools()));
                all.set("variables", JSON.valueToTree(chat.variables()));
            }
        }
        switch (request.ask()) {
            case Ask.Generate generate -> all.set("sampling", JSON.valueToTree(generate.sampling()));
            case Ask.Score score -> {
                all.set("continuations", JSON.valueToTree(score.continuations()));
                all.put("whole", score.whole());
            }
        }
        return all.toString().getBytes(StandardCharsets.UTF_8);
    }

    static Request request(byte[] bytes) {
        try {
            JsonNode all = JSON.readTree(bytes);
            Prompt prompt = all.has("text") ? new Prompt.Text(all.get("text").textValue()) : chat(all);
            String key = all.get("key").textValue();
            Ask ask = all.has("sampling")
                    ? new Ask.Generate(key, prompt, sampling(all.get("sampling")))
                    : new Ask.Score(
                            key,
                            prompt,
                            List.of(JSON.treeToValue(all.get("continuations"), String[].class)),
                            all.get("whole").booleanValue());
            return new Request(all.get("subject").intValue(), all.get("about").textValue(), ask);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Sampling sampling(JsonNode from) {
        return new Sampling(
                from.get("temperature").doubleValue(),
                from.get("topP").doubleValue(),
                from.get("maxNewTokens").intValue(),
                from.get("seed").longValue());
    }

    @SuppressWarnings("unchecked") // an object of JSON
    private static Prompt chat(JsonNode from) throws IOException {
        List<Message> messages = new ArrayList<>();
        for (JsonNode message : from.get("messages")) {
            messages.add(new Message(
                    JSON.treeToValue(message.get("fields"), Map.class),
                    message.get("learnt").booleanValue()));
        }
        List<Object> tools = from.get("tools").isNull() ? null : JSON.treeToValue(from.get("tools"), List.class);
        return new Prompt.Chat(new Conversation(messages, tools, JSON.treeToValue(from.get("variables"), Map.class)));
    }

    /** Of a request that cannot be put to the model, nothing: it cannot be put there by another process either. */
    static byte[] of(Answer answer) {
        return switch (answer) {
            case Answer.Unfit _ -> new byte[0];
            case Answer.Reply reply -> {
                byte[] text = reply.text().getBytes(StandardCharsets.UTF_8);
                byte[] finish = reply.finish().getBytes(StandardCharsets.UTF_8);
                yield ByteBuffer.allocate(1 + 2 * Integer.BYTES + finish.length + text.length)
                        .put((byte) 1)
                        .putInt(reply.tokens())
                        .putInt(finish.length)
                        .put(finish)
                        .put(text)
                        .array();
            }
            case Answer.LogProbs logProbs -> {
                ByteBuffer to =
                        ByteBuffer.allocate(1 + Double.BYTES * logProbs.values().size());
                to.put((byte) 0);
                logProbs.values().forEach(to::putDouble);
                yield to.array();
            }
        };
    }

    /** Of bytes that are not empty. */
    static Answer answer(byte[] bytes) {
        ByteBuffer from = ByteBuffer.wrap(bytes);
        if (from.get() == 0) {
            List<Double> values = new ArrayList<>();
            while (from.hasRemaining()) {
                values.add(from.getDouble());
            }
            return new Answer.LogProbs(values);
        }
        int tokens = from.getInt();
        byte[] finish = new byte[from.getInt()];
        from.get(finish);
        byte[] text = new byte[from.remaining()];
        from.get(text);
        return new Answer.Reply(
                new String(text, StandardCharsets.UTF_8), new String(finish, StandardCharsets.UTF_8), tokens);
    }
}
