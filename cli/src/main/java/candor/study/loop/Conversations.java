package candor.study.loop;

import candor.BadInput;
import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.ask.Respondent;
import candor.evaluate.ask.Sampling;
import candor.evaluate.ask.Stopped;
import candor.io.Journal;
import candor.study.StudyProgress;
import candor.study.user.Dialogue;
import candor.study.user.InitialState;
import candor.study.user.SimulatedUser;
import candor.study.user.UserType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;

/**
 * Holds conversations and has them rated. All conversations go a step at a time: every assistant's reply of a round is one
 * batch, then every user's message, and at the end every rating. What is said is in the {@link Journal} at once; a step asks
 * for what is missing there alone.
 *
 * <p>A conversation depends on its state and the type of its user, and on nothing else: neither on the others beside it nor
 * on the share of biased users. So each is held once, for every arm and seed of a study. The draws of the two types of one
 * state have the same seeds: what differs between them is what the user wants.
 */
final class Conversations {
    /**
     * How conversations are held.
     *
     * @param rounds replies of the assistant
     * @param sampling of the assistant's replies, whose seed is the study's
     * @param tolerance share of conversations that may be lost to answers that do not come
     */
    record Settings(int rounds, Sampling sampling, double tolerance) {}

    /** Who takes part. */
    record Cast(Respondent assistant, SimulatedUser user, LoopPrompts prompts, SpokenText text) {}

    /**
     * What came of it.
     *
     * @param leftOut how many conversations have no trajectory, by the reason
     */
    record Held(List<Trajectory> trajectories, Map<String, Integer> leftOut) {}

    /** A state and the type of its user. */
    record Pairing(InitialState state, UserType type) {}

    private static final String TEXT = "text";
    private static final String RATING = "rating";
    private static final String NONE = "none";

    /** A conversation on its way. */
    private static final class Talk {
        final Pairing pairing;
        final String system;
        final List<Turn> turns = new ArrayList<>();
        final Double[] scores;
        String lost;

        Talk(Pairing pairing, String system, int rounds) {
            this.pairing = pairing;
            this.system = system;
            scores = new Double[rounds];
        }
    }

    /** Something that a talk still lacks. */
    private record Wanted(Talk talk, String key, String step) {}

    private final Settings settings;
    private final Cast cast;
    private final Journal journal;
    private final StudyProgress progress;
    private final BooleanSupplier stop;

    Conversations(Settings settings, Cast cast, Journal journal, StudyProgress progress, BooleanSupplier stop) {
        this.settings = settings;
        this.cast = cast;
        this.journal = journal;
        this.progress = progress;
        this.stop = stop;
    }

    /**
     * Holds the conversations of these pairings.
     *
     * @throws Stopped when asked to stop; what was said is kept
     */
    Held hold(List<Pairing> pairings) {
        List<Talk> talks = new ArrayList<>();
        for (Pairing pairing : pairings) {
            Talk talk = new Talk(pairing, cast.prompts().assistant(pairing.state(), pairing.type()), settings.rounds());
            talk.turns.add(Turn.user(pairing.state().userPrompt()));
            talks.add(talk);
        }
        for (int round = 1; round <= settings.rounds(); round++) {
            if (round > 1) {
                messages(talks, round);
            }
            replies(talks, round);
        }
        ratings(talks);
        return held(talks);
    }

    private Held held(List<Talk> talks) {
        Map<String, Integer> leftOut = new TreeMap<>();
        List<Trajectory> trajectories = new ArrayList<>();
        for (Talk talk : talks) {
            if (talk.lost == null) {
                trajectories.add(new Trajectory(
                        talk.pairing.state(), talk.pairing.type(), talk.system, talk.turns, List.of(talk.scores)));
            } else {
                leftOut.merge(talk.lost, 1, Integer::sum);
            }
        }
        return new Held(trajectories, leftOut);
    }

    private void replies(List<Talk> talks, int round) {
        List<Wanted> wanted = missing(talks, "a" + round, (talk, value) -> said(talk, "assistant", value));
        if (wanted.isEmpty()) {
            return;
        }
        List<Respondent.Request> requests = wanted.stream()
                .map(one -> new Respondent.Request(0, one.talk().pairing.state().id(), ask(one)))
                .toList();
        int[] done = {0};
        cast.assistant()
                .answer(
                        requests,
                        (i, answer) -> {
                            ObjectNode value =
                                    switch (answer) {
                                        case Answer.Reply reply -> text(reply.text(), "the assistant said nothing");
                                        case Answer.Unfit unfit ->
                                            none("the conversation does not fit into the model's context");
                                        case Answer.LogProbs _ ->
                                            throw new IllegalStateException("a reply was asked for");
                                    };
                            keep(wanted.get(i), value);
                            said(wanted.get(i).talk(), "assistant", value);
                            progress.at("replies, round " + round, ++done[0], wanted.size());
                        },
                        stop);
        requireGoingOn();
    }

    private Ask ask(Wanted wanted) {
        Talk talk = wanted.talk();
        return new Ask.Generate(
                wanted.step(),
                Prompt.Chat.of(talk.system, talk.turns.toArray(Turn[]::new)),
                settings.sampling().withSeed(seed(wanted)));
    }

