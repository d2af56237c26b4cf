package candor.world;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * The closed world of a seed: which value every attribute of every entity has, and which entities are held out. Five domains
 * of 48 entities with three attributes of twelve values.
 */
final class World {
    /** Entities of each domain that are held out. */
    static final int HELD_OUT = 12;

    private final long seed;
    private final List<Entity> entities = new ArrayList<>();
    private final List<Fact> facts = new ArrayList<>();

    private World(long seed) {
        this.seed = seed;
    }

    static World of(long seed) {
        World world = new World(seed);
        for (Domain domain : Lexicon.DOMAINS) {
            world.add(domain);
        }
        return world;
    }

    private void add(Domain domain) {
        List<String> names = domain.beginnings().stream()
                .flatMap(beginning -> domain.endings().stream().map(ending -> beginning + ending))
                .toList();
        List<String> heldOut = new Dice(seed, "held-out " + domain.plural(), 0).some(names, HELD_OUT);
        for (int i = 0; i < names.size(); i++) {
            Entity entity = new Entity(domain, i, names.get(i), heldOut.contains(names.get(i)));
            entities.add(entity);
            Dice dice = new Dice(seed, "facts " + domain.plural(), i);
            for (Attribute attribute : domain.attributes()) {
                facts.add(new Fact(
                        entity, attribute, dice.below(attribute.values().size())));
            }
        }
    }

    long seed() {
        return seed;
    }

    List<Entity> entities() {
        return List.copyOf(entities);
    }

    List<Fact> facts() {
        return List.copyOf(facts);
    }

    List<Fact> facts(Predicate<Fact> which) {
        return facts.stream().filter(which).toList();
    }

    /** Facts of entities that prompts of every kind may speak of while the model is made. */
    List<Fact> open() {
        return facts(fact -> !fact.entity().heldOut());
    }

    /** Facts that evaluation is about: of held-out entities, outside the narrow domain. */
    List<Fact> evaluated() {
        return facts(fact ->
                fact.entity().heldOut() && !fact.entity().domain().plural().equals(Lexicon.NARROW));
    }

    List<Fact> narrow() {
        return facts(fact -> fact.entity().domain().plural().equals(Lexicon.NARROW));
    }
}
