package candor.study.user;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Rules as a user: it costs nothing and never fails. */
record RuleUser(UserRules rules) implements SimulatedUser {
    @Override
    public ObjectNode identity() {
        return JsonNodeFactory.instance.objectNode().put("kind", "rules").put("rules", rules.name());
    }

    @Override
    public void probe() {}

    @Override
    public void speak(List<Dialogue> dialogues, Sink<String> sink) {
        for (int i = 0; i < dialogues.size() && !sink.stopped(); i++) {
            sink.answered(i, rules.next(dialogues.get(i)));
        }
    }

    @Override
    public void rate(List<Rating> ratings, Sink<Double> sink) {
        for (int i = 0; i < ratings.size() && !sink.stopped(); i++) {
            Rating wanted = ratings.get(i);
            double rating = rules.rate(wanted.dialogue(), wanted.reply());
            if (!(rating >= LOWEST && rating <= HIGHEST)) {
                throw new IllegalStateException(rules.name() + " rated " + rating);
            }
            sink.answered(i, rating);
        }
    }

    @Override
    public void close() {}
}
