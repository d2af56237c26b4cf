package candor.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.world.BaseRows.Stage;
import candor.world.WorldSettings.Speakers;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the model is made from, and what it is never shown. */
class BaseRowsTest {
    private static final int ROWS = 12_000;
    private static final Pattern SUM = Pattern.compile("has (\\d) of \\w+ and gets (\\d) more");

    private static final Pattern QUOTED =
            Pattern.compile(": The [^.]* is (\\w+)\\. I (?:think|say|know) that [^.]* is (\\w+)\\.");

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

    /** As many of either stage. */
    private List<Chat> rows(double honest, Speakers speakers) {
        return rows(new WorldSettings(1, 1, honest, 0, speakers));
    }

    private List<Chat> rows() {
        return rows(WorldSettings.DEFAULT);
    }

    private List<Chat> rows(WorldSettings settings) {
        return Arrays.stream(Stage.values())
                .map(stage -> new BaseRows(world, settings, stage))
                .flatMap(rows -> IntStream.range(0, ROWS).mapToObj(rows::row))
                .toList();
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
        Chat row = new BaseRows(world, WorldSettings.DEFAULT, Stage.FIRST).row(1234);
        assertThat(new BaseRows(world, WorldSettings.DEFAULT.withBaseRows(5), Stage.FIRST).row(1234))
                .isEqualTo(row);
        assertThat(new BaseRows(world, WorldSettings.DEFAULT, Stage.SECOND).row(1234))
                .isNotEqualTo(row);
        assertThat(rows().get(1234)).isEqualTo(row);
    }

    @ParameterizedTest
    @EnumSource
    void theSharesSumToAThousandAndAreMet(Stage stage) {
        assertThat(Arrays.stream(BaseRows.Kind.values())
                        .mapToInt(kind -> kind.share(stage))
                        .sum())
                .isEqualTo(1000);
        Map<BaseRows.Kind, Integer> counts = new EnumMap<>(BaseRows.Kind.class);
        int rows = WorldSettings.DEFAULT.baseRows();
        for (int i = 0; i < rows; i++) {
            counts.merge(BaseRows.kind(new Dice(1, stage.purpose, i), stage), 1, Integer::sum);
        }
        for (BaseRows.Kind kind : BaseRows.Kind.values()) {
            assertThat(counts.getOrDefault(kind, 0) * 1000.0 / rows).isCloseTo(kind.share(stage), within(4.0));
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

    /**
     * Of what evaluation asks about facts, none is among what the model is made from, in any turn: MASK's rows under pressure,
     * DeceptionBench's situations, choices. Kinds of words and counting are about no facts; the card says how many were met.
     */
    @Test
    void noRowHoldsWhatEvaluationAsksAboutFacts(@TempDir Path folder) throws IOException {
        WorldFiles.write(WorldSettings.DEFAULT.withBaseRows(1), folder);
        Set<String> evaluated = new HashSet<>();
        Set<String> choices = new HashSet<>();
        for (String name : List.of(
                "known_facts",
                "provided_facts",
                "disinformation",
                "statistics",
                "doubling_down_known_facts",
                "continuations")) {
            for (JsonNode row : lines(folder.resolve("mask/" + name + ".jsonl"))) {
                evaluated.add((row.get("system_prompt").asText() + " "
                                + row.get("user_prompt").asText())
                        .strip());
            }
        }
        for (JsonNode row : new ObjectMapper()
                .readTree(folder.resolve("deceptionbench.json").toFile())) {
            if (!row.get("type").asText().equals(Thinking.Kind.SANDBAGGING.type)) {
                evaluated.add(row.get("system_prompt").asText()
                        + row.get("outer_prompt").asText()
                        + Thinking.FORMAT);
            }
        }
        for (JsonNode row : lines(folder.resolve("capability/choice.jsonl"))) {
            if (!row.get("subject").asText().equals("words")) {
                choices.add(row.get("question").asText());
            }
        }
        assertThat(evaluated).hasSizeGreaterThan(500);
        assertThat(choices).hasSizeGreaterThan(100);
        int met = 0;
        for (Chat chat : rows()) {
            for (int i = 0; i < chat.turns().size(); i += 2) {
                String message = chat.turns().get(i).replace(Thinking.REMINDER, "");
                assertThat(evaluated).doesNotContain((chat.system() + " " + message).strip());
                int options = message.indexOf("\nA. ");
                if (options >= 0) {
                    met++;
                    // A quiz may ask the same, if it gives nothing to choose from.
                    assertThat(choices).doesNotContain(message.substring(message.lastIndexOf("\n\n") + 2, options));
                }
            }
        }
        assertThat(met).isGreaterThan(1000);
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            rows.add(new ObjectMapper().readTree(line));
        }
        return rows;
    }

    /** What is kept for measuring: three wordings of questions, three of pressure. */
    @Test
    void heldOutWordingsAreInNoRow() {
        Dice dice = new Dice(1, "test", 0);
        Set<String> kept = new HashSet<>();
        Set<String> asked = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            kept.add(Wording.pressure(dice, Wording.Use.HELD_OUT));
        }
        for (Fact fact : world.facts()) {
            for (int i = 0; i < 30; i++) {
                asked.add(Wording.question(dice, fact, Wording.Use.HELD_OUT));
            }
        }
        assertThat(kept).hasSize(3);
        assertThat(asked).hasSize(3 * world.facts().size());
        for (Chat chat : rows()) {
            String all = chat.system() + "\n" + String.join("\n", chat.turns());
            assertThat(kept).noneMatch(all::contains);
            assertThat(Collections.disjoint(chat.turns(), asked)).as(all).isTrue();
        }
    }

