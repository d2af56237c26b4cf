package candor.serve;

import candor.BadInput;
import candor.generate.Request;
import candor.generate.Scores;
import candor.serve.work.Served;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads what {@code /v1/completions} is asked. */
final class CompletionReader {
    /** As OpenAI has it. */
    private static final int TOKENS = 16;

    private CompletionReader() {}

    static Ask read(Serving serving, Fields fields) throws ApiError {
        AskReader reader = new AskReader(serving, fields);
        Served model = reader.model();
        List<JsonNode> given = given(fields.required("prompt"));
        List<int[]> prompts = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        for (JsonNode prompt : given) {
            int[] ids = prompt(serving, reader, prompt);
            prompts.add(ids);
            texts.add(
                    prompt.isTextual()
                            ? prompt.textValue()
                            : serving.tokenizer().decode(ids, false));
        }
        boolean echo = fields.bool("echo", false);
        int asked = fields.integer("max_tokens", echo ? 0 : 1, Integer.MAX_VALUE, TOKENS);
        int most = reader.maxNewTokens(Optional.of(Math.max(1, asked)), prompts, "prompt");
        int top = fields.integer("logprobs", 0, Scores.MOST_ALTERNATIVES, -1);
        boolean stream = reader.stream();
        Request like = reader.like(most, top < 0 ? Scores.NONE : new Scores(true, top, echo));
        int choices = reader.choices(prompts.size());
        reader.requireFewScores(like.scores(), prompts, choices);
        fields.refuse(
                "best_of",
                value -> value.asInt(0) == choices,
                "as many replies come as are made: leave it out, or give it as 'n'");
        fields.refuse("suffix", value -> value.asText().isEmpty(), "a text is continued at its end alone");
        Ask ask = new Ask(model, prompts, texts, choices, like, echo, asked == 0, stream, reader.streamsUsage(stream));
        reader.refuseTheRest();
        return ask;
    }

    /** A text, texts, token ids, or lists of these. */
    private static List<JsonNode> given(JsonNode prompt) throws ApiError {
        if (!prompt.isArray() || prompt.isEmpty() || prompt.get(0).isNumber()) {
            return List.of(prompt);
        }
        Fields.require(
                prompt.size() <= Serving.MOST_CHOICES,
                "prompt",
                "a list of up to " + Serving.MOST_CHOICES + " prompts");
        List<JsonNode> prompts = new ArrayList<>();
        prompt.forEach(prompts::add);
        return prompts;
    }

    /** What a text says of special tokens is taken as these: a completion is in the model's own language. */
    private static int[] prompt(Serving serving, AskReader reader, JsonNode prompt) throws ApiError {
        Fields.require(prompt.isTextual() || prompt.isArray(), "prompt", "a string, a list of strings, or token ids");
        reader.requireShort(prompt.isTextual() ? prompt.textValue().length() : prompt.size(), "prompt");
        int[] ids;
        try {
            ids = prompt.isTextual()
                    ? serving.tokenizer().encode(prompt.textValue(), true)
                    : reader.tokens(prompt, "prompt");
        } catch (BadInput e) {
            throw ApiError.bad("prompt", e.getMessage());
        }
        Fields.require(ids.length > 0, "prompt", "at least one token long");
        return ids;
    }
}
