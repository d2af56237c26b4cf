package candor.evaluate;

import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Respondent;
import candor.evaluate.ask.Subject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** Answers by a function of subject and ask, in an order that is not that of the requests. */
final class FakeRespondent implements Respondent {
    private final List<Subject> subjects;
    private final BiFunction<String, Ask, Answer> answers;
    final List<Request> asked = new ArrayList<>();

    FakeRespondent(BiFunction<String, Ask, Answer> answers, String... subjects) {
        this.subjects = Stream.of(subjects)
                .map(name -> new Subject(name, "fingerprint of " + name))
                .toList();
        this.answers = answers;
    }

    static Answer reply(String text) {
        return new Answer.Reply(text, "stop", text.length());
    }

    @Override
    public List<Subject> subjects() {
        return subjects;
    }

    @Override
    public void answer(List<Request> requests, Sink sink, BooleanSupplier stop) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < requests.size(); i++) {
            order.add(i);
        }
        Collections.reverse(order);
        for (int i : order) {
            if (stop.getAsBoolean()) {
                return;
            }
            Request request = requests.get(i);
            asked.add(request);
            sink.answered(i, answers.apply(subjects.get(request.subject()).name(), request.ask()));
        }
    }

    @Override
    public void close() {}
}
