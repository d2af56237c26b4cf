package candor.serve;

import candor.BadInput;
import candor.generate.Request;
import candor.generate.Scores;
import candor.serve.work.Served;
import candor.text.Conversation;
import candor.text.Message;
import candor.text.TemplateChoice;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads what {@code /v1/chat/completions} is asked. */
final class ChatReader {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ChatReader() {}

    static Ask read(Serving serving, Fields fields) throws ApiError {
        AskReader reader = new AskReader(serving, fields);
        Served model = reader.model();
        fields.refuse("tools", Fields::isEmpty, "the model is not offered tools");
        fields.refuse("functions", Fields::isEmpty, "the model is not offered functions");
        fields.refuse("tool_choice", ChatReader::isNoTool, "the model is not offered tools");
        fields.refuse("function_call", ChatReader::isNoTool, "the model is not offered functions");
        fields.refuse("parallel_tool_calls", JsonNode::isBoolean, "the model is not offered tools");
        fields.refuse("audio", Fields::isEmpty, "replies are text");
        fields.refuse(
                "modalities",
                value -> value.size() == 1 && value.path(0).asText().equals("text"),
                "replies are text");
        fields.refuse(
                "reasoning_effort",
                value -> false,
                "say it to the template: 'chat_template_kwargs', where it knows it");
        fields.refuse(
                "add_generation_prompt", value -> value.asBoolean(false), "a reply always begins behind its prompt");
        fields.refuse("continue_final_message", value -> !value.asBoolean(true), "a reply is always a new message");
        List<int[]> prompts = List.of(prompt(serving, reader, fields));
        boolean stream = reader.stream();
        Request like = reader.like(reader.maxNewTokens(maxTokens(fields), prompts, "messages"), scores(fields));
        Ask ask = new Ask(
                model, prompts, List.of(), reader.choices(1), like, false, false, stream, reader.streamsUsage(stream));
        reader.refuseTheRest();
        return ask;
    }

    private static boolean isNoTool(JsonNode value) {
        return value.asText().equals("none") || value.asText().equals("auto");
    }

    private static Optional<Integer> maxTokens(Fields fields) throws ApiError {
        int older = fields.integer("max_tokens", 1, Integer.MAX_VALUE, 0);
        int newer = fields.integer("max_completion_tokens", 1, Integer.MAX_VALUE, older);
        return newer == 0 ? Optional.empty() : Optional.of(newer);
    }

    private static Scores scores(Fields fields) throws ApiError {
        boolean wanted = fields.bool("logprobs", false);
        int top = fields.integer("top_logprobs", 0, Scores.MOST_ALTERNATIVES, 0);
        Fields.require(wanted || top == 0, "top_logprobs", "left out where 'logprobs' is not true");
        return wanted ? new Scores(true, top, false) : Scores.NONE;
    }

    private static int[] prompt(Serving serving, AskReader reader, Fields fields) throws ApiError {
        JsonNode list = fields.required("messages");
        Fields.require(list.isArray() && !list.isEmpty(), "messages", "a list of at least one message");
        try {
            List<Message> messages = messages(list);
            reader.requireShort(
                    messages.stream()
                            .mapToLong(message -> message.content().toString().length())
                            .sum(),
                    "messages");
            Conversation conversation = new Conversation(messages, null, variables(fields));
            int[] prompt = serving.conversations().encode(conversation);
            Fields.require(prompt.length > 0, "messages", "something that the chat template makes tokens of");
            return prompt;
        } catch (BadInput e) {
            throw ApiError.bad("messages", e.getMessage());
        }
    }

    private static Map<String, Object> variables(Fields fields) {
        return fields.get("chat_template_kwargs")
                .map(node -> new TemplateChoice(TemplateChoice.MODELS_OWN, node.toString()).variables())
                .orElse(Map.of());
    }

    private static List<Message> messages(JsonNode list) throws ApiError {
        List<Message> messages = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            String param = "messages[" + i + "]";
            JsonNode message = list.get(i);
            Fields.require(message.isObject(), param, "an object");
            Fields.require(message.path("role").isTextual(), param + ".role", "a string");
            Map<String, Object> fields = new LinkedHashMap<>();
            String role = message.get("role").textValue();
            fields.put("role", role.equals("developer") ? "system" : role); // OpenAI's newer word for it
            fields.put("content", content(message.path("content"), param + ".content"));
            message.properties().forEach(field -> {
                if (!fields.containsKey(field.getKey()) && says(field.getValue())) {
                    fields.put(field.getKey(), JSON.convertValue(field.getValue(), Object.class));
                }
            });
            messages.add(new Message(fields));
        }
        return messages;
    }

    /** Clients send replies back with all of the fields that these can have. */
    private static boolean says(JsonNode value) {
        return !value.isNull() && !Fields.isEmpty(value);
    }

    /** A string, or parts of text, each on a line of its own, as vLLM has it. */
    private static String content(JsonNode content, String param) throws ApiError {
        if (!content.isArray()) {
            Fields.require(content.isTextual(), param, "a string, or a list of parts of type text");
            return content.textValue();
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode part : content) {
            Fields.require(
                    part.path("type").asText().equals("text")
                            && part.path("text").isTextual(),
                    param,
                    "text: parts of other types than \"text\" are not read");
            texts.add(part.get("text").textValue());
        }
        return String.join("\n", texts);
    }
}