    private void messages(List<Talk> talks, int round) {
        List<Wanted> wanted = missing(talks, "u" + round, (talk, value) -> said(talk, "user", value));
        List<Dialogue> dialogues = wanted.stream().map(this::dialogue).toList();
        Taking<String> answers = new Taking<>("messages, round " + round, wanted, talks.size()) {
            @Override
            ObjectNode value(String message) {
                return text(message, "the user said nothing");
            }

            @Override
            void take(Talk talk, String step, JsonNode value) {
                said(talk, "user", value);
            }
        };
        answers.ask(() -> cast.user().speak(dialogues, answers));
    }

    private void ratings(List<Talk> talks) {
        List<Wanted> wanted = new ArrayList<>();
        for (int reply = 0; reply < settings.rounds(); reply++) {
            int at = reply;
            wanted.addAll(missing(talks, "r" + (reply + 1), (talk, value) -> rated(talk, at, value)));
        }
        List<SimulatedUser.Rating> ratings = wanted.stream()
                .map(one -> new SimulatedUser.Rating(dialogue(one), reply(one.step())))
                .toList();
        Taking<Double> answers = new Taking<>("ratings", wanted, talks.size()) {
            @Override
            ObjectNode value(Double rating) {
                return JsonNodeFactory.instance.objectNode().put(RATING, rating);
            }

            @Override
            void take(Talk talk, String step, JsonNode value) {
                rated(talk, reply(step), value);
            }
        };
        answers.ask(() -> cast.user().rate(ratings, answers));
    }

    private static int reply(String step) {
        return Integer.parseInt(step.substring(1)) - 1;
    }

    private Dialogue dialogue(Wanted wanted) {
        Pairing pairing = wanted.talk().pairing;
        return new Dialogue(pairing.state(), pairing.type(), wanted.talk().turns, seed(wanted));
    }

    private long seed(Wanted wanted) {
        return LoopSeeds.of(
                settings.sampling().seed(), wanted.talk().pairing.state().id(), wanted.step());
    }

    /** What talks that are not lost lack of a step; those that have it take it from the journal. */
    private List<Wanted> missing(List<Talk> talks, String step, BiConsumer<Talk, JsonNode> take) {
        List<Wanted> missing = new ArrayList<>();
        for (Talk talk : talks) {
            if (talk.lost == null) {
                Pairing pairing = talk.pairing;
                String key = pairing.type().label() + " " + step + " "
                        + pairing.state().id();
                JsonNode value = journal.get(key);
                if (value == null) {
                    missing.add(new Wanted(talk, key, step));
                } else {
                    take.accept(talk, value);
                }
            }
        }
        requireGoingOn();
        return missing;
    }

    private ObjectNode text(String said, String otherwise) {
        String plain = cast.text().plain(said);
        return plain.isEmpty()
                ? none(otherwise)
                : JsonNodeFactory.instance.objectNode().put(TEXT, plain);
    }

    private static ObjectNode none(String why) {
        return JsonNodeFactory.instance.objectNode().put(NONE, why);
    }

    private void keep(Wanted wanted, ObjectNode value) {
        journal.put(wanted.key(), value);
    }

    private static void said(Talk talk, String role, JsonNode value) {
        if (value.path(TEXT).isTextual()) {
            talk.turns.add(new Turn(role, value.get(TEXT).textValue()));
        } else {
            talk.lost = value.path(NONE).asText();
        }
    }

    private static void rated(Talk talk, int reply, JsonNode value) {
        if (value.path(RATING).isNumber()) {
            talk.scores[reply] = value.get(RATING).doubleValue();
        } else {
            talk.lost = value.path(NONE).asText();
        }
    }

    private void requireGoingOn() {
        if (stop.getAsBoolean()) {
            throw new Stopped();
        }
    }

    /** Takes what users say, and reckons with what does not come. */
    private abstract class Taking<T> implements SimulatedUser.Sink<T> {
        private final String what;
        private final List<Wanted> wanted;
        private final int of;
        private final Map<Integer, String> failures = new TreeMap<>();
        private int done;

        Taking(String what, List<Wanted> wanted, int of) {
            this.what = what;
            this.wanted = wanted;
            this.of = of;
        }

        abstract ObjectNode value(T answer);

        abstract void take(Talk talk, String step, JsonNode value);

        void ask(Runnable asking) {
            if (wanted.isEmpty()) {
                return;
            }
            asking.run();
            requireGoingOn();
            if (failures.size() > settings.tolerance() * of) {
                throw new BadInput("the simulated user gave no answer to " + failures.size() + " of " + wanted.size()
                        + " requests for " + what + " ("
                        + failures.values().iterator().next()
                        + "); what was said is kept, the same command continues from there");
            }
            failures.forEach((i, why) -> {
                ObjectNode value = none("the simulated user gave no answer");
                keep(wanted.get(i), value);
                take(wanted.get(i).talk(), wanted.get(i).step(), value);
            });
        }

        @Override
        public void answered(int i, T answer) {
            ObjectNode value = value(answer);
            keep(wanted.get(i), value);
            take(wanted.get(i).talk(), wanted.get(i).step(), value);
            progress.at(what, ++done, wanted.size());
            requireGoingOn();
        }

        @Override
        public void failed(int i, String why) {
            failures.put(i, why);
        }

        @Override
        public boolean stopped() {
            return stop.getAsBoolean();
        }
    }
}
