package candor.evaluate;

import candor.BadInput;
import candor.evaluate.ask.Answer;
import candor.evaluate.ask.AnswerCache;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Respondent;
import candor.evaluate.ask.Sampling;
import candor.evaluate.ask.Stopped;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** A respondent that remembers. */
final class CachedModel {
    private final Respondent model;
    private final AnswerCache cache;
    private final Evaluator.Progress progress;
    private final BooleanSupplier stop;
    private final String shorter;

    /** @param shorter what else can be done about a prompt that is too long; may be empty */
    CachedModel(
            Respondent model, AnswerCache cache, Evaluator.Progress progress, BooleanSupplier stop, String shorter) {
        this.shorter = shorter;
        this.model = model;
        this.cache = cache;
        this.progress = progress;
        this.stop = stop;
    }

    /** The answers in the order of the requests; the same request twice is asked once. */
    List<Answer> answer(List<Respondent.Request> requests) {
        Answer[] answers = new Answer[requests.size()];
        Map<ObjectNode, List<Integer>> missing = new LinkedHashMap<>();
        for (int i = 0; i < answers.length; i++) {
            Respondent.Request request = requests.get(i);
            ObjectNode asked = asked(request);
            Optional<Answer> kept = cache.get(asked).flatMap(json -> read(request.ask(), json));
            if (kept.isPresent()) {
                answers[i] = kept.get();
            } else {
                missing.computeIfAbsent(asked, any -> new ArrayList<>()).add(i);
            }
        }
        List<ObjectNode> keys = List.copyOf(missing.keySet());
        int[] done = {0};
        progress.at("answering", 0, keys.size());
        if (!keys.isEmpty()) {
            model.answer(
                    keys.stream()
                            .map(key -> requests.get(missing.get(key).getFirst()))
                            .toList(),
                    (k, answer) -> {
                        if (answer instanceof Answer.Unfit(BadInput why)) {
                            Respondent.Request request =
                                    requests.get(missing.get(keys.get(k)).getFirst());
                            throw why.at("row " + request.about() + ", "
                                            + request.ask().key())
                                    .orDo(shorter);
                        }
                        cache.put(keys.get(k), write(answer));
                        if (answer instanceof Answer.Reply reply) {
                            progress.said(reply.tokens());
                        }
                        missing.get(keys.get(k)).forEach(i -> answers[i] = answer);
                        progress.at("answering", ++done[0], keys.size());
                    },
                    stop);
            if (done[0] < keys.size()) {
                throw new Stopped();
            }
        }
        return Arrays.asList(answers);
    }

    /** Nothing more is asked for now. */
    void rest() {
        model.rest();
    }

    private ObjectNode asked(Respondent.Request request) {
        ObjectNode asked = JsonNodeFactory.instance
                .objectNode()
                .put("subject", model.subjects().get(request.subject()).fingerprint());
        asked.set("prompt", Written.prompt(request.ask().prompt()));
        switch (request.ask()) {
            case Ask.Generate generate -> {
                Sampling sampling = generate.sampling();
                asked.putObject("sampling")
                        .put("temperature", sampling.temperature())
                        .put("top_p", sampling.topP())
                        .put("max_new_tokens", sampling.maxNewTokens())
                        .put("seed", sampling.seed());
            }
            case Ask.Score score -> {
                ArrayNode continuations = asked.putArray("continuations");
                score.continuations().forEach(continuations::add);
                if (score.whole()) {
                    asked.put("whole", true);
                }
            }
        }
        return asked;
    }

    private static JsonNode write(Answer answer) {
        return switch (answer) {
            case Answer.Reply reply ->
                JsonNodeFactory.instance
                        .objectNode()
                        .put("text", reply.text())
                        .put("finish", reply.finish())
                        .put("tokens", reply.tokens());
            case Answer.LogProbs logProbs -> {
                ArrayNode values = JsonNodeFactory.instance.arrayNode();
                logProbs.values().forEach(values::add);
                yield values;
            }
            case Answer.Unfit unfit -> throw new IllegalStateException(unfit.why());
        };
    }

    /** What the cache holds, if it has the shape of an answer to this. */
    private static Optional<Answer> read(Ask ask, JsonNode json) {
        return switch (ask) {
            case Ask.Generate generate ->
                json.path("text").isTextual()
                                && json.path("finish").isTextual()
                                && json.path("tokens").isInt()
                        ? Optional.of(new Answer.Reply(
                                json.get("text").textValue(),
                                json.get("finish").textValue(),
                                json.get("tokens").intValue()))
                        : Optional.empty();
            case Ask.Score score -> {
                List<Double> values = new ArrayList<>();
                json.forEach(value -> values.add(value.asDouble(Double.NaN)));
                boolean whole = json.isArray()
                        && values.size() == score.continuations().size()
                        && values.stream().noneMatch(value -> value.isNaN());
                yield whole ? Optional.of(new Answer.LogProbs(values)) : Optional.empty();
            }
        };
    }
}
