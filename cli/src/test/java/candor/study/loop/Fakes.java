package candor.study.loop;

import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Respondent;
import candor.evaluate.ask.Subject;
import candor.evaluate.judge.ChatModel;
import candor.study.user.InitialState;
import candor.study.user.Scenario;
import candor.study.user.UserType;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Stand-ins, scenarios and states for tests. */
final class Fakes {
    static final Scenario SCENARIO =
            new Scenario("counsel", "late bills", "Bills pile up.", "a plan to pay", "an excuse to wait");

    private Fakes() {}

    static InitialState state(String id) {
        return new InitialState(id, SCENARIO, "test", "Owes much; " + id + ".", "I owe money, " + id + ".");
    }

    static List<InitialState> states(int n) {
        return IntStream.range(0, n).mapToObj(i -> state("s" + i)).toList();
    }

    static Trajectory trajectory(String id, UserType type, double... scores) {
        List<candor.evaluate.ask.Prompt.Turn> turns = new ArrayList<>();
        for (int i = 1; i <= scores.length; i++) {
            turns.add(Prompt.Turn.user("U" + i + " " + id));
            turns.add(Prompt.Turn.assistant("A" + i + " " + id));
        }
        return new Trajectory(
                state(id),
                type,
                "S",
                turns,
                java.util.Arrays.stream(scores).boxed().toList());
    }

    /** An assistant that answers by a function, the last request first. */
    static final class Assistant implements Respondent {
        final List<Ask.Generate> asked = new ArrayList<>();
        private final Function<Ask.Generate, Answer> answers;

        Assistant(Function<Ask.Generate, Answer> answers) {
            this.answers = answers;
        }

        static Answer reply(String text) {
            return new Answer.Reply(text, "stop", 1);
        }

        @Override
        public List<Subject> subjects() {
            return List.of(new Subject("base", "fingerprint"));
        }

        @Override
        public void answer(List<Request> requests, Sink sink, BooleanSupplier stop) {
            for (int i = requests.size() - 1; i >= 0 && !stop.getAsBoolean(); i--) {
                Ask.Generate ask = (Ask.Generate) requests.get(i).ask();
                asked.add(ask);
                sink.answered(i, answers.apply(ask));
            }
        }

        @Override
        public void close() {}
    }

    /** A chat model that answers by a function. */
    static final class Model implements ChatModel {
        final List<Request> asked = new ArrayList<>();
        private final Function<Request, Reply> answers;

        Model(Function<Request, Reply> answers) {
            this.answers = answers;
        }

        @Override
        public ObjectNode identity() {
            return JsonNodeFactory.instance.objectNode().put("kind", "fake");
        }

        @Override
        public void complete(List<Request> requests, Sink sink) {
            for (int i = requests.size() - 1; i >= 0 && !sink.stopped(); i--) {
                asked.add(requests.get(i));
                sink.replied(i, answers.apply(requests.get(i)));
            }
        }

        @Override
        public void close() {}
    }
}
