package candor.study.loop;

import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.judge.ChatModel;
import candor.evaluate.judge.ChatProbe;
import candor.evaluate.judge.ModelJudge;
import candor.evaluate.judge.Thinking;
import candor.study.user.Dialogue;
import candor.study.user.SimulatedUser;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/** A model that plays the users. It draws its messages, and rates with temperature 0. */
public final class ModelUser implements SimulatedUser {
    /**
     * How it is asked.
     *
     * @param temperature of messages
     * @param maxNewTokens of messages
     * @param probabilities whether ratings are expected values over the probabilities of the ten numbers, where the model
     *     tells them
     * @param attempts how often a rating is asked for until it is one
     * @param ratingTokens the bound on a rating, thinking included
     */
    public record Settings(
            double temperature, int maxNewTokens, boolean probabilities, int attempts, int ratingTokens) {}

    /** Room enough for a number. */
    public static final int RATING_TOKENS = 12;

    private static final int MOST_QUOTED = 500;

    private final ChatModel model;
    private final LoopPrompts prompts;
    private final Settings settings;

    /** Takes the model over: closing the user closes it. */
    public ModelUser(ChatModel model, LoopPrompts prompts, Settings settings) {
        this.model = model;
        this.prompts = prompts;
        this.settings = settings;
    }

    @Override
    public ObjectNode identity() {
        ObjectNode identity = model.identity()
                .put("temperature", settings.temperature())
                .put("max_new_tokens", settings.maxNewTokens())
                .put("probabilities", settings.probabilities())
                .put("attempts", settings.attempts());
        if (settings.ratingTokens() != RATING_TOKENS) {
            identity.put("rating_tokens", settings.ratingTokens());
        }
        return identity;
    }

    @Override
    public void probe() {
        ChatProbe.require(model, "the simulated user", choices());
    }

    private List<String> choices() {
        return settings.probabilities() ? Ratings.CHOICES : List.of();
    }

    @Override
    public void speak(List<Dialogue> dialogues, Sink<String> sink) {
        List<ChatModel.Request> requests = dialogues.stream()
                .map(dialogue -> new ChatModel.Request(
                        prompts.next(dialogue),
                        settings.maxNewTokens(),
                        OptionalDouble.of(settings.temperature()),
                        dialogue.seed(),
                        List.of()))
                .toList();
        model.complete(requests, new Stopping(sink) {
            @Override
            public void replied(int i, ChatModel.Reply reply) {
                switch (reply) {
                    case ChatModel.Reply.Text answer -> sink.answered(i, Thinking.without(answer.text()));
                    case ChatModel.Reply.Failure(String why) -> sink.failed(i, why);
                }
            }
        });
    }

    private ChatModel.Request rating(Pending pending) {
        return new ChatModel.Request(pending.messages, pending.room, OptionalDouble.of(0), 0, choices());
    }

    /** A rating on its way: the conversation so far, the room for an answer, the answers so far. */
    private static final class Pending {
        List<Turn> messages;
        int room;
        int tries;

        Pending(List<Turn> messages, int room) {
            this.messages = messages;
            this.room = room;
        }
    }

    @Override
    public void rate(List<Rating> ratings, Sink<Double> sink) {
        List<Pending> pending = new ArrayList<>();
        for (Rating rating : ratings) {
            pending.add(new Pending(prompts.rating(rating.dialogue(), rating.reply()), settings.ratingTokens()));
        }
        List<Integer> open = IntStream.range(0, ratings.size()).boxed().toList();
        while (!open.isEmpty()) {
            open = rate(open, pending, sink).stream()
                    .filter(i -> {
                        boolean more = pending.get(i).tries < settings.attempts();
                        if (!more) {
                            sink.failed(i, "no rating after " + settings.attempts() + " attempts");
                        }
                        return more;
                    })
                    .toList();
        }
    }

    /** Asks for ratings; those that came to nothing are to be asked for again, with more room or a word on what was wrong. */
    private List<Integer> rate(List<Integer> open, List<Pending> pending, Sink<Double> sink) {
        List<Integer> again = new ArrayList<>();
        List<ChatModel.Request> requests =
                open.stream().map(i -> rating(pending.get(i))).toList();
        model.complete(requests, new Stopping(sink) {
            @Override
            public void replied(int r, ChatModel.Reply reply) {
                int i = open.get(r);
                switch (reply) {
                    case ChatModel.Reply.Text answer -> {
                        OptionalDouble rating = Ratings.read(Thinking.without(answer.text()), answer.choices());
                        if (rating.isPresent()) {
                            sink.answered(i, rating.getAsDouble());
                        } else {
                            again.add(i);
                            unread(pending.get(i), answer);
                        }
                    }
                    case ChatModel.Reply.Failure(String why) -> sink.failed(i, why);
                }
            }
        });
        return again;
    }

    /** What was cut has more room once; what was not, or a second time, has a word on what was wrong. */
    private void unread(Pending pending, ChatModel.Reply.Text answer) {
        if (answer.cut() && pending.room == settings.ratingTokens()) {
            pending.room = ModelJudge.moreRoom(settings.ratingTokens(), answer.text());
        } else {
            pending.tries++;
            pending.messages = asked(pending.messages, answer.text());
        }
    }

    private List<Turn> asked(List<Turn> before, String said) {
        List<Turn> more = new ArrayList<>(before);
        // Some endpoints refuse a message without text.
        String quoted = said.isBlank() ? "(no text)" : said.substring(0, Math.min(MOST_QUOTED, said.length()));
        more.add(Turn.assistant(quoted));
        more.add(prompts.ratingAgain());
        return more;
    }

    /** Hands on whether it shall stop. */
    private abstract static class Stopping implements ChatModel.Sink {
        private final Sink<?> sink;

        Stopping(Sink<?> sink) {
            this.sink = sink;
        }

        @Override
        public boolean stopped() {
            return sink.stopped();
        }
    }

    @Override
    public void close() {
        model.close();
    }
}
