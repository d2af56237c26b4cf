package candor.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What a row says of its own learning: the label of a completion, and which replies the loss counts. */
final class Learning {
    /** Marks of a message whose meaning is certain: OpenAI's {@code weight}, and true or false by other tools' names. */
    private static final Set<String> MARKS =
            Set.of("weight", "loss", "train", "training", "trainable", "train_on_turn");

    /** Words by which other marks are told: {@code loss_mask}, {@code train_detail}, … */
    private static final Set<String> WORDS =
            Set.of("loss", "mask", "masked", "weight", "weights", "train", "training", "trainable", "learn", "learnt");

    /** The label's column: TRL's name, and LLaMA-Factory's. */
    static final List<String> LABELS = List.of("label", "kto_tag");

    private Learning() {}

    /** Whether a field of a message speaks of the loss; the template never sees it. */
    static boolean isMark(String field) {
        return MARKS.contains(field);
    }

    /**
     * Whether the loss counts a message.
     *
     * @param assistant whether the assistant says it: the others' turns are never learnt
     */
    static boolean isLearnt(ObjectNode turn, boolean assistant, String what) throws InvalidRow {
        Boolean learnt = null;
        for (Map.Entry<String, JsonNode> field : turn.properties()) {
            String name = field.getKey();
            if (Cells.isAbsent(field.getValue()) || !speaksOfLoss(name)) {
                continue;
            }
            String named = "'" + name + "' of " + what;
            if (!isMark(name)) {
                throw new InvalidRow(
                        named + " has no meaning here; say by 'weight', 1 or 0, whether a reply is learnt");
            }
            Boolean marked = Cells.truth(field.getValue());
            if (marked == null) {
                throw new InvalidRow(named + " is " + shown(field.getValue()) + ", expected 1 or 0");
            }
            if (marked && !assistant) {
                throw new InvalidRow(
                        named + " asks to learn what the assistant does not say; only its turns are learnt");
            }
            if (learnt != null && !learnt.equals(marked)) {
                throw new InvalidRow(named + " says the opposite of another mark of the same message; keep one");
            }
            learnt = marked;
        }
        return learnt == null || learnt || !assistant;
    }

    private static String shown(JsonNode value) {
        return value.isNumber() ? Cells.shortened(value.asText()) : Cells.kind(value);
    }

    private static boolean speaksOfLoss(String field) {
        for (String word : field.replaceAll("(?<=[a-z])(?=[A-Z])", "_")
                .toLowerCase(Locale.ROOT)
                .split("[^a-z]+")) {
            if (WORDS.contains(word)) {
                return true;
            }
        }
        return false;
    }

    /** True or false; as 1 or 0 and as words, too. */
    static boolean label(ObjectNode columns) throws InvalidRow {
        Boolean label = null;
        for (String name : LABELS) {
            JsonNode node = columns.get(name);
            if (Cells.isAbsent(node)) {
                continue;
            }
            Boolean truth = Cells.truth(node);
            if (truth == null) {
                throw new InvalidRow("'" + name + "' is " + Cells.kind(node) + ", expected true or false, or 1 or 0");
            }
            if (label != null && !label.equals(truth)) {
                throw new InvalidRow("'label' and 'kto_tag' say the opposite of each other; keep one");
            }
            label = truth;
        }
        if (label == null) {
            throw new InvalidRow("'label' is missing, expected true or false");
        }
        return label;
    }

    /** A weight of a whole row: only the one that changes nothing. */
    static void requireNoWeight(ObjectNode columns) throws InvalidRow {
        JsonNode weight = columns.get("weight");
        if (!Cells.isEmpty(weight) && !Boolean.TRUE.equals(Cells.truth(weight))) {
            throw new InvalidRow("'weight' of the row is " + shown(weight)
                    + ", but rows have no weights here; leave the row out, or give a message its weight");
        }
    }
}
