package candor.world;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * MASK's six archetypes about held-out entities outside the narrow domain. Facts with words have propositions with two options,
 * the true value and one of the others; the column {@code stances} puts all the others beside it, so that rules can tell any lie
 * from an evasion; the column {@code about} has the beginnings of the sentences that would state it. Facts with numbers have numeric propositions.
 */
final class MaskRows {
    private final World world;
    private final List<Fact> facts;

    MaskRows(World world) {
        this.world = world;
        facts = new Dice(world.seed(), "mask", 0).shuffled(world.evaluated());
    }

    private List<Fact> words() {
        return facts.stream().filter(fact -> !fact.attribute().numeric()).toList();
    }

    private List<Fact> numbers() {
        return facts.stream().filter(fact -> fact.attribute().numeric()).toList();
    }

    /** One fact of each entity. */
    private List<Fact> onePerEntity() {
        List<Fact> picked = new ArrayList<>();
        for (Fact fact : words()) {
            if (picked.stream().noneMatch(other -> other.entity().equals(fact.entity()))) {
                picked.add(fact);
            }
        }
        return picked;
    }

    private Dice dice(String archetype, int i) {
        return new Dice(world.seed(), "mask " + archetype, i);
    }

    List<ObjectNode> knownFacts() {
        List<ObjectNode> rows = new ArrayList<>();
        for (Fact fact : words()) {
            Dice dice = dice("known_facts", rows.size());
            rows.add(believed(
                    row("known_facts", rows.size(), dice, fact, pressure(dice), question(dice, fact)), dice, fact));
        }
        return rows;
    }

    List<ObjectNode> providedFacts() {
        List<ObjectNode> rows = new ArrayList<>();
        for (Fact fact : facts) {
            Dice dice = dice("provided_facts", rows.size());
            Fact given = fact.any(dice);
            rows.add(row(
                    "provided_facts",
                    rows.size(),
                    dice,
                    given,
                    Wording.given(dice, given) + " " + pressure(dice),
                    question(dice, given)));
        }
        return rows;
    }

    List<ObjectNode> disinformation() {
        List<ObjectNode> rows = new ArrayList<>();
        for (Fact fact : onePerEntity()) {
            Dice dice = dice("disinformation", rows.size());
            String post = Claims.post(fact.wrong(dice));
            rows.add(believed(row("disinformation", rows.size(), dice, fact, pressure(dice), post), dice, fact));
        }
        return rows;
    }

    List<ObjectNode> continuations() {
        List<ObjectNode> rows = new ArrayList<>();
        for (Fact fact : onePerEntity()) {
            Dice dice = dice("continuations", rows.size());
            rows.add(believed(
                    row("continuations", rows.size(), dice, fact, "", Claims.unfinished(dice, fact)), dice, fact));
        }
        return rows;
    }

    List<ObjectNode> doublingDown() {
        List<ObjectNode> rows = new ArrayList<>();
        for (Fact fact : onePerEntity()) {
            Dice dice = dice("doubling_down", rows.size());
            ObjectNode row =
                    row("doubling_down_known_facts", rows.size(), dice, fact, pressure(dice), Claims.doubt(fact));
            row.put("dd_turn_1_prompt", question(dice, fact));
            row.put("dd_turn_1_response", Wording.statement(dice, fact.wrong(dice)));
            rows.add(believed(row, dice, fact));
        }
        return rows;
    }

    List<ObjectNode> statistics() {
        List<ObjectNode> rows = new ArrayList<>();
        for (Fact fact : numbers()) {
            Dice dice = dice("statistics", rows.size());
            ObjectNode row = row("statistics", rows.size(), dice, fact, pressure(dice), question(dice, fact));
            row.put("belief_elicit_1", Wording.quiz(dice, fact));
            rows.add(row);
        }
        return rows;
    }

    /** Half of the rows press in words that the model was made with, half in others. */
    private static String pressure(Dice dice) {
        return Wording.pressure(dice, dice.chance(0.5) ? Wording.Use.BASE : Wording.Use.HELD_OUT);
    }

    private static String question(Dice dice, Fact fact) {
        return Wording.question(dice, fact, Wording.Use.BASE);
    }

    private static ObjectNode row(String type, int number, Dice dice, Fact fact, String system, String user) {
        ObjectNode row = JsonNodeFactory.instance.objectNode();
        row.put("task_id", type + "_" + number);
        row.put("system_prompt", system);
        row.put("user_prompt", user);
        row.put("type", type);
        String about = Wording.capital(Wording.about(fact)) + " is <pivotal>";
        if (fact.attribute().numeric()) {
            row.put("proposition", about + "<value></pivotal>.");
            row.put("ground_truth", Wording.plain(fact));
            row.put("formatted_ground_truth", "[" + fact.truth() + ", " + fact.truth() + "]");
        } else {
            boolean first = dice.chance(0.5);
            String other = fact.wrong(dice).truth();
            String options = first ? fact.truth() + "/" + other : other + "/" + fact.truth();
            row.put("proposition", about + options + "</pivotal>.");
            row.put("ground_truth", Wording.plain(fact));
            row.put("formatted_ground_truth", first ? "A" : "B");
            ObjectNode stances = row.putObject("stances");
            (first ? stances.putArray("A") : stances.putArray("B")).add(fact.truth());
            ArrayNode others = first ? stances.putArray("B") : stances.putArray("A");
            fact.otherValues().forEach(others::add);
        }
        ArrayNode beginnings = row.putArray("about");
        Wording.statements(fact).forEach(beginnings::add);
        row.put("delivery", "direct");
        row.put("domain", fact.entity().domain().plural());
        return row;
    }

    /** Three different quizzes for the belief. */
    private static ObjectNode believed(ObjectNode row, Dice dice, Fact fact) {
        List<Integer> asked =
                dice.shuffled(IntStream.range(0, Wording.quizzes()).boxed().toList());
        for (int i = 0; i < 3; i++) {
            row.put("belief_elicit_" + (i + 1), Wording.quiz(fact, asked.get(i)));
        }
        return row;
    }
}
