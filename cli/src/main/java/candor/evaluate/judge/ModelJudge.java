package candor.evaluate.judge;

import candor.BadInput;
import candor.evaluate.ask.AnswerCache;
import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.ask.Stopped;
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
 * on its form; after that many attempts the judge has failed on the question. An answer that was cut by its bound on tokens is no
 * answer, whatever it holds so far; it is asked for once more with more room. Everything it answered, malformed or not, is in the
 * cache, so that it is paid for once; what it did not answer, or answered with nothing, is not, and is asked anew the next time.
 */
public final class ModelJudge implements Judge {
    /** The bound on an answer where the user says nothing: MASK's own. */
    public static final int DEFAULT_TOKENS = 500;

    /** The least that a model that reasons needs: it spends its bound before it speaks. */
    public static final int REASONING_TOKENS = 4096;

    /** So many times the room has an answer the second time that was cut. */
    private static final int MORE_ROOM = 4;

    /** Where the cache has an answer that was cut. */
    private static final String CUT = "cut";

    private static final int MAX_QUOTED = 2000;
    private static final int MAX_RAW = 8000;

    /** More than any judge needs; with more room still a whole number. */
    public static final int MOST_TOKENS = 1 << 20;

    private final ChatModel model;
    private final Prompts prompts;
    private final AnswerCache cache;
    private final int attempts;
    private final int maxTokens;

    /**
     * A judge.
     *
     * @param maxTokens of an answer, thinking included
     * @param attempts how often a question is asked until its answer has the right form, at least 1
     */
    public ModelJudge(ChatModel model, Prompts prompts, AnswerCache cache, int attempts, int maxTokens) {
        this.maxTokens = maxTokens;
        this.model = model;
        this.prompts = prompts;
        this.cache = cache;
        this.attempts = attempts;
    }

    /**
     * The bound on an answer.
     *
     * @param given by the user
     * @param reasoningEffort where the user says that the model reasons
     * @param usual where nothing is said
     */
    public static int tokens(Optional<Integer> given, Optional<String> reasoningEffort, int usual) {
        return given.orElseGet(() -> reasoningEffort.isPresent() ? Math.max(REASONING_TOKENS, usual) : usual);
    }

    /** The room for an answer that was cut before: where it had not begun to speak, it is for a model that reasons. */
    public static int moreRoom(int tokens, String cut) {
        int more = MORE_ROOM * tokens;
        return Thinking.without(cut).isBlank() ? Math.max(REASONING_TOKENS, more) : more;
    }

    @Override
    public ObjectNode settings() {
        ObjectNode settings = model.identity();
        settings.put(JudgeSettings.MAX_TOKENS.key(), maxTokens);
        settings.put(JudgeSettings.ATTEMPTS.key(), attempts);
        settings.put("prompts_sha256", prompts.hash());
        return settings;
    }

    /** A question on its way: the conversation so far, the answers so far. */
    private static final class Pending {
        final Question question;
        final List<Turn> messages = new ArrayList<>();
        final List<String> raw = new ArrayList<>();
        int room;
        Judgement judgement;

        Pending(Question question, int room) {
            this.question = question;
            this.room = room;
        }

        /** Why there is no verdict after so many attempts. */
        Judgement given(int attempts) {
            boolean empty = raw.stream().allMatch(String::isBlank);
            return Judgement.failed(raw, (empty ? "empty after " : "malformed after ") + attempts + " attempts");
        }
    }

    @Override
    public List<Judgement> judge(List<Question> questions, Watch watch) {
        List<Pending> all = new ArrayList<>();
        for (Question question : questions) {
            Pending pending = new Pending(question, maxTokens);
            pending.messages.add(new Turn("system", prompts.system(question)));
            pending.messages.add(Turn.user(prompts.render(question)));
            all.add(pending);
        }
        // One round more than attempts, for answers that were cut.
        for (int round = 0; round <= attempts; round++) {
            ask(
                    all.stream()
                            .filter(pending -> pending.judgement == null && pending.raw.size() < most(pending))
                            .toList(),
                    watch);
        }
        requireAnyAnswer(all);
        return all.stream()
                .map(pending -> pending.judgement != null ? pending.judgement : pending.given(attempts))
                .toList();
    }

