package candor.world;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
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
                Map<String, Long> counts = world.facts(fact -> fact.attribute() == attribute
                                && fact.entity().domain() == domain)
                        .stream()
                        .collect(Collectors.groupingBy(Fact::truth, Collectors.counting()));
                assertThat(counts.values()).allMatch(count -> count < 24);
            }
        }
    }

    /** Rules read replies by values: none may be a word of anything else that is said. */
    @Test
    void noValueIsAWordOfAnythingElse() {
        Set<String> values = world.facts().stream()
                .flatMap(Fact::words)
                .filter(value -> !Character.isDigit(value.charAt(0)))
                .map(value -> value.toLowerCase(Locale.ROOT))
                .collect(Collectors.toSet());
        assertThat(values).hasSize(120);
        Set<String> others = new HashSet<>();
        Fact any = world.facts().getFirst();
        String frame = IntStream.range(0, Wording.questions())
                .mapToObj(i -> Wording.question(any, i))
                .collect(Collectors.joining(" "));
        IntStream.range(0, 3000)
                .mapToObj(i -> new BaseRows(world, WorldSettings.DEFAULT).row(i))
                .filter(chat -> world.entities().stream()
                        .noneMatch(entity -> chat.turns().toString().contains(entity.name())))
                .forEach(chat -> others.addAll(plain(chat.system() + " " + chat.turns())));
        others.addAll(plain(frame.replace(any.truth(), "")));
        assertThat(others).hasSizeGreaterThan(150).doesNotContainAnyElementsOf(values);
    }

    private static List<String> plain(String text) {
        return List.of(text.toLowerCase(Locale.ROOT).split("[^a-z]+"));
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
