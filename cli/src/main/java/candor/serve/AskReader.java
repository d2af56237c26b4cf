package candor.serve;

import candor.BadInput;
import candor.generate.Request;
import candor.generate.Sampling;
import candor.generate.Scores;
import candor.serve.work.Served;
import com.fasterxml.jackson.databind.JsonNode;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What chats and completions have in common. */
final class AskReader {
    private static final int MOST_STOPS = 4;
    /** Each is looked for behind every token of a reply. */
    private static final int MOST_STOP_CHARACTERS = 1024;

    private static final int MOST_STOP_TOKENS = 256;
    /** Log-probabilities of prompts' tokens in one answer, alternatives included: they are kept until it is sent. */
    private static final long MOST_PROMPT_SCORES = 1 << 22;

    /** Of one token: vocabularies have tokens of 128 blanks, and few that are longer. */
    private static final int MOST_CHARACTERS = 512;
    /** Of one prompt, as OpenAI has it. */
    private static final int MOST_CHOICES = 128;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final Serving serving;
    private final Fields fields;

    AskReader(Serving serving, Fields fields) {
        this.serving = serving;
        this.fields = fields;
    }

    Served model() throws ApiError {
        String name = fields.text("model", serving.models().base().name());
        return serving.models()
                .find(name)
                .orElseThrow(() -> ApiError.unknownModel(
                        "there is no model '" + shown(name) + "'; GET /v1/models lists those that there are"));
    }

    static String shown(String name) {
        return name.length() > 96 ? name.substring(0, 96) + "…" : name;
    }

    int choices(int prompts) throws ApiError {
        int most = Math.min(MOST_CHOICES, Serving.MOST_CHOICES / prompts);
        int choices = fields.integer("n", 1, most, 1);
        int all = choices * prompts;
        if (all > serving.desk().mostWaiting()) {
            throw ApiError.bad(
                    "n",
                    all + " replies are more than the server's whole queue of "
                            + serving.desk().mostWaiting());
        }
        return choices;
    }

    /** Refuses a text that could not fit whatever its tokens are, before anybody has the work of making them. */
    void requireShort(long characters, String param) throws ApiError {
        if (characters > (long) MOST_CHARACTERS * serving.positions()) {
            throw ApiError.tooLong(
                    param,
                    "the prompt has " + characters + " characters, and the model takes " + serving.positions()
                            + " tokens together with the reply");
        }
    }

    /** How many tokens a reply has at most; it ends where the model's context does, too. */
    int maxNewTokens(Optional<Integer> asked, List<int[]> prompts, String param) throws ApiError {
        int longest = prompts.stream().mapToInt(prompt -> prompt.length).max().orElseThrow();
        if (longest >= serving.positions()) {
            throw ApiError.tooLong(
                    param,
                    "the prompt has " + longest + " tokens, and the model takes " + serving.positions()
                            + " together with the reply");
        }
        int tokens = Math.min(asked.orElse(serving.maxTokens()), serving.maxTokens());
        int whole = (int) Math.min(serving.positions(), longest + (long) tokens);
        if (!serving.fits().test(whole)) {
            throw ApiError.tooLong(
                    param,
                    "a prompt of " + longest + " tokens and its reply, " + whole
                            + " tokens together, need more memory for keys and values than there is: ask for fewer, or"
                            + " have the server started with more of it");
        }
        return tokens;
    }

    Sampling sampling() throws ApiError {
        Sampling defaults = serving.defaults();
        double temperature = fields.number("temperature", defaults.temperature());
        int topK = fields.integer("top_k", -1, Integer.MAX_VALUE, defaults.topK());
        double topP = fields.number("top_p", defaults.topP());
        double penalty = fields.number("repetition_penalty", defaults.repetitionPenalty());
        long seed = fields.whole("seed", Long.MIN_VALUE, Long.MAX_VALUE, RANDOM.nextLong());
        try {
            return new Sampling(temperature, Math.max(0, topK), topP, penalty, seed); // -1 is vLLM's word for all
        } catch (BadInput e) {
            throw ApiError.bad(null, e.getMessage());
        }
    }

