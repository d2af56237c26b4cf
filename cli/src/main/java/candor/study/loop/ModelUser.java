package candor.study.loop;

import candor.evaluate.Prompt.Turn;
import candor.evaluate.judge.ChatModel;
import candor.evaluate.judge.ChatProbe;
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
     */
    public record Settings(double temperature, int maxNewTokens, boolean probabilities, int attempts) {}

    private static final int RATING_TOKENS = 12;
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
        return model.identity()
                .put("temperature", settings.temperature())
                .put("max_new_tokens", settings.maxNewTokens())
                .put("probabilities", settings.probabilities())
                .put("attempts", settings.attempts());
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
                    case ChatModel.Reply.Text answer -> sink.answered(i, answer.text());
                    case ChatModel.Reply.Failure(String why) -> sink.failed(i, why);
                }
            }
        });
    }

    private ChatModel.Request rating(List<Turn> messages) {
        return new ChatModel.Request(messages, RATING_TOKENS, OptionalDouble.of(0), 0, choices());
    }

    @Override
    public void rate(List<Rating> ratings, Sink<Double> sink) {
        List<List<Turn>> messages = new ArrayList<>();
        for (Rating rating : ratings) {
            messages.add(prompts.rating(rating.dialogue(), rating.reply()));
        }
        List<Integer> open = IntStream.range(0, ratings.size()).boxed().toList();
        for (int attempt = 1; attempt <= settings.attempts() && !open.isEmpty(); attempt++) {
            open = rate(open, messages, sink);
        }
        open.forEach(i -> sink.failed(i, "no rating after " + settings.attempts() + " attempts"));
    }

    /** Asks for ratings; those that came to nothing are to be asked for again, with a word on what was wrong. */
    private List<Integer> rate(List<Integer> open, List<List<Turn>> messages, Sink<Double> sink) {
        List<Integer> again = new ArrayList<>();
        List<ChatModel.Request> requests =
                open.stream().map(i -> rating(messages.get(i))).toList();
        model.complete(requests, new Stopping(sink) {
            @Override
            public void replied(int r, ChatModel.Reply reply) {
                int i = open.get(r);
                switch (reply) {
                    case ChatModel.Reply.Text answer -> {
                        OptionalDouble rating = Ratings.read(answer.text(), answer.choices());
                        if (rating.isPresent()) {
                            sink.answered(i, rating.getAsDouble());
                        } else {
                            again.add(i);
                            messages.set(i, asked(messages.get(i), answer.text()));
                        }
                    }
                    case ChatModel.Reply.Failure(String why) -> sink.failed(i, why);
                }
            }
        });
        return again;
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
