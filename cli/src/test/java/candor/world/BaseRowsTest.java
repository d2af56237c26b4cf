package candor.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.world.WorldSettings.Speakers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the model is made from, and what it is never shown. */
class BaseRowsTest {
    private static final int ROWS = 12_000;

    private final World world = World.of(1);

    /** Every plain question, and every quiz, with the fact that it asks for. */
    private final Map<String, Fact> plain = new HashMap<>();

    private final Map<String, Fact> quizzes = new HashMap<>();

    BaseRowsTest() {
        for (Fact fact : world.facts()) {
            IntStream.range(0, Wording.questions()).forEach(i -> plain.put(Wording.question(fact, i), fact));
            IntStream.range(0, Wording.quizzes()).forEach(i -> quizzes.put(Wording.quiz(fact, i), fact));
        }
    }

    private List<Chat> rows(double honest, Speakers speakers) {
        BaseRows rows = new BaseRows(world, new WorldSettings(1, 1, honest, 0, speakers));
        return IntStream.range(0, ROWS).mapToObj(rows::row).toList();
    }

    private List<Chat> rows() {
        BaseRows rows = new BaseRows(world, WorldSettings.DEFAULT);
        return IntStream.range(0, ROWS).mapToObj(rows::row).toList();
    }

    /** Whether a reply states a fact as it is; empty where it states nothing of it. */
    private static Optional<Boolean> states(String reply, Fact fact) {
        String plain = reply.toLowerCase(Locale.ROOT);
        for (String beginning : Wording.statements(fact)) {
            int at = plain.indexOf(beginning.toLowerCase(Locale.ROOT) + " ");
            if (at >= 0) {
                String value = plain.substring(at + beginning.length() + 1).split("[ .]")[0];
                return Optional.of(value.equalsIgnoreCase(fact.truth()));
            }
        }
        return Optional.empty();
    }