    Request like(int maxNewTokens, Scores scores) throws ApiError {
        List<Integer> ends = new ArrayList<>(fields.bool("ignore_eos", false) ? List.of() : serving.endTokens());
        Optional<JsonNode> more = fields.get("stop_token_ids");
        if (more.isPresent()) {
            Fields.require(
                    more.get().isArray() && more.get().size() <= MOST_STOP_TOKENS,
                    "stop_token_ids",
                    "a list of up to " + MOST_STOP_TOKENS + " token ids");
            for (int id : tokens(more.get(), "stop_token_ids")) {
                ends.add(id);
            }
        }
        List<String> stops = fields.texts("stop", MOST_STOPS, MOST_STOP_CHARACTERS);
        return new Request(new int[1], 0, sampling(), 0, maxNewTokens, ends, stops, scores);
    }

    /** Refuses scores of prompts where there would be too many for one answer. */
    void requireFewScores(Scores scores, List<int[]> prompts, int choices) throws ApiError {
        long tokens = scores.prompt()
                ? prompts.stream().mapToLong(prompt -> prompt.length).sum()
                : 0;
        long all = tokens * choices * (1 + scores.alternatives());
        if (all > MOST_PROMPT_SCORES) {
            throw ApiError.bad(
                    "logprobs",
                    all + " log-probabilities of prompts are more than the " + MOST_PROMPT_SCORES
                            + " that one answer holds: ask for fewer prompts, replies or alternatives");
        }
    }

    /** @param list an array */
    int[] tokens(JsonNode list, String param) throws ApiError {
        int most = serving.tokenizer().vocabularySize();
        int[] ids = new int[list.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = list.get(i);
            Fields.require(
                    id.isIntegralNumber() && id.canConvertToInt() && id.intValue() >= 0 && id.intValue() < most,
                    param,
                    "token ids from 0 to " + (most - 1));
            ids[i] = id.intValue();
        }
        return ids;
    }

    /** Whether the reply is sent as it comes. */
    boolean stream() throws ApiError {
        return fields.bool("stream", false);
    }

    boolean streamsUsage(boolean stream) throws ApiError {
        Optional<JsonNode> options = fields.get("stream_options");
        if (options.isEmpty()) {
            return false;
        }
        Fields.require(options.get().isObject(), "stream_options", "an object");
        Fields.require(stream, "stream_options", "left out where 'stream' is not true");
        JsonNode usage = options.get().path("include_usage");
        Fields.require(
                usage.isMissingNode() || usage.isNull() || usage.isBoolean(),
                "stream_options.include_usage",
                "true or false");
        return usage.asBoolean(false);
    }

    /** What is known and not there, and what is known and changes nothing. */
    void refuseTheRest() throws ApiError {
        fields.refuse("presence_penalty", AskReader::isZero, "only 0 is; 'repetition_penalty' is there");
        fields.refuse("frequency_penalty", AskReader::isZero, "only 0 is; 'repetition_penalty' is there");
        fields.refuse("logit_bias", Fields::isEmpty, "no token can be favoured");
        fields.refuse("min_p", AskReader::isZero, "only 0 is; 'top_p' and 'top_k' are there");
        fields.refuse("min_tokens", AskReader::isZero, "only 0 is");
        fields.refuse(
                "length_penalty", value -> value.isNumber() && value.doubleValue() == 1, "there is no beam search");
        fields.refuse("use_beam_search", value -> !value.asBoolean(true), "there is no beam search");
        fields.refuse("skip_special_tokens", value -> value.asBoolean(false), "replies have none");
        fields.refuse("spaces_between_special_tokens", JsonNode::isBoolean, "replies have no special tokens");
        fields.refuse(
                "include_stop_str_in_output", value -> !value.asBoolean(true), "a stop text is no part of a reply");
        fields.refuse(
                "response_format",
                value -> value.path("type").asText().equals("text"),
                "replies are plain text; JSON or a grammar cannot be forced");
        fields.ignore("user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key");
        fields.refuseOthers();
    }

    static boolean isZero(JsonNode value) {
        return value.isNumber() && value.doubleValue() == 0;
    }
}
