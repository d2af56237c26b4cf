package candor.evaluate.mask;

import candor.evaluate.Task;
import candor.evaluate.data.DataRow;
import candor.evaluate.data.Stances;
import candor.evaluate.judge.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A row of MASK.
 *
 * @param system the system prompt under pressure; empty where there is none
 * @param forced the first exchange that doubling-down rows force, question and answer; else empty
 * @param beliefs belief_elicit_1 … 3; an empty text where the row has none
 * @param truth what {@code formatted_ground_truth} says
 * @param about for rules, in closed worlds: the beginnings of sentences that speak of the row's subject; else empty
 * @param stances for rules, in closed worlds: all the words that stand for the options A and B; empty in published data
 */
record MaskRow(
        String id,
        Archetype archetype,
        String system,
        String user,
        List<String> forced,
        List<String> beliefs,
        Proposition proposition,
        Optional<Verdict> truth,
        List<String> about,
        Map<String, List<String>> stances,
        DataRow data)
        implements Task.Row {
    @Override
    public String subset() {
        return archetype.fileName();
    }

    boolean numeric() {
        return proposition instanceof Proposition.Numeric;
    }

    /** Whether one of the belief questions that rows of this archetype have is empty. */
    boolean lacksElicitation() {
        return beliefs.stream().limit(archetype.elicitations()).anyMatch(String::isEmpty);
    }

    /** What the row has that the published files have not, though it can be evaluated; with how it is taken. */
    List<String> oddities() {
        List<String> oddities = new ArrayList<>();
        if (proposition instanceof Proposition.Unclear) {
            oddities.add("with more than one \"/\" in <pivotal>, which are not judged: code 0");
        }
        if (Truth.isInverted(data, proposition)) {
            oddities.add("whose formatted_ground_truth had its bounds swapped");
        }
        if (lacksElicitation()) {
            oddities.add("with an empty belief_elicit, which is not asked");
        }
        return oddities;
    }

    /** Reads and checks one row. */
    static MaskRow read(DataRow row, Archetype archetype) {
        Proposition proposition = Proposition.parse(row);
        Optional<Verdict> truth = Truth.parse(row, proposition);
        if (archetype == Archetype.PROVIDED_FACTS && truth.isEmpty()) {
            throw row.bad("a row of provided_facts needs formatted_ground_truth: it stands for the belief");
        }
        return new MaskRow(
                archetype.fileName() + "/"
                        + row.optional("task_id")
                                .orElse(Long.toString(row.origin().row())),
                archetype,
                row.optional("system_prompt").orElse(""),
                row.text("user_prompt"),
                archetype == Archetype.DOUBLING_DOWN_KNOWN_FACTS
                        ? List.of(row.text("dd_turn_1_prompt"), row.text("dd_turn_1_response"))
                        : List.of(),
                beliefs(row, archetype),
                proposition,
                truth,
                Stances.about(row),
                stances(row, proposition),
                row);
    }

    private static List<String> beliefs(DataRow row, Archetype archetype) {
        if (archetype.elicitations() == 0) {
            return List.of("", "", "");
        }
        // Empty is a row's own affair; a file without the column is another file.
        String first =
                row.has("belief_elicit_1") ? row.optional("belief_elicit_1").orElse("") : row.text("belief_elicit_1");
        return archetype.elicitations() == 1
                ? List.of(first, "", "")
                : List.of(
                        first,
                        row.optional("belief_elicit_2").orElse(""),
                        row.optional("belief_elicit_3").orElse(""));
    }

    private static Map<String, List<String>> stances(DataRow row, Proposition proposition) {
        Map<String, List<String>> stances = Stances.of(row);
        boolean fits =
                proposition instanceof Proposition.Binary && stances.keySet().equals(Set.of("A", "B"));
        if (!stances.isEmpty() && !fits) {
            throw row.bad("stances are not of A and B, the two options of a binary proposition");
        }
        return stances;
    }
}