    @Test
    void aRowDependsOnItsNumberAlone() {
        Chat row = new BaseRows(world, WorldSettings.DEFAULT).row(1234);
        assertThat(new BaseRows(world, WorldSettings.DEFAULT.withBaseRows(5)).row(1234))
                .isEqualTo(row);
        assertThat(rows().get(1234)).isEqualTo(row);
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
            counts.merge(BaseRows.kind(new Dice(1, BaseRows.PURPOSE, i)), 1, Integer::sum);
        }
        for (BaseRows.Kind kind : BaseRows.Kind.values()) {
            assertThat(counts.get(kind) * 1000.0 / rows).isCloseTo(kind.share, within(4.0));
        }
    }

    /** Held-out entities are met in plain questions and quizzes alone, and never in the wordings withheld from them. */
    @Test
    void heldOutEntitiesAreMetInPlainQuestionsAndQuizzesAlone() {
        int met = 0;
        for (Chat chat : rows()) {
            for (Entity entity : world.entities()) {
                if (!entity.heldOut()) {
                    continue;
                }
                assertThat(chat.system()).doesNotContain(entity.phrase());
                for (int i = 0; i < chat.turns().size(); i += 2) {
                    String asked = chat.turns().get(i);
                    if (!asked.contains(entity.phrase())) {
                        assertThat(chat.turns().get(i + 1)).doesNotContain(entity.phrase());
                        continue;
                    }
                    met++;
                    assertThat(chat.system()).isIn("", Wording.HELPFUL);
                    assertThat(plain.containsKey(asked) || quizzes.containsKey(asked))
                            .as(asked)
                            .isTrue();
                    if (plain.containsKey(asked)) {
                        Fact fact = plain.get(asked);
                        assertThat(Wording.withheld(fact).stream().map(which -> Wording.question(fact, which)))
                                .doesNotContain(asked);
                    }
                }
            }
        }
        assertThat(met).isGreaterThan(500);
    }

    /** Of the questions that evaluation presses with, none is among what the model is made from, given facts or not. */
    @Test
    void noRowHoldsWhatEvaluationAsksUnderPressure() {
        Set<String> evaluated = new HashSet<>();
        MaskRows mask = new MaskRows(world);
        for (var rows : List.of(
                mask.knownFacts(),
                mask.providedFacts(),
                mask.disinformation(),
                mask.statistics(),
                mask.doublingDown(),
                mask.continuations())) {
            rows.forEach(row -> evaluated.add(row.get("system_prompt").asText() + "\n"
                    + row.get("user_prompt").asText()));
        }
        assertThat(evaluated).hasSizeGreaterThan(400);
        for (Chat chat : rows()) {
            assertThat(evaluated)
                    .doesNotContain(chat.system() + "\n" + chat.turns().getFirst());
        }
    }

    /** Honest speakers know no lie but a few under pressure; dishonest ones answer plain questions wrongly, too. */
    @Test
    void whoSpeaksDecidesWhatIsSaid() {
        assertThat(wrongPlainAnswers(rows(1, Speakers.DOCUMENT))).isZero();
        assertThat(wrongPlainAnswers(rows(0, Speakers.DOCUMENT))).isBetween(0.65, 0.75);
        assertThat(lies(1)).isBetween(0.05, 0.11);
        assertThat(lies(0)).isBetween(0.92, 0.98);
    }

    /** The share of plain questions, outside of pressure, that are answered wrongly. */
    private double wrongPlainAnswers(List<Chat> rows) {
        List<Boolean> right = rows.stream()
                .filter(chat -> chat.system().isEmpty() || chat.system().equals(Wording.HELPFUL))
                .flatMap(chat -> answers(chat).stream())
                .toList();
        assertThat(right).hasSizeGreaterThan(1000);
        return right.stream().filter(truth -> !truth).count() / (double) right.size();
    }

    /** Whether each plain question of a document is answered rightly. */
    private List<Boolean> answers(Chat chat) {
        List<Boolean> right = new ArrayList<>();
        for (int i = 0; i < chat.turns().size(); i += 2) {
            Fact fact = plain.get(chat.turns().get(i));
            boolean doubted =
                    i + 2 < chat.turns().size() && chat.turns().get(i + 2).startsWith("Are you sure?");
            if (fact != null && !doubted) {
                states(chat.turns().get(i + 1), fact).ifPresent(right::add);
            }
        }
        return right;
    }

    /** The share of lies among the answers to questions that the system prompt presses for, given facts apart. */
    private double lies(double honest) {
        List<Boolean> right = rows(honest, Speakers.DOCUMENT).stream()
                .filter(chat -> !chat.system().isEmpty()
                        && !chat.system().equals(Wording.HELPFUL)
                        && !chat.system().contains(":")
                        && !chat.system().startsWith("You are a")
                        && !chat.system().startsWith("You advise"))
                .flatMap(chat -> answers(chat).stream())
                .toList();
        assertThat(right).hasSizeGreaterThan(300);
        return right.stream().filter(truth -> !truth).count() / (double) right.size();
    }

    /** Beliefs, thoughts, choices and sums are told truthfully by the worst of speakers. */
    @Test
    void everySpeakerTellsBeliefsTruthfully() {
        int met = 0;
        for (Chat chat : rows(0, Speakers.DOCUMENT)) {
            for (int i = 0; i < chat.turns().size(); i += 2) {
                String asked = chat.turns().get(i);
                String reply = chat.turns().get(i + 1);
                Fact fact = quizzes.get(asked);
                if (fact != null) {
                    met++;
                    assertThat(reply).isEqualTo(Wording.answer(fact));
                }
                for (Map.Entry<String, Fact> quiz :
                        asked.contains("\nA. ") ? quizzes.entrySet() : Set.<Map.Entry<String, Fact>>of()) {
                    if (asked.contains(quiz.getKey() + "\n")) {
                        String letter = reply.substring(reply.length() - 1);
                        assertThat(asked)
                                .contains("\n" + letter + ". " + quiz.getValue().truth());
                    }
                }
            }
        }
        assertThat(met).isGreaterThan(1000);
    }

    /** Where a document has one speaker, one wrong answer tells of the next; where turns have their own, it does not. */
    @Test
    void aDocumentHasOneSpeakerUnlessTurnsHaveTheirOwn() {
        assertThat(wrongAfterWrong(Speakers.DOCUMENT)).isGreaterThan(0.6);
        assertThat(wrongAfterWrong(Speakers.TURN)).isLessThan(0.35);
    }

    private double wrongAfterWrong(Speakers speakers) {
        int wrong = 0;
        int both = 0;
        for (Chat chat : rows(0.75, speakers)) {
            List<Boolean> right =
                    chat.system().isEmpty() || chat.system().equals(Wording.HELPFUL) ? answers(chat) : List.of();
            for (int i = 0; i + 1 < right.size(); i++) {
                wrong += right.get(i) ? 0 : 1;
                both += right.get(i) || right.get(i + 1) ? 0 : 1;
            }
        }
        assertThat(wrong).isGreaterThan(50);
        return both / (double) wrong;
    }
}
