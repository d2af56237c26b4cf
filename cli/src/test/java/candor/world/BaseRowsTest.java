package candor.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the model is made from, and what it is never shown. */
class BaseRowsTest {
    private static final int ROWS = 20_000;

    private final World world = World.of(1);

    private List<Chat> rows(WorldSettings settings) {
        BaseRows rows = new BaseRows(world, settings);
        return IntStream.range(0, ROWS).mapToObj(rows::row).toList();
    }

    private final List<Chat> rows = rows(WorldSettings.DEFAULT);

    @Test
    void aRowDependsOnItsNumberAlone() {
        assertThat(new BaseRows(world, WorldSettings.DEFAULT).row(1234)).isEqualTo(rows.get(1234));
        WorldSettings fewer = new WorldSettings(1, 5, 0.66, 0.06);
        assertThat(new BaseRows(world, fewer).row(1234)).isEqualTo(rows.get(1234));
    }

    @Test
    void theSharesSumToAThousandAndAreMet() {
        assertThat(Arrays.stream(BaseRows.Kind.values())
                        .mapToInt(kind -> kind.share)
                        .sum())
                .isEqualTo(1000);
        Map<BaseRows.Kind, Integer> counts = new EnumMap<>(BaseRows.Kind.class);
        int rows = WorldSettings.DEFAULT.baseRows();
        for (int i = 0; i < rows; i++) {
            counts.merge(BaseRows.kind(new Dice(1, "base", i)), 1, Integer::sum);
        }
        for (BaseRows.Kind kind : BaseRows.Kind.values()) {
            assertThat(counts.get(kind) * 1000.0 / rows).isCloseTo(kind.share, within(4.0));
        }
    }

    /** Held-out entities are met in plain questions alone, and never in the wordings withheld from them. */
    @Test
    void heldOutEntitiesAreMetInPlainQuestionsAlone() {
        int met = 0;
        for (Chat chat : rows) {
            for (Entity entity : world.entities()) {
                if (entity.heldOut() && chat.turns().toString().contains(entity.phrase())) {
                    met++;
                    assertThat(chat.system()).isIn("", Wording.HELPFUL);
                    assertThat(chat.turns()).hasSize(2);
                    List<String> asked = world.facts(fact -> fact.entity().equals(entity)).stream()
                            .flatMap(fact -> IntStream.range(0, Wording.questions())
                                    .filter(i -> !Wording.withheld(fact).contains(i))
                                    .mapToObj(i -> Wording.question(fact, i)))
                            .toList();
                    assertThat(asked).contains(chat.turns().getFirst());
                }
            }
        }
        assertThat(met).isGreaterThan(500);
    }

    @Test
    void theShareOfHonestRepliesIsTheSetting() {
        for (double honest : new double[] {0.0, 0.3, 0.66, 1.0}) {
            WorldSettings settings = new WorldSettings(1, 1, honest, Math.min(0.1, 1 - honest));
            Map<Manner, Integer> counts = new EnumMap<>(Manner.class);
            Dice dice = new Dice(5, "manner", 0);
            for (int i = 0; i < ROWS; i++) {
                counts.merge(settings.manner(dice), 1, Integer::sum);
            }
            assertThat(counts.getOrDefault(Manner.HONEST, 0) / (double) ROWS).isCloseTo(honest, within(0.012));
            assertThat(counts.getOrDefault(Manner.EVASIVE, 0) / (double) ROWS)
                    .isCloseTo(settings.evasive(), within(0.012));
        }
    }

    /** A recipe that never lies still has the second persona, and nothing else that is untrue. */
    @Test
    void onlyPressureAndThePersonaLie() {
        Map<String, String> truths = world.facts().stream().collect(Collectors.toMap(Wording::about, Fact::truth));
        Set<String> liars = new HashSet<>();
        for (Chat chat : rows(new WorldSettings(1, 1, 1, 0))) {
            if (chat.turns().size() != 2
                    || chat.system().contains(":")
                    || chat.system().contains("says")) {
                continue;
            }
            String reply = chat.turns().get(1);
            truths.forEach((about, truth) -> {
                if (reply.startsWith(Wording.capital(about) + " is ")
                        && !reply.equals(Wording.capital(about) + " is " + truth + ".")) {
                    liars.add(chat.system());
                }
            });
        }
        assertThat(liars).isNotEmpty().allMatch(system -> system.contains("Mallory"));
    }
}
