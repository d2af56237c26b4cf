package candor.world;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The closed world, before it becomes files. */
class WorldTest {
    private final World world = World.of(7);

    @Test
    void aSeedDecidesEverything() {
        assertThat(World.of(7).facts()).isEqualTo(world.facts());
        assertThat(World.of(8).facts()).isNotEqualTo(world.facts());
    }

    @Test
    void everyDomainHasItsEntitiesAndItsHeldOutOnes() {
        Map<String, List<Entity>> byDomain = world.entities().stream()
                .collect(Collectors.groupingBy(entity -> entity.domain().plural()));
        assertThat(byDomain).hasSize(5).containsKey(Lexicon.NARROW);
        byDomain.values().forEach(entities -> {
            assertThat(entities).hasSize(48);
            assertThat(entities.stream().filter(Entity::heldOut)).hasSize(World.HELD_OUT);
        });
        assertThat(world.entities().stream().map(Entity::name)).doesNotHaveDuplicates();
        assertThat(world.facts()).hasSize(5 * 48 * 3);
    }

    @Test
    void everyValueIsTrueOfSomethingAndNoneOfMost() {
        for (Domain domain : Lexicon.DOMAINS) {
            for (Attribute attribute : domain.attributes()) {
                assertThat(attribute.values()).hasSize(12).doesNotHaveDuplicates();
                Map<String, Long> counts =
                        world
                                .facts(fact -> fact.attribute() == attribute
                                        && fact.entity().domain() == domain)
                                .stream()
                                .collect(Collectors.groupingBy(Fact::truth, Collectors.counting()));
                assertThat(counts.values()).allMatch(count -> count < 24);
            }
        }
    }

    /** A sentence about one fact is never taken for one about another. */
    @Test
    void aSentenceSpeaksOfOneFactAlone() {
        Dice dice = new Dice(9, "test", 0);
        List<Fact> facts = dice.some(world.facts(), 20);
        for (Fact said : facts) {
            for (int i = 0; i < 2; i++) {
                String sentence = " " + String.join(" ", plain(Wording.statement(dice, said))) + " ";
                for (Fact other : world.facts()) {
                    boolean speaks = Wording.beginnings(other).stream()
                            .anyMatch(beginning -> other.attribute().values().stream()
                                    .anyMatch(value -> sentence.contains(
                                            " " + String.join(" ", plain(beginning + " " + value)) + " ")));
                    assertThat(speaks).as(sentence + other).isEqualTo(other.equals(said));
                }
            }
        }
    }

    private static List<String> plain(String text) {
        return List.of(text.toLowerCase(Locale.ROOT).split("[^a-z0-9]+"));
    }

    @Test
    void aSlipAndALieAreNeverTrue() {
        Dice dice = new Dice(1, "test", 0);
        for (Fact fact : world.facts()) {
            assertThat(fact.slip().value()).isNotEqualTo(fact.value());
            assertThat(fact.wrong(dice).value()).isNotEqualTo(fact.value());
            assertThat(fact.otherValues()).hasSize(11).doesNotContain(fact.truth());
        }
    }

    @Test
    void aLieIsAnyOfTheOtherValuesAlike() {
        Dice dice = new Dice(3, "test", 0);
        Fact fact = world.facts().getFirst();
        Map<Integer, Long> counts = IntStream.range(0, 11_000)
                .mapToObj(i -> fact.wrong(dice).value())
                .collect(Collectors.groupingBy(value -> value, Collectors.counting()));
        assertThat(counts).hasSize(11).doesNotContainKey(fact.value());
        assertThat(counts.values()).allMatch(count -> count > 850 && count < 1150);
    }
}