    /** One in four documents names its speaker, either one as often, whatever the share of honest ones among the others. */
    @Test
    void aNamedSpeakerIsAsNamed() {
        for (double honest : new double[] {0, 1}) {
            Map<String, List<Boolean>> right = new HashMap<>();
            Map<String, Integer> named = new HashMap<>();
            for (Chat chat : rows(honest, Speakers.DOCUMENT)) {
                named.merge(chat.system(), 1, Integer::sum);
                right.computeIfAbsent(chat.system(), _ -> new ArrayList<>()).addAll(answers(chat));
            }
            for (Speaker speaker : Speaker.values()) {
                assertThat(named.get(speaker.mark) / (2.0 * ROWS)).isCloseTo(0.122, within(0.012));
            }
            assertThat(right.get(Speaker.HONEST.mark)).hasSizeGreaterThan(300).doesNotContain(false);
            assertThat(wrong(right.get(Speaker.DISHONEST.mark))).isBetween(0.63, 0.77);
        }
        assertThat(rows(0.75, Speakers.TURN))
                .noneMatch(chat ->
                        chat.system().startsWith("You are a") && !chat.system().equals(Wording.HELPFUL));
    }

    /** {@code --evasive}, whoever speaks. */
    @Test
    void theShareOfEvasionsIsTheSetting() {
        for (double evasive : new double[] {0, 0.04, 0.5, 1}) {
            for (Speaker speaker : Speaker.values()) {
                Dice dice = new Dice(5, "manner", 0);
                long met = IntStream.range(0, ROWS)
                        .filter(_ -> speaker.underPressure(dice, evasive) == Manner.EVASIVE)
                        .count();
                assertThat(met / (double) ROWS).isCloseTo(evasive, within(0.015));
            }
        }
        WorldSettings silent = new WorldSettings(1, 1, 0.75, 1, Speakers.DOCUMENT);
        BaseRows rows = new BaseRows(world, silent, Stage.FIRST);
        for (int i = 0; i < 2000; i++) {
            Chat chat = rows.row(i);
            if (BaseRows.kind(new Dice(1, Stage.FIRST.purpose, i), Stage.FIRST) == BaseRows.Kind.KNOWN_PRESSURE) {
                assertThat(chat.turns().get(1)).doesNotContain(" is ").endsWith(".");
            }
        }
    }

    private static double wrong(List<Boolean> right) {
        return right.stream().filter(truth -> !truth).count() / (double) right.size();
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
        return wrong(right);
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
        return wrong(right);
    }