    /** How many answers a question may have: the one that was cut counts apart. */
    private int most(Pending pending) {
        return attempts + (pending.room > maxTokens ? 1 : 0);
    }

    /** Some failures are counted; a judge that says nothing at all leaves nothing to score: no lie would be found. */
    private static void requireAnyAnswer(List<Pending> all) {
        if (!all.isEmpty() && all.stream().allMatch(pending -> pending.raw.isEmpty())) {
            throw new BadInput("the judge answered none of " + all.size() + " questions ("
                    + all.getFirst().judgement.failure() + "); the model's replies are kept, the same command continues"
                    + " from there once the judge answers");
        }
    }

    private void ask(List<Pending> open, Watch watch) {
        // The same question twice (two rows alike, two adapters that reply alike) is asked once.
        Map<ObjectNode, List<Pending>> missing = new LinkedHashMap<>();
        for (Pending pending : open) {
            ObjectNode asked = asked(pending);
            Optional<ChatModel.Reply.Text> kept = cache.get(asked).flatMap(ModelJudge::kept);
            if (kept.isPresent()) {
                read(pending, kept.get());
            } else {
                missing.computeIfAbsent(asked, any -> new ArrayList<>()).add(pending);
            }
        }
        List<ObjectNode> keys = List.copyOf(missing.keySet());
        List<ChatModel.Request> requests = keys.stream()
                .map(key -> missing.get(key).getFirst())
                .map(pending -> new ChatModel.Request(pending.messages, pending.room))
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
                if (answer.cut()) {
                    cache.put(asked, JsonNodeFactory.instance.objectNode().put(CUT, answer.text()));
                } else if (!answer.text().isBlank()) {
                    cache.put(asked, JsonNodeFactory.instance.textNode(answer.text()));
                }
                waiting.forEach(pending -> read(pending, answer));
            }
            case ChatModel.Reply.Failure(String why) ->
                waiting.forEach(pending -> pending.judgement = Judgement.failed(pending.raw, why));
        }
    }

    /** An answer as the cache has it. */
    private static Optional<ChatModel.Reply.Text> kept(JsonNode json) {
        return json.isTextual()
                ? Optional.of(new ChatModel.Reply.Text(json.textValue()))
                : json.path(CUT).isTextual()
                        ? Optional.of(new ChatModel.Reply.Text(
                                json.get(CUT).textValue(), Map.of(), ChatModel.Reply.Text.LENGTH))
                        : Optional.empty();
    }

    private void read(Pending pending, ChatModel.Reply.Text answer) {
        String text = answer.text();
        pending.raw.add(shorten(text, MAX_RAW));
        if (answer.cut()) {
            if (pending.room > maxTokens) {
                pending.judgement =
                        Judgement.failed(pending.raw, "cut at " + pending.room + " tokens, though it had more room");
            }
            pending.room = moreRoom(maxTokens, text);
            return;
        }
        if (text.isBlank() && !answer.finish().equals(ChatModel.Reply.Text.STOP)) {
            pending.judgement = Judgement.failed(pending.raw, "no text: " + answer.finish());
            return;
        }
        Optional<Verdict> verdict = pending.question.form().parse(Thinking.without(text));
        if (verdict.isPresent()) {
            pending.judgement = new Judgement(verdict, pending.raw, "");
            return;
        }
        // Some endpoints refuse a message without text.
        pending.messages.add(Turn.assistant(text.isBlank() ? "(no text)" : shorten(text, MAX_QUOTED)));
        pending.messages.add(Turn.user(prompts.again(pending.question.form())));
    }

    private ObjectNode asked(Pending pending) {
        ObjectNode asked = JsonNodeFactory.instance.objectNode();
        asked.set("judge", model.identity());
        asked.put("max_tokens", pending.room);
        ArrayNode list = asked.putArray("messages");
        pending.messages.forEach(
                turn -> list.addObject().put("role", turn.role()).put("content", turn.text()));
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
