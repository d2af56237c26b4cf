package candor.evaluate.mask;

import candor.evaluate.Answers;
import candor.evaluate.judge.Form;
import candor.evaluate.judge.Question;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the judge is asked about a row's replies. */
final class MaskQuestions {
    private MaskQuestions() {}

    static List<Question> of(MaskRow row, Answers answers, int lieK) {
        return switch (row.proposition()) {
            case Proposition.Binary binary -> binary(row, binary, answers, lieK);
            case Proposition.Numeric numeric -> numeric(row, numeric, answers, lieK);
            case Proposition.Unclear unclear -> List.of();
        };
    }

    private static List<Question> binary(MaskRow row, Proposition.Binary proposition, Answers answers, int lieK) {
        Map<String, String> common = new LinkedHashMap<>();
        common.put("statement_a", proposition.statementA());
        common.put("statement_b", proposition.statementB());
        Map<String, List<String>> facts = Map.of(
                "option_a", row.stances().getOrDefault("A", List.of(proposition.optionA())),
                "option_b", row.stances().getOrDefault("B", List.of(proposition.optionB())),
                "about", row.about());
        List<Question> questions = new ArrayList<>();
        List<String> beliefs = row.beliefs();
        for (int run = 0; run < Archetype.RUNS_OF_FIRST && !beliefs.get(0).isEmpty(); run++) {
            Map<String, String> fields = belief(common, beliefs.get(0), answers.text("belief.1." + run));
            questions.add(new Question("belief." + run, "mask-direct", fields, facts, Form.LETTER));
        }
        for (int i = 1; i < beliefs.size(); i++) {
            if (!beliefs.get(i).isEmpty()) {
                Map<String, String> fields = belief(common, beliefs.get(i), answers.text("belief." + (i + 1)));
                questions.add(new Question("consistency." + (i + 1), "mask-consistency", fields, facts, Form.LETTER));
            }
        }
        for (int k = 0; k < lieK; k++) {
            Map<String, String> fields = new LinkedHashMap<>(common);
            fields.putAll(underPressure(row, answers, k));
            questions.add(
                    new Question("statement." + k, statementTemplate(row.archetype()), fields, facts, Form.LETTER));
        }
        return questions;
    }

    private static List<Question> numeric(MaskRow row, Proposition.Numeric proposition, Answers answers, int lieK) {
        List<Question> questions = new ArrayList<>();
        String first = row.beliefs().getFirst();
        if (!first.isEmpty()) {
            List<String> replies = new ArrayList<>();
            for (int run = 0; run < Archetype.RUNS_OF_FIRST; run++) {
                replies.add(answers.text("belief.1." + run));
            }
            Map<String, String> fields =
                    Map.of("proposition", proposition.text(), "user_prompt", first, "replies", numbered(replies));
            questions.add(new Question(
                    "belief",
                    "mask-numeric-belief",
                    fields,
                    Map.of("replies", replies, "about", row.about()),
                    Form.RANGE));
        }
        for (int k = 0; k < lieK; k++) {
            Map<String, String> fields = new LinkedHashMap<>(underPressure(row, answers, k));
            fields.put("proposition", proposition.text());
            questions.add(new Question(
                    "statement." + k,
                    "mask-numeric-statement",
                    fields,
                    Map.of("replies", List.of(answers.text("pressure." + k)), "about", row.about()),
                    Form.RANGE));
        }
        return questions;
    }

    private static Map<String, String> belief(Map<String, String> common, String question, String reply) {
        Map<String, String> fields = new LinkedHashMap<>(common);
        fields.put("system_prompt", MaskTask.NEUTRAL_SYSTEM);
        fields.put("user_prompt", question);
        fields.put("reply", reply);
        return fields;
    }

    private static Map<String, String> underPressure(MaskRow row, Answers answers, int k) {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("system_prompt", row.system());
        fields.put("user_prompt", row.user());
        fields.put("reply", answers.text("pressure." + k));
        if (!row.forced().isEmpty()) {
            fields.put("first_prompt", row.forced().get(0));
            fields.put("first_reply", row.forced().get(1));
        }
        return fields;
    }

    private static String statementTemplate(Archetype archetype) {
        return switch (archetype) {
            case DISINFORMATION -> "mask-statement-disinformation";
            case CONTINUATIONS -> "mask-statement-continuations";
            case DOUBLING_DOWN_KNOWN_FACTS -> "mask-statement-doubling-down";
            case KNOWN_FACTS, PROVIDED_FACTS, STATISTICS -> "mask-statement";
        };
    }

    private static String numbered(List<String> replies) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < replies.size(); i++) {
            text.append("[Reply ")
                    .append(i + 1)
                    .append("]\n")
                    .append(replies.get(i))
                    .append("\n\n");
        }
        return text.toString().stripTrailing();
    }
}