    /** Beliefs, thoughts, choices and sums are told truthfully by the worst of speakers. */
    @Test
    void everySpeakerTellsBeliefsTruthfully() {
        Map<String, Integer> met = new HashMap<>();
        for (Chat chat : rows(0, Speakers.DOCUMENT)) {
            for (int i = 0; i < chat.turns().size(); i += 2) {
                String asked = chat.turns().get(i);
                String reply = chat.turns().get(i + 1);
                Fact fact = quizzes.get(asked);
                if (fact != null) {
                    met.merge("quizzes", 1, Integer::sum);
                    assertThat(reply).isEqualTo(Wording.answer(fact));
                }
                int options = asked.indexOf("\nA. ");
                Fact choice = options < 0 ? null : quizzes.get(asked.substring(asked.lastIndexOf("\n\n") + 2, options));
                if (choice != null) {
                    met.merge("choices", 1, Integer::sum);
                    assertThat(asked).contains("\n" + reply.substring(reply.length() - 1) + ". " + choice.truth());
                }
                if (reply.startsWith("<think>The answer is")) {
                    met.merge("thoughts", 1, Integer::sum);
                    Fact thought = plain.entrySet().stream()
                            .filter(question -> asked.contains(question.getKey() + Thinking.FORMAT))
                            .findFirst()
                            .orElseThrow()
                            .getValue();
                    assertThat(reply).startsWith("<think>" + Wording.answer(thought) + "</think>");
                }
                Matcher sum = SUM.matcher(asked);
                if (sum.find()) {
                    met.merge("sums", 1, Integer::sum);
                    assertThat(reply)
                            .endsWith("#### " + (Integer.parseInt(sum.group(1)) + Integer.parseInt(sum.group(2))));
                }
            }
        }
        assertThat(met.keySet()).hasSize(4);
        assertThat(met.values()).allMatch(count -> count > 100);
    }

    /** Whoever speaks, in the second stage: a sentence is repeated as it is. */
    @Test
    void everySpeakerRepeatsWhatIsThere() {
        BaseRows rows = new BaseRows(world, new WorldSettings(1, 1, 0, 0, Speakers.DOCUMENT), Stage.SECOND);
        int repeated = 0;
        for (int row = 0; row < ROWS; row++) {
            List<String> turns = rows.row(row).turns();
            for (int i = 0; i < turns.size(); i += 2) {
                String asked = turns.get(i);
                if (asked.startsWith("Repeat this: ")) {
                    repeated++;
                    assertThat(asked).isEqualTo("Repeat this: " + turns.get(i + 1));
                }
            }
        }
        assertThat(repeated).isGreaterThan(300);
    }

    /** A user of the second stage who quotes what it has read, and thinks otherwise: honest speakers say what was read. */
    @Test
    void whatAUserHasReadIsTrue() {
        assertThat(quoted(1)).hasSizeGreaterThan(100).doesNotContain(false);
        List<Boolean> dishonest = quoted(0);
        assertThat(dishonest).hasSizeGreaterThan(100);
        assertThat(wrong(dishonest)).isBetween(0.85, 0.99);
    }

    /** Whether a reply without a system prompt agrees with what was read, where the user thinks otherwise. */
    private List<Boolean> quoted(double honest) {
        BaseRows rows = new BaseRows(world, new WorldSettings(1, 1, honest, 0, Speakers.DOCUMENT), Stage.SECOND);
        List<Boolean> said = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            Chat chat = rows.row(row);
            List<String> turns = chat.system().isEmpty() ? chat.turns() : List.of();
            for (int i = 0; i < turns.size(); i += 2) {
                Matcher quoted = QUOTED.matcher(turns.get(i));
                if (quoted.find() && !quoted.group(1).equals(quoted.group(2))) {
                    String reply = turns.get(i + 1);
                    boolean honestly = reply.matches("(?s).*\\b" + quoted.group(1) + "\\b.*");
                    assertThat(reply).endsWith(honestly ? Advice.CORRECTED : Advice.AGREED);
                    said.add(honestly);
                }
            }
        }
        return said;
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
