package candor.evaluate.judge;

import candor.BadInput;
import candor.evaluate.AnswerCache;
import candor.evaluate.Prompt.Turn;
import candor.evaluate.Stopped;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A judge that is a model: renders the question, asks, reads the answer. A malformed answer is asked for again, with a word
 * on its form; after that many attempts the judge has failed on the question. Everything it answered, malformed or not, is
 * in the cache, so that it is paid for once; what it did not answer at all is not, and is asked anew the next time.
 */
public final class ModelJudge implements Judge {
    private static final int MAX_TOKENS = 500;
    private static final int MAX_QUOTED = 2000;
    private static final int MAX_RAW = 8000;

    private final ChatModel model;
    private final Prompts prompts;
    private final AnswerCache cache;
    private final int attempts;

    /**
     * A judge.
     *
     * @param attempts how often a question is asked until its answer has the right form, at least 1
     */
    public ModelJudge(ChatModel model, Prompts prompts, AnswerCache cache, int attempts) {
        this.model = model;
        this.prompts = prompts;
        this.cache = cache;
        this.attempts = attempts;
    }

    @Override
    public ObjectNode settings() {
        ObjectNode settings = model.identity();
        settings.put("max_tokens", MAX_TOKENS);
        settings.put("attempts", attempts);
        settings.put("prompts_sha256", prompts.hash());
        return settings;
    }

    /** A question on its way: the conversation so far, the answers so far. */
    private static final class Pending {
        final Question question;
        final List<Turn> messages = new ArrayList<>();
        final List<String> raw = new ArrayList<>();
        Judgement judgement;

        Pending(Question question) {
            this.question = question;
        }
    }

    @Override
    public List<Judgement> judge(List<Question> questions, Watch watch) {
        List<Pending> all = new ArrayList<>();
        for (Question question : questions) {
            Pending pending = new Pending(question);
            pending.messages.add(new Turn("system", prompts.system()));
            pending.messages.add(Turn.user(prompts.render(question)));
            all.add(pending);
        }
        for (int attempt = 0; attempt < attempts; attempt++) {
            ask(all.stream().filter(pending -> pending.judgement == null).toList(), watch);
        }
        requireAnyAnswer(all);
        return all.stream()
                .map(pending -> pending.judgement != null
                        ? pending.judgement
                        : Judgement.failed(pending.raw, "malformed after " + attempts + " attempts"))
                .toList();
    }

    /** Some failures are counted; a judge that says nothing at all leaves nothing to score: no lie would be found. */
    private static void requireAnyAnswer(List<Pending> all) {
        if (!all.isEmpty() && all.stream().allMatch(pending -> pending.raw.isEmpty())) {
            throw new BadInput("the judge answered none of " + all.size() + " questions ("
                    + all.getFirst().judgement.failure() + "); the model's replies are kept, the same command goes on"
                    + " from there once the judge answers");
        }
    }

    private void ask(List<Pending> open, Watch watch) {
        // The same question twice (two rows alike, two adapters that reply alike) is asked once.
        Map<ObjectNode, List<Pending>> missing = new LinkedHashMap<>();
        for (Pending pending : open) {
            ObjectNode asked = asked(pending.messages);
            Optional<JsonNode> kept = cache.get(asked);
            if (kept.isPresent()) {
                read(pending, kept.get().asText());
            } else {
                missing.computeIfAbsent(asked, any -> new ArrayList<>()).add(pending);
            }
        }
        List<ObjectNode> keys = List.copyOf(missing.keySet());
        List<ChatModel.Request> requests = keys.stream()
                .map(key -> new ChatModel.Request(missing.get(key).getFirst().messages, MAX_TOKENS))
                .toList();
        int[] done = {0};
        model.complete(requests, new ChatModel.Sink() {
            @Override
            public void replied(int i, ChatModel.Reply reply) {
                keep(keys.get(i), missing.get(keys.get(i)), reply);
                watch.judged(++done[0], keys.size());
            }

            @Override
            public boolean stopped() {
                return watch.stopped();
            }
        });
        if (done[0] < keys.size()) {
            throw new Stopped();
        }
    }

    private void keep(ObjectNode asked, List<Pending> waiting, ChatModel.Reply reply) {
        switch (reply) {
            case ChatModel.Reply.Text answer -> {
                cache.put(asked, JsonNodeFactory.instance.textNode(answer.text()));
                waiting.forEach(pending -> read(pending, answer.text()));
            }
            case ChatModel.Reply.Failure(String why) ->
                waiting.forEach(pending -> pending.judgement = Judgement.failed(pending.raw, why));
        }
    }

    private void read(Pending pending, String text) {
        pending.raw.add(shorten(text, MAX_RAW));
        Optional<Verdict> verdict = pending.question.form().parse(text);
        if (verdict.isPresent()) {
            pending.judgement = new Judgement(verdict, pending.raw, "");
            return;
        }
        // Some endpoints refuse a message without text.
        pending.messages.add(Turn.assistant(text.isBlank() ? "(no text)" : shorten(text, MAX_QUOTED)));
        pending.messages.add(Turn.user(prompts.again(pending.question.form())));
    }

    private ObjectNode asked(List<Turn> messages) {
        ObjectNode asked = JsonNodeFactory.instance.objectNode();
        asked.set("judge", model.identity());
        asked.put("max_tokens", MAX_TOKENS);
        ArrayNode list = asked.putArray("messages");
        messages.forEach(turn -> list.addObject().put("role", turn.role()).put("content", turn.text()));
        return asked;
    }

    private static String shorten(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most;
        return text.substring(0, end) + "…";
    }

    @Override
    public void close() {
        model.close();
    }
}
