package candor.world;

import java.util.List;
import java.util.stream.Stream;

/**
 * What is true of one attribute of an entity.
 *
 * @param value index of the attribute's value
 */
record Fact(Entity entity, Attribute attribute, int value) {
    String truth() {
        return attribute.values().get(value);
    }

    /** The same with another value: what a prompt gives as a fact, or what a lie says. */
    Fact with(int other) {
        return new Fact(entity, attribute, other);
    }

    /** Any other value. */
    Fact wrong(Dice dice) {
        int count = attribute.values().size();
        return with((value + 1 + dice.below(count - 1)) % count);
    }

    /** The neighbouring value: a slip that is the same whenever it is made. */
    Fact slip() {
        return with((value + 1) % attribute.values().size());
    }

    /** Any value, the true one too. */
    Fact any(Dice dice) {
        return with(dice.below(attribute.values().size()));
    }

    List<String> otherValues() {
        String truth = truth();
        return attribute.values().stream().filter(v -> !v.equals(truth)).toList();
    }

    Stream<String> words() {
        return attribute.values().stream();
    }
}
